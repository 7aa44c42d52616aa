//! The web app: `npm ci` where the dependencies are older than the lock file, then `npm run build`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

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

/// The fingerprint of everything that the build reads.
pub fn fingerprint(root: &Path) -> String {
    Fingerprint::new(root).tree(FOLDER).program("node").finish()
}

/// The fingerprint of what the build wrote, so that a removed or foreign output is noticed.
pub fn output_fingerprint(root: &Path) -> String {
    Fingerprint::new(root).output(&format!("{FOLDER}/dist")).finish()
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
    npm(&folder, &["run", "build"], progress).await
}

/// npm writes `node_modules/.package-lock.json` when an installation is complete.
fn dependencies_are_stale(folder: &Path) -> bool {
    let modified = |path: &str| -> Option<SystemTime> {
        std::fs::metadata(folder.join(path)).ok()?.modified().ok()
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
    let output = ended.stdout.into_iter().chain(ended.stderr).collect();
    Err(BuildError::Failed { part: Part::Frontend, command, output })
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
