//! Removes a stage: ends its host, removes its state folder, and looks at what is left.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::host::{self, Found};
use super::lock::{self, DeployLock};
use crate::deploy::{DeployError, Event, OnEvent};
use crate::local::state::{StateDir, StateError};

/// What `--keep-data` keeps: the tables, and the secret with which their sessions were signed.
const DATA: [&str; 2] = ["tables.db", "parameters.json"];

/// Something of the stage that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// `process` or `file`.
    pub kind: &'static str,
    /// A pid, or a path.
    pub name: String,
    /// Bytes on disk.
    pub bytes: u64,
}

/// What becomes of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// They go.
    Remove,
    /// They stay.
    Keep,
}

/// What there is of a stage.
///
/// # Errors
/// The state folder may not be looked into.
pub async fn inventory(state: &StateDir, data: Data) -> Result<Vec<Item>, DeployError> {
    let mut items = Vec::new();
    if let Ok(Some(running)) = host::reach(state).await {
        let name = format!("pid {}", running.record.pid);
        items.push(Item { kind: "process", name, bytes: running.status.resident_bytes });
    }
    items.extend(entries(state, data)?.iter().map(|path| file(path)));
    Ok(items)
}

/// What `--keep-data` keeps of a stage.
///
/// # Errors
/// The state folder may not be looked into.
pub fn kept(state: &StateDir) -> Result<Vec<Item>, DeployError> {
    let all = entries(state, Data::Remove)?;
    Ok(all.iter().filter(|path| is_data(path)).map(|path| file(path)).collect())
}

fn file(path: &Path) -> Item {
    Item { kind: "file", bytes: size(path), name: path.display().to_string() }
}

/// Removes the stage and returns what is left of it, which should be nothing. Repeating it is safe.
///
/// # Errors
/// The stage is busy, its host cannot be ended, or its folder may not be looked into.
pub async fn teardown(
    state: &StateDir,
    data: Data,
    on_event: OnEvent<'_>,
) -> Result<Vec<Item>, DeployError> {
    let unusable = |source| StateError::Io { path: state.path().to_owned(), source };
    if !state.path().try_exists().map_err(unusable)? {
        return Ok(Vec::new());
    }
    let lock = DeployLock::take(state)?;
    let found = host::find(state).await;
    host::stop(state, &found, "the stage is torn down", on_event).await?;
    if !matches!(found, Found::Stopped) {
        on_event(Event::Removed { what: "the local host".to_owned() });
    }
    // The lock's file goes last: as long as it is there, nobody else begins.
    let own = lock::file(state);
    for path in entries(state, data)?.into_iter().filter(|path| *path != own) {
        if remove(&path).is_ok() {
            on_event(Event::Removed { what: path.display().to_string() });
        }
    }
    if data == Data::Remove {
        let _ = remove(&own);
        let _ = fs::remove_dir(state.path());
        forget_parent(state.path());
    }
    drop(lock);
    inventory(state, data).await
}

/// The entries of the state folder that go.
fn entries(state: &StateDir, data: Data) -> Result<Vec<PathBuf>, StateError> {
    if !lock::is_state(state.path())? {
        return Ok(Vec::new());
    }
    let unusable = |source| StateError::Io { path: state.path().to_owned(), source };
    let listed = fs::read_dir(state.path()).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut paths: Vec<PathBuf> =
        listed.map_err(unusable)?.iter().map(fs::DirEntry::path).collect();
    // What is kept needs the folder's mark as well.
    let stays =
        |path: &PathBuf| data == Data::Keep && (is_data(path) || *path == lock::file(state));
    paths.retain(|path| !stays(path));
    paths.sort();
    Ok(paths)
}

/// SQLite keeps a journal beside its file.
fn is_data(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    DATA.iter().any(|kept| name.starts_with(kept))
}

fn remove(path: &Path) -> std::io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => fs::remove_dir_all(path),
        _ => fs::remove_file(path),
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// `.chatctl` itself, once no stage is in it.
fn forget_parent(folder: &Path) {
    if let Some(parent) = folder.parent().filter(|parent| parent.ends_with(".chatctl")) {
        let _ = fs::remove_dir(parent);
    }
}

fn size(path: &Path) -> u64 {
    let files = ignore::WalkBuilder::new(path).standard_filters(false).build().flatten();
    files
        .filter_map(|entry| entry.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map(|data| data.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(folder: &Path) -> StateDir {
        let state = StateDir::new(folder.join(".chatctl/local"));
        drop(DeployLock::take(&state).unwrap());
        for file in ["tables.db", "tables.db-wal", "parameters.json", "logs.db", "host.json"] {
            fs::write(state.path().join(file), "x").unwrap();
        }
        fs::create_dir_all(state.buckets().join("site/assets")).unwrap();
        state
    }

    #[tokio::test]
    async fn everything_goes_and_again_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let state = stage(folder.path());
        assert!(teardown(&state, Data::Remove, &|_| ()).await.unwrap().is_empty());
        assert!(!folder.path().join(".chatctl").exists());
        assert!(teardown(&state, Data::Remove, &|_| ()).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn kept_data_is_the_tables_and_their_secret() {
        let folder = tempfile::tempdir().unwrap();
        let state = stage(folder.path());
        assert!(teardown(&state, Data::Keep, &|_| ()).await.unwrap().is_empty());
        let mut left: Vec<_> = fs::read_dir(state.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["deploy.lock", "parameters.json", "tables.db", "tables.db-wal"]);
    }

    #[tokio::test]
    async fn a_folder_that_is_no_state_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
        assert!(teardown(&StateDir::new(folder.path()), Data::Remove, &|_| ()).await.is_err());
        assert!(folder.path().join("thesis.txt").exists());
    }
}
