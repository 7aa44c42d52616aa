//! The web app: `npm ci` where the dependencies are older than the lock file, then `npm run build`.
//!
//! Its output folder is the project's, whichever stage it is for, so what was built is remembered
//! beside it and one build at a time writes there.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use super::fingerprint::Fingerprint;
use super::{BuildError, OnProgress, Part, process, toolchain};

/// The folder of the web app, from the root.
const FOLDER: &str = "frontend";

/// Whether the project has a web app.
pub fn exists(root: &Path) -> bool {
    root.join(FOLDER).join("package.json").is_file()
}

/// The folder of the built site.
pub fn output(root: &Path) -> PathBuf {
    root.join(FOLDER).join("dist")
}

/// What was built last, and into what.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// The inputs' fingerprint.
    inputs: String,
    /// The output's, so that a removed or foreign output is noticed.
    output: String,
}

impl Record {
    fn now(root: &Path, inputs: String) -> Self {
        Self { inputs, output: Fingerprint::new(root).output(&format!("{FOLDER}/dist")).finish() }
    }

    /// Where Node's tools keep what can be made again.
    fn path(root: &Path) -> PathBuf {
        root.join(FOLDER).join("node_modules/.cache/chatctl-build.json")
    }
}

fn inputs(root: &Path) -> String {
    Fingerprint::new(root).tree(FOLDER).program("node").finish()
}

/// Whether the output is of the inputs as they are.
pub fn is_built(root: &Path) -> bool {
    let text = fs::read(Record::path(root)).unwrap_or_default();
    let record = serde_json::from_slice::<Record>(&text);
    output(root).is_dir() && record.is_ok_and(|record| record == Record::now(root, inputs(root)))
}

/// The right to build, held by one at a time.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "dropping the file lets go of the lock")] File);

/// Waits until no other build of the project's web app runs.
///
/// # Errors
/// The lock cannot be taken.
pub async fn turn(root: &Path) -> Result<Turn, BuildError> {
    // A file that is always there, and that no installation replaces.
    let path = root.join(FOLDER).join("package.json");
    let failed = |source| BuildError::Io { what: path.display().to_string(), source };
    let file = File::open(&path).map_err(failed)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Turn(file)),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
}

/// Builds the web app into its output folder.
///
/// # Errors
/// A tool is missing, or the build failed; then with what it said.
pub async fn build(root: &Path, progress: OnProgress<'_>) -> Result<(), BuildError> {
    toolchain::check_node()?;
    let folder = root.join(FOLDER);
    if dependencies_are_stale(&folder) {
        npm(&folder, &["ci", "--no-audit", "--no-fund"], progress).await?;
    }
    // Before the build: a change during it is then seen as one.
    let inputs = inputs(root);
    npm(&folder, &["run", "build"], progress).await?;
    remember(root, &Record::now(root, inputs));
    Ok(())
}

/// Without the record the next deployment builds again, which is all that is lost.
fn remember(root: &Path, record: &Record) {
    let path = Record::path(root);
    let _ = path.parent().map(fs::create_dir_all);
    let _ = serde_json::to_vec_pretty(record).map(|text| fs::write(path, text));
}

/// npm writes `node_modules/.package-lock.json` when an installation is complete.
fn dependencies_are_stale(folder: &Path) -> bool {
    let modified = |path: &str| -> Option<SystemTime> {
        fs::metadata(folder.join(path)).ok()?.modified().ok()
    };
    match (modified("node_modules/.package-lock.json"), modified("package-lock.json")) {
        (Some(installed), Some(locked)) => installed < locked,
        _ => true,
    }
}

async fn npm(
    folder: &Path,
    arguments: &[&str],
    progress: OnProgress<'_>,
) -> Result<(), BuildError> {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(folder);
    let ended = process::run(&mut command, progress).await;
    let ended = ended.map_err(|source| BuildError::Io { what: "npm".to_owned(), source })?;
    if ended.status.success() {
        return Ok(());
    }
    let command = format!("npm {} (in {FOLDER})", arguments.join(" "));
    let output = told(ended.stdout.into_iter().chain(ended.stderr));
    Err(BuildError::Failed { part: Part::Frontend, command, output })
}

/// What is worth reading: without npm's own list of options, its warnings, the path of its log.
fn told(lines: impl Iterator<Item = String>) -> Vec<String> {
    const NOISE: [&str; 3] = ["npm warn", "npm error A complete log", "npm notice"];
    let is_noise = |line: &String| NOISE.iter().any(|noise| line.starts_with(noise));
    let before_options = lines.take_while(|line| !line.starts_with("npm error Clean install"));
    before_options.filter(|line| !is_noise(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_installed_when_missing_or_older_than_the_lock_file() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str, seconds: u64| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = std::fs::File::create(path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
                .unwrap();
        };
        assert!(dependencies_are_stale(folder.path()));
        at("package-lock.json", 100);
        assert!(dependencies_are_stale(folder.path()));
        at("node_modules/.package-lock.json", 200);
        assert!(!dependencies_are_stale(folder.path()));
        at("package-lock.json", 300);
        assert!(dependencies_are_stale(folder.path()));
    }
}
