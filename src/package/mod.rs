//! Builds what is deployed: the functions' binary with cargo, the web app with npm.
//!
//! Whether a build is needed is told by fingerprints of its inputs; nothing here knows a stage.

pub mod fingerprint;
pub mod frontend;
pub mod functions;
mod process;
pub mod toolchain;

use std::io;

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
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => "disk-full",
            Self::Io { .. } => "build-io",
        }
    }
}
