//! The stage's folder: what lies where, who may read it, and how it is written without tearing.
//!
//! Secrets (keys, the control token, parameters) are readable by their owner only.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::credentials::Keys;
use crate::whole;

/// The folder of a stage's state, `.chatctl/local`.
#[derive(Debug, Clone)]
pub struct StateDir(PathBuf);

/// The state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Reading or writing failed.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file is not what it was written as.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// `host.json`: how to reach the running host. Written when it is ready, removed when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostRecord {
    /// The host's process id.
    pub pid: u32,
    /// The loopback port.
    pub port: u16,
    /// The host's version.
    pub version: String,
    /// Authorises the control API; secret.
    pub token: String,
    /// When it was ready, ms since the epoch.
    pub started_at: i64,
}

/// `deployment.json`: what the host runs, and runs again after a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The project.
    pub project: String,
    /// The stage.
    pub stage: String,
    /// The manifest's text.
    pub manifest: String,
    /// SHA-256 of the functions' binary, in hex; it lies in `functions/<sha256>/bootstrap`.
    pub code_sha256: String,
    /// When it was applied, ms since the epoch.
    pub deployed_at: i64,
}

impl StateDir {
    /// The folder at a path; made when first written to.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the folder, readable by its owner only.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn create(&self) -> Result<(), StateError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0);
        made.map_err(|source| StateError::Io { path: self.0.clone(), source })
    }

    /// The database of the tables.
    pub fn tables(&self) -> PathBuf {
        self.0.join("tables.db")
    }

    /// The database of the log events.
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs.db")
    }

    /// The parameter store.
    pub fn parameters(&self) -> PathBuf {
        self.0.join("parameters.json")
    }

    /// The database of the signaling channels.
    pub fn channels(&self) -> PathBuf {
        self.0.join("channels.db")
    }

    /// The certificate with which the host speaks TLS, for whoever wants to trust it.
    pub fn certificate(&self) -> PathBuf {
        self.0.join("tls/certificate.pem")
    }

    /// The certificate's key.
    pub fn certificate_key(&self) -> PathBuf {
        self.0.join("tls/key.pem")
    }

    /// The buckets.
    pub fn buckets(&self) -> PathBuf {
        self.0.join("buckets")
    }

    /// The functions' binary of a hash.
    pub fn bootstrap(&self, sha256: &str) -> PathBuf {
        self.0.join("functions").join(sha256).join("bootstrap")
    }

    /// What the host itself has to say.
    pub fn host_log(&self) -> PathBuf {
        self.0.join("host.log")
    }

    /// Held by the host while it runs: one host a folder.
    pub fn host_lock(&self) -> PathBuf {
        self.0.join("host.lock")
    }

    /// How to reach the host; none is running where there is no record.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn host(&self) -> Result<Option<HostRecord>, StateError> {
        read(&self.0.join("host.json"))
    }

    /// Writes or removes the host's record.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn set_host(&self, record: Option<&HostRecord>) -> Result<(), StateError> {
        let path = self.0.join("host.json");
        match record {
            Some(record) => write(&path, record),
            None => match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    Err(StateError::Io { path, source })
                }
                _ => Ok(()),
            },
        }
    }

    /// What was deployed last.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn deployment(&self) -> Result<Option<Deployment>, StateError> {
        read(&self.0.join("deployment.json"))
    }

    /// Remembers what is deployed.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set_deployment(&self, deployment: &Deployment) -> Result<(), StateError> {
        write(&self.0.join("deployment.json"), deployment)
    }

    /// The operator's keys, made when first asked for.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn operator(&self) -> Result<Keys, StateError> {
        let path = self.0.join("operator.json");
        if let Some(keys) = read(&path)? {
            return Ok(keys);
        }
        let keys = Keys::generate_user()
            .map_err(|source| StateError::Io { path: path.clone(), source })?;
        write(&path, &keys)?;
        Ok(keys)
    }
}

/// Reads a JSON file; a missing one is none.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StateError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(StateError::Damaged {
                path: path.to_owned(),
                reason: "it is not text".to_owned(),
            });
        }
        Err(source) => return Err(StateError::Io { path: path.to_owned(), source }),
    };
    let damaged = |error: serde_json::Error| StateError::Damaged {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    serde_json::from_str(&text).map(Some).map_err(damaged)
}

/// Writes a JSON file for its owner only; it is on disk when this returns.
fn write(path: &Path, value: &impl Serialize) -> Result<(), StateError> {
    let written = whole::replace(path, whole::PRIVATE, |file| {
        serde_json::to_writer_pretty(&mut *file, value)?;
        file.write_all(b"\n")?;
        file.sync_all()
    });
    written.map_err(|source| StateError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn keys_are_made_once_and_for_the_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path().join("local"));
        state.create().unwrap();
        let keys = state.operator().unwrap();
        assert_eq!(state.operator().unwrap(), keys);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(state.path()), 0o700);
        assert_eq!(mode(&state.path().join("operator.json")), 0o600);
    }

    #[test]
    fn a_damaged_file_is_told_from_a_missing_one() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path());
        assert!(state.host().unwrap().is_none());
        fs::write(folder.path().join("host.json"), "{\"pid\": ").unwrap();
        let error = state.host().unwrap_err();
        assert!(matches!(&error, StateError::Damaged { .. }), "{error}");
        fs::write(folder.path().join("host.json"), [0xff, 0xfe]).unwrap();
        assert!(matches!(state.host(), Err(StateError::Damaged { .. })));
    }
}
