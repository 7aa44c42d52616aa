//! The functions packed for Lambda, kept in `.chatctl/packages` so that unchanged source is neither
//! compiled nor packed again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Archive, BuildError, CodeHash, OnProgress, cross, functions, zip};
use crate::stack::Architecture;

/// Changes when the same source would make another zip.
const FORMAT: u32 = 1;

/// The functions' zip for one processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// What it is known by.
    pub sha256: CodeHash,
    /// Its size in bytes.
    pub size: u64,
    /// The processor.
    pub architecture: Architecture,
    /// Where it lies.
    pub path: PathBuf,
}

impl Bundle {
    /// The zip's bytes.
    ///
    /// # Errors
    /// It cannot be read, or is not the one that was packed.
    pub fn read(&self) -> Result<Vec<u8>, BuildError> {
        let bytes = fs::read(&self.path).map_err(|source| failed(&self.path, source))?;
        if CodeHash::of(&bytes) == self.sha256 {
            return Ok(bytes);
        }
        let damaged = io::Error::other("it was changed after it was packed; delete it");
        Err(failed(&self.path, damaged))
    }
}

/// What is written beside a zip.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    format: u32,
    fingerprint: String,
    sha256: String,
    size: u64,
}

/// The zip of the source as it is now, if it has been packed.
pub fn bundled(root: &Path, architecture: Architecture) -> Option<Bundle> {
    let (path, note) = places(root, architecture);
    let note: Note = serde_json::from_slice(&fs::read(note).ok()?).ok()?;
    let size = fs::metadata(&path).ok()?.len();
    let current = note.format == FORMAT && note.size == size;
    if !current || note.fingerprint != functions::fingerprint(root) {
        return None;
    }
    Some(Bundle { sha256: CodeHash::from_hex(&note.sha256)?, size, architecture, path })
}

/// Builds, checks and packs the functions for a processor.
///
/// # Errors
/// A tool is missing, the build failed, or Lambda could not start what was built.
pub async fn bundle(
    root: &Path,
    architecture: Architecture,
    colour: bool,
    progress: OnProgress<'_>,
) -> Result<Bundle, BuildError> {
    // Taken before the build, so that a change meanwhile makes the next one build again.
    let fingerprint = functions::fingerprint(root);
    let binary = cross::build(root, architecture, None, colour, progress).await?;
    let bytes = fs::read(&binary).map_err(|source| failed(&binary, source))?;
    let Archive { bytes, sha256 } = zip(&bytes).map_err(|source| failed(&binary, source))?;
    let (path, note) = places(root, architecture);
    let size = bytes.len() as u64;
    write(&path, &bytes)?;
    let told = Note { format: FORMAT, fingerprint, sha256: sha256.hex(), size };
    let told = serde_json::to_vec(&told).map_err(|error| failed(&note, error.into()))?;
    write(&note, &told)?;
    Ok(Bundle { sha256, size, architecture, path })
}

/// Builds the same source again, in a folder where nothing was built before, and packs it.
///
/// # Errors
/// As [`bundle`], or another zip came out.
pub async fn verify(
    root: &Path,
    first: &Bundle,
    colour: bool,
    progress: OnProgress<'_>,
) -> Result<(), BuildError> {
    let folder = root.join(".chatctl/packages/verify");
    // Left over where an earlier run was interrupted.
    let _ = fs::remove_dir_all(&folder);
    let built = cross::build(root, first.architecture, Some(&folder), colour, progress).await;
    let packed = built.and_then(|binary| {
        let bytes = fs::read(&binary).map_err(|source| failed(&binary, source))?;
        zip(&bytes).map_err(|source| failed(&binary, source))
    });
    let _ = fs::remove_dir_all(&folder);
    let second = packed?.sha256;
    if second == first.sha256 {
        return Ok(());
    }
    Err(BuildError::NotReproducible { first: first.sha256.hex(), second: second.hex() })
}

/// Where the zip and its note lie.
fn places(root: &Path, architecture: Architecture) -> (PathBuf, PathBuf) {
    let folder = root.join(".chatctl/packages");
    (folder.join(format!("{architecture}.zip")), folder.join(format!("{architecture}.json")))
}

/// Writes a file whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    let written = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let fresh = path.with_extension(format!("{}.new", std::process::id()));
        fs::write(&fresh, bytes)?;
        fs::rename(&fresh, path)
    };
    written().map_err(|source| failed(path, source))
}

fn failed(path: &Path, source: io::Error) -> BuildError {
    BuildError::Io { what: path.display().to_string(), source }
}
