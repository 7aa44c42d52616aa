//! Files that are there as a whole or not at all: written beside their place, then moved into it.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// For the owner only.
pub const PRIVATE: u32 = 0o600;
/// For everybody to run.
pub const PROGRAM: u32 = 0o755;

/// Replaces a file, or makes it, with what `fill` writes. Whoever reads it finds the old or the new
/// contents; an older file's looser permissions never hold the new ones.
///
/// # Errors
/// It cannot be written or moved. Then the old file is as it was, and nothing is left beside it.
pub fn replace(
    path: &Path,
    mode: u32,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut fresh = tempfile::Builder::new()
        .prefix(".")
        .suffix(".new")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    fill(fresh.as_file_mut())?;
    fresh.persist(path).map(drop).map_err(|failed| failed.error)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn what_is_replaced_has_the_new_contents_and_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "old").unwrap();
        replace(&path, PRIVATE, |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, PRIVATE);
        assert_eq!(names(folder.path()), ["secret"]);
    }

    #[test]
    fn what_fails_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let in_the_way = folder.path().join("folder");
        fs::create_dir(&in_the_way).unwrap();
        assert!(replace(&in_the_way, PRIVATE, |file| file.write_all(b"new")).is_err());
        let full = |file: &mut File| {
            file.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        };
        assert!(replace(&folder.path().join("file"), PRIVATE, full).is_err());
        assert_eq!(names(folder.path()), ["folder"]);
    }
}
