//! The functions' binary: built by cargo in release, found by what cargo says it made.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::fingerprint::Fingerprint;
use super::{BuildError, OnProgress, Part, process, toolchain};

/// The package and its binary.
const PACKAGE: &str = "chatctl-functions";
const BINARY: &str = "bootstrap";

/// The fingerprint of everything that the build reads.
pub fn fingerprint(root: &Path) -> String {
    let home = |name: &str| env::var_os(name).map(PathBuf::from);
    let rustup = home("RUSTUP_HOME").or_else(|| home("HOME").map(|home| home.join(".rustup")));
    let files = [
        "functions",
        "Cargo.toml",
        "Cargo.lock",
        ".cargo",
        "rust-toolchain.toml",
        "rust-toolchain",
    ];
    let inputs = files.into_iter().fold(Fingerprint::new(root), Fingerprint::tree);
    // Which toolchain rustup runs where nothing else says so.
    let settings = rustup.map(|folder| folder.join("settings.toml"));
    let inputs = settings.iter().fold(inputs, |inputs, file| inputs.tree(&file.to_string_lossy()));
    let inputs = inputs.program("cargo").program("rustc");
    ["RUSTUP_TOOLCHAIN", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"]
        .into_iter()
        .fold(inputs, Fingerprint::variable)
        .finish()
}

/// Builds the functions for this machine and returns the path of their binary.
///
/// # Errors
/// A tool is missing, or the build failed; then with what the compiler said.
pub async fn build(
    root: &Path,
    colour: bool,
    progress: OnProgress<'_>,
) -> Result<PathBuf, BuildError> {
    toolchain::check_rust()?;
    let shown = format!("cargo build --release -p {PACKAGE}");
    run(&mut cargo(root, "build", colour), shown, progress).await
}

/// Cargo, about to build the functions.
pub(super) fn cargo(root: &Path, subcommand: &str, colour: bool) -> Command {
    let mut command = Command::new("cargo");
    command
        .args([subcommand, "--release", "-p", PACKAGE])
        .args(["--message-format", "json-render-diagnostics"])
        .args(["--color", if colour { "always" } else { "never" }])
        .current_dir(root);
    // What `cargo run` says of this program is not said of the functions: build scripts that look at it
    // would take them for changed, and again when this program is started without cargo.
    for (name, _) in env::vars_os() {
        if is_of_outer_cargo(&name) {
            command.env_remove(name);
        }
    }
    command
}

fn is_of_outer_cargo(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// Runs cargo and returns the path of the binary that it says it made.
pub(super) async fn run(
    command: &mut Command,
    shown: String,
    progress: OnProgress<'_>,
) -> Result<PathBuf, BuildError> {
    let ended = process::run(command, progress).await;
    let ended = ended.map_err(|source| BuildError::Io { what: "cargo".to_owned(), source })?;
    if !ended.status.success() {
        let (part, output) = (Part::Functions, told(ended.stderr));
        return Err(BuildError::Failed { part, command: shown, output });
    }
    ended.stdout.iter().find_map(|line| executable(line)).ok_or(BuildError::NoBootstrap)
}

/// The binary's path in one of cargo's messages.
fn executable(line: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let is_it = message["reason"] == "compiler-artifact" && message["target"]["name"] == BINARY;
    is_it.then(|| message["executable"].as_str().map(PathBuf::from))?
}

/// What is worth reading: diagnostics, not the list of what was compiled before.
fn told(lines: Vec<String>) -> Vec<String> {
    const NOISE: [&str; 8] = [
        "Compiling",
        "Checking",
        "Downloaded",
        "Downloading",
        "Updating",
        "Locking",
        "Blocking",
        "Fresh",
    ];
    let is_noise = |line: &String| NOISE.iter().any(|word| line.trim_start().starts_with(word));
    lines.into_iter().filter(|line| !is_noise(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_is_found_among_cargos_messages() {
        let other = r#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}"#;
        let ours = r#"{"reason":"compiler-artifact","target":{"name":"bootstrap"},"executable":"/t/release/bootstrap"}"#;
        assert_eq!(executable(other), None);
        assert_eq!(executable("not json"), None);
        assert_eq!(executable(ours), Some(PathBuf::from("/t/release/bootstrap")));
    }
}
