//! Builds what is deployed: the functions' binary with cargo, packed for Lambda; the web app with
//! npm.
//!
//! Whether a build is needed is told by fingerprints of its inputs; nothing here knows a stage.

mod archive;
mod bundle;
pub mod cross;
pub mod elf;
pub mod fingerprint;
pub mod frontend;
pub mod functions;
mod process;
pub mod toolchain;

pub use archive::{Archive, CodeHash, zip};
pub use bundle::{Bundle, bundle, bundled, verify};

use std::io;

use elf::ElfError;
use serde::Serialize;

/// What is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The Lambda functions.
    Functions,
    /// The web app.
    Frontend,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Functions => "functions",
            Self::Frontend => "frontend",
        })
    }
}

/// What a running build tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'a> {
    /// A line of the tool's own output.
    Line(&'a str),
    /// Still at it, after so many seconds.
    Waiting(u64),
}

/// Takes a running build's progress.
pub type OnProgress<'a> = &'a dyn Fn(Progress<'_>);

/// A build failed.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A tool is not installed.
    #[error("{tool} is not installed")]
    Missing {
        /// The tool.
        tool: &'static str,
        /// The command that installs it.
        install: &'static str,
    },
    /// A tool is too old.
    #[error("{tool} {found} is too old: {needed} or newer is needed")]
    TooOld {
        /// The tool.
        tool: &'static str,
        /// Its version.
        found: String,
        /// The oldest that does.
        needed: String,
        /// The command that installs a newer one.
        install: &'static str,
    },
    /// The tool ran and failed.
    #[error("the {part} could not be built")]
    Failed {
        /// What was built.
        part: Part,
        /// The command.
        command: String,
        /// What the tool said.
        output: Vec<String>,
    },
    /// Files could not be read or the tool not started.
    #[error("{what}: {source}")]
    Io {
        /// What was done.
        what: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// What was built could not start on Lambda.
    #[error("the functions could not start on Lambda: {error}")]
    Elf {
        /// Why.
        error: ElfError,
        /// What to do about it.
        hint: String,
    },
    /// Two builds of the same source differ.
    #[error("two builds of the same source differ: {first} and {second}")]
    NotReproducible {
        /// The first one's SHA-256.
        first: String,
        /// The second one's.
        second: String,
    },
    /// cargo built no such binary.
    #[error("cargo built no binary `bootstrap` in the package chatctl-functions")]
    NoBootstrap,
}

impl BuildError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "tool-missing",
            Self::TooOld { .. } => "tool-too-old",
            Self::Failed { .. } | Self::NoBootstrap => "build-failed",
            Self::Elf { .. } => "elf-unfit",
            Self::NotReproducible { .. } => "not-reproducible",
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => "disk-full",
            Self::Io { .. } => "build-io",
        }
    }
}
