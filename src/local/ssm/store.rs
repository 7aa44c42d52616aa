//! The parameters in memory and in a file of the owner's own (0600, in a folder of 0700).

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::whole;

/// What kind of value a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Text.
    String,
    /// Texts, separated by commas.
    StringList,
    /// A secret.
    SecureString,
}

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "String" => Some(Self::String),
            "StringList" => Some(Self::StringList),
            "SecureString" => Some(Self::SecureString),
            _ => None,
        }
    }
}

/// A parameter's current version.
#[derive(Clone, Serialize, Deserialize)]
pub struct Parameter {
    /// What kind of value it is.
    pub kind: Kind,
    /// The value; never logged.
    pub value: String,
    /// Counts from 1.
    pub version: u64,
    /// When it was put, in seconds since the epoch.
    pub modified_s: u64,
}

impl Parameter {
    /// A first version, put now.
    pub fn new(kind: Kind, value: String) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { kind, value, version: 1, modified_s: now.as_secs() }
    }
}

type Parameters = BTreeMap<String, Parameter>;

/// The file and what is in it.
pub struct Store {
    path: PathBuf,
    parameters: Mutex<Parameters>,
}

impl Store {
    /// Reads the file, if there is one.
    ///
    /// # Errors
    /// It cannot be read, or is not what was written.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        }
        let parameters = match fs::read(path) {
            Ok(text) => serde_json::from_slice(&text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Parameters::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { path: path.to_owned(), parameters: Mutex::new(parameters) })
    }

    /// The parameter of a name.
    pub fn get(&self, name: &str) -> Option<Parameter> {
        self.lock().get(name).cloned()
    }

    /// The parameters after a name, in the order of their names.
    pub fn after(&self, name: &str) -> Vec<(String, Parameter)> {
        let from = (Bound::Excluded(name.to_owned()), Bound::Unbounded);
        let parameters = self.lock();
        parameters.range(from).map(|(name, one)| (name.clone(), one.clone())).collect()
    }

    /// Puts a parameter; it is on disk when this returns.
    ///
    /// # Errors
    /// The file cannot be written; then nothing has changed.
    pub fn put(&self, name: &str, parameter: Parameter) -> io::Result<()> {
        let mut parameters = self.lock();
        let mut next = parameters.clone();
        next.insert(name.to_owned(), parameter);
        self.save(&next)?;
        *parameters = next;
        Ok(())
    }

    /// Removes a parameter; says whether there was one.
    ///
    /// # Errors
    /// The file cannot be written; then nothing has changed.
    pub fn remove(&self, name: &str) -> io::Result<bool> {
        let mut parameters = self.lock();
        let mut next = parameters.clone();
        if next.remove(name).is_none() {
            return Ok(false);
        }
        self.save(&next)?;
        *parameters = next;
        Ok(true)
    }

    fn save(&self, parameters: &Parameters) -> io::Result<()> {
        whole::replace(&self.path, whole::PRIVATE, |file| {
            serde_json::to_writer_pretty(&mut *file, parameters)?;
            file.sync_all()
        })
    }

    /// A std mutex: nothing is awaited while it is held.
    fn lock(&self) -> MutexGuard<'_, Parameters> {
        self.parameters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
