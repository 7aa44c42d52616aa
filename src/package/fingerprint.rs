//! Fingerprints of a build's inputs: path, size and modification time of every file, and which
//! tools would build them. Contents are not read, so a fingerprint takes milliseconds.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use ignore::WalkBuilder;
use sha2::{Digest, Sha256};

/// Folders that no build reads: outputs, dependencies, tests of the whole.
const SKIPPED: [&str; 7] =
    ["node_modules", "dist", "target", "e2e", "test-results", "playwright-report", ".git"];

/// Collects what a build depends on.
#[derive(Debug)]
pub struct Fingerprint {
    root: PathBuf,
    facts: Vec<String>,
}

impl Fingerprint {
    /// A fingerprint of files below a root.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), facts: Vec::new() }
    }

    /// Adds every file below a folder, or one file; a missing one counts as missing. Files that
    /// `.gitignore` names are no inputs.
    #[must_use]
    pub fn tree(mut self, below: &str) -> Self {
        let walk = WalkBuilder::new(self.root.join(below))
            .hidden(false)
            .require_git(false)
            .filter_entry(|entry| !SKIPPED.iter().any(|name| entry.file_name() == OsStr::new(name)))
            .build();
        for entry in walk.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_file() {
                self.facts.push(fact(entry.path(), &metadata));
            }
        }
        self
    }

    /// Adds every file of an output folder, which `.gitignore` names as a rule.
    #[must_use]
    pub fn output(mut self, below: &str) -> Self {
        let walk = WalkBuilder::new(self.root.join(below)).standard_filters(false).build();
        for entry in walk.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_file() {
                self.facts.push(fact(entry.path(), &metadata));
            }
        }
        self
    }

    /// Adds a program as the search path finds it now.
    #[must_use]
    pub fn program(mut self, name: &str) -> Self {
        let found = super::toolchain::find(name);
        let metadata = found.as_deref().and_then(|path| std::fs::metadata(path).ok());
        if let (Some(path), Some(metadata)) = (found, metadata) {
            self.facts.push(fact(&path, &metadata));
        }
        self
    }

    /// Adds a variable of the environment.
    #[must_use]
    pub fn variable(mut self, name: &str) -> Self {
        self.facts.push(format!("{name}={:?}", std::env::var_os(name)));
        self
    }

    /// The fingerprint, in hex.
    pub fn finish(mut self) -> String {
        // The walk's order is the file system's.
        self.facts.sort_unstable();
        let mut hash = Sha256::new();
        for fact in &self.facts {
            hash.update(fact.as_bytes());
            hash.update([0]);
        }
        hex(&hash.finalize())
    }
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fact(path: &Path, metadata: &Metadata) -> String {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let nanos = modified.map_or(0, |time| time.as_nanos());
    format!("{}:{}:{nanos}", path.display(), metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(root: &Path) -> String {
        Fingerprint::new(root).tree("src").finish()
    }

    #[test]
    fn it_changes_with_inputs_and_with_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("src/node_modules")).unwrap();
        std::fs::write(root.join("src/a.rs"), "one").unwrap();
        let first = of(root);
        std::fs::write(root.join("src/node_modules/x.js"), "dependency").unwrap();
        std::fs::write(root.join("beside.rs"), "not an input").unwrap();
        assert_eq!(of(root), first);
        std::fs::write(root.join("src/b.rs"), "").unwrap();
        let second = of(root);
        assert_ne!(second, first);
        std::fs::remove_file(root.join("src/b.rs")).unwrap();
        assert_eq!(of(root), first);
        std::fs::write(root.join("src/a.rs"), "three").unwrap();
        assert_ne!(of(root), first);
    }
}
