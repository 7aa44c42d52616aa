//! The tools that builds need: where they are, how new they are, how to get them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::BuildError;

/// How to install Rust.
pub const INSTALL_RUST: &str =
    "install Rust: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh";
/// How to install a newer Rust.
const UPDATE_RUST: &str = "install a newer one: rustup update stable (or from https://rustup.rs)";
/// How to install Node.js.
pub const INSTALL_NODE: &str = "install Node.js 20.19 or newer: https://nodejs.org/en/download (or: brew install node; what apt-get installs is older on many systems)";

/// The oldest Rust that the workspace builds with.
pub const RUST: Version = Version(1, 94, 1);
/// The oldest Node.js that the web app builds with.
pub const NODE: Version = Version(20, 19, 0);

/// A version of three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// The first version in a text such as `rustc 1.95.0 (…)` or `v20.20.2`.
    pub fn find(text: &str) -> Option<Self> {
        text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(|word| {
            let mut numbers = word.split('.').map(str::parse);
            match (numbers.next()?, numbers.next()?, numbers.next()?) {
                (Ok(major), Ok(minor), Ok(patch)) => Some(Self(major, minor, patch)),
                _ => None,
            }
        })
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Where the search path finds a program, links resolved.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let candidates = std::env::split_paths(&path).map(|folder| folder.join(name));
    candidates
        .into_iter()
        .find(|file| is_program(file))
        .map(|file| file.canonicalize().unwrap_or(file))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file)
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// What a tool says of its version; none where it is not installed.
pub fn version(tool: &str) -> Option<String> {
    let output = Command::new(tool).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// Checks cargo and rustc.
///
/// # Errors
/// One is missing or too old.
pub fn check_rust() -> Result<String, BuildError> {
    check("cargo", None, INSTALL_RUST, UPDATE_RUST)?;
    check("rustc", Some(RUST), INSTALL_RUST, UPDATE_RUST)
}

/// Checks node and npm.
///
/// # Errors
/// One is missing or too old.
pub fn check_node() -> Result<String, BuildError> {
    check("npm", None, INSTALL_NODE, INSTALL_NODE)?;
    check("node", Some(NODE), INSTALL_NODE, INSTALL_NODE)
}

fn check(
    tool: &'static str,
    needed: Option<Version>,
    install: &'static str,
    update: &'static str,
) -> Result<String, BuildError> {
    let found = version(tool).ok_or(BuildError::Missing { tool, install })?;
    match (needed, Version::find(&found)) {
        (Some(needed), Some(version)) if version < needed => {
            let (found, needed) = (version.to_string(), needed.to_string());
            Err(BuildError::TooOld { tool, found, needed, install: update })
        }
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        assert_eq!(Version::find("rustc 1.95.0 (f2d3ce0bd 2026-03-21)"), Some(Version(1, 95, 0)));
        assert_eq!(Version::find("v20.20.2"), Some(Version(20, 20, 2)));
        assert_eq!(Version::find("no version"), None);
        assert!(Version(1, 100, 0) > Version(1, 94, 1));
    }

    #[test]
    fn the_oldest_rust_is_the_workspaces_own() {
        let workspace = include_str!("../../Cargo.toml");
        assert!(workspace.contains(&format!("rust-version = \"{RUST}\"")));
    }
}
