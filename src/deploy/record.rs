//! What a deployment remembers for the next one in a folder of the stage's: what was built, which
//! files the site has. Caches only: where one is missing or damaged, the work is done again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::DeployError;
use crate::whole;

/// `builds.json`: which inputs were built last, and into what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Builds {
    /// The functions.
    pub functions: Option<FunctionsBuild>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FunctionsBuild {
    /// The inputs' fingerprint.
    pub inputs: String,
    /// The binary's SHA-256, in hex.
    pub sha256: String,
    /// Its length, by which one that was damaged since is told at no cost.
    pub bytes: u64,
}

/// `site.json`: what was uploaded, by bucket and key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SiteRecord {
    /// The bucket.
    pub bucket: String,
    /// The files.
    pub files: BTreeMap<String, FileRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileRecord {
    /// The contents' SHA-256, in hex.
    pub sha256: String,
    /// Length in bytes and modification time in ns, which spare reading an unchanged file.
    pub stamp: (u64, u64),
}

pub(super) fn builds(folder: &Path) -> Builds {
    read(&folder.join("builds.json"))
}

pub(super) fn set_builds(folder: &Path, builds: &Builds) -> Result<(), DeployError> {
    write(&folder.join("builds.json"), builds)
}

pub(super) fn site(folder: &Path) -> SiteRecord {
    read(&folder.join("site.json"))
}

pub(super) fn set_site(folder: &Path, site: &SiteRecord) -> Result<(), DeployError> {
    write(&folder.join("site.json"), site)
}

fn read<T: DeserializeOwned + Default>(path: &Path) -> T {
    let text = fs::read(path).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

fn write(path: &Path, value: &impl Serialize) -> Result<(), DeployError> {
    let written =
        whole::replace(path, whole::PRIVATE, |file| Ok(serde_json::to_writer_pretty(file, value)?));
    written.map_err(DeployError::io(path.display().to_string()))
}
