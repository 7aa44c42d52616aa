//! One deployment or teardown at a time: a lock file in the state folder, which the kernel lets go
//! of however its holder ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::deploy::DeployError;
use crate::local::state::{StateDir, StateError};

/// The lock's file; it also marks a folder as a stage's own.
const FILE: &str = "deploy.lock";

/// Held while the stage changes.
#[derive(Debug)]
pub struct DeployLock(#[expect(dead_code, reason = "dropping the file lets go of the lock")] File);

impl DeployLock {
    /// Takes the lock, making the state folder where it is missing.
    ///
    /// # Errors
    /// Somebody else holds it, or the folder cannot be used or is no state folder.
    pub fn take(state: &StateDir) -> Result<Self, DeployError> {
        state.create()?;
        refuse_foreign(state.path())?;
        let path = state.path().join(FILE);
        loop {
            let mut file = open(&path).map_err(DeployError::io(path.display().to_string()))?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => {
                    let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                    return Ok(Self(file));
                }
                // A teardown removed the file between its opening and its locking.
                Ok(()) => state.create()?,
                Err(TryLockError::WouldBlock) => {
                    return Err(DeployError::Busy { pid: holder(file) });
                }
                Err(TryLockError::Error(source)) => {
                    return Err(DeployError::Io { what: path.display().to_string(), source });
                }
            }
        }
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(held), Ok(named)) = (file.metadata(), std::fs::metadata(path)) else { return false };
    (held.dev(), held.ino()) == (named.dev(), named.ino())
}

/// The holder wrote its pid into the file.
fn holder(mut file: File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).ok()?;
    text.trim().parse().ok()
}

/// A state folder is removed as a whole one day, so a folder with other files never becomes one.
fn refuse_foreign(folder: &Path) -> Result<(), DeployError> {
    if is_state(folder)? {
        return Ok(());
    }
    let failed = || DeployError::io(folder.display().to_string());
    let mut entries = std::fs::read_dir(folder).map_err(failed())?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(failed()(std::io::Error::other(
            "the folder has files that are not chatctl's; choose an empty or a new one as CHATCTL_STATE_DIR",
        ))),
    }
}

/// Whether a folder is a stage's state.
///
/// # Errors
/// It may not be looked into: what cannot be seen may well be there.
pub(super) fn is_state(folder: &Path) -> Result<bool, StateError> {
    for mark in [FILE, "host.lock"] {
        let path = folder.join(mark);
        if path.try_exists().map_err(|source| StateError::Io { path, source })? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The path of the lock's file.
pub(super) fn file(state: &StateDir) -> PathBuf {
    state.path().join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_was_first() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path().join("local"));
        let first = DeployLock::take(&state).unwrap();
        let Err(DeployError::Busy { pid }) = DeployLock::take(&state) else {
            panic!("taken twice")
        };
        assert_eq!(pid, Some(std::process::id()));
        drop(first);
        DeployLock::take(&state).unwrap();
    }

    #[test]
    fn a_folder_with_other_files_never_becomes_a_state_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
        let error = DeployLock::take(&StateDir::new(folder.path())).unwrap_err();
        assert!(error.to_string().contains("not chatctl's"), "{error}");
    }
}
