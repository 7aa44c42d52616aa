//! A project on disk: its root, its configuration, its stack manifest.

use std::io;
use std::path::{Path, PathBuf};

use super::{Config, ConfigError};
use crate::stack::{
    BUILT_IN_MANIFEST, LOCAL_API_ID, LowerError, Manifest, ManifestError, Place, Settings, Stack,
    StackName, TEMPLATE_API_ID, lower,
};

/// The configuration's file name; its folder is the project's root.
pub const CONFIG_FILE: &str = "chatctl.yaml";
/// The stack manifest, from the root.
pub const MANIFEST_FILE: &str = "templates/stack.yaml";

/// A project, read and checked.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder with `chatctl.yaml` or `templates/stack.yaml`.
    pub root: PathBuf,
    /// The configuration's file, which may be missing.
    pub file: PathBuf,
    /// The configuration; the defaults where the file is missing.
    pub config: Config,
    /// The manifest's text; the program's own where the project has none.
    pub manifest: String,
}

/// The project cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// No folder from here up holds a project.
    #[error("there is no chatctl project in {start} or above", start = start.display())]
    NotFound {
        /// Where the search began.
        start: PathBuf,
    },
    /// A file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The configuration is wrong.
    #[error("{path}: {error}", path = path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Its text.
        text: String,
        /// What is wrong.
        error: ConfigError,
    },
    /// The manifest is not of its form.
    #[error("{path}: {error}", path = path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Its text.
        text: String,
        /// What is wrong.
        error: ManifestError,
    },
    /// The manifest is no stack.
    #[error("{path}: {error}", path = path.display())]
    Lower {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: LowerError,
    },
}

impl Project {
    /// Finds the project of a folder: the nearest ancestor with a configuration or a manifest.
    ///
    /// # Errors
    /// There is none, or its configuration is wrong.
    pub fn find(start: &Path) -> Result<Self, ProjectError> {
        let is_root = |folder: &&Path| {
            folder.join(CONFIG_FILE).is_file() || folder.join(MANIFEST_FILE).is_file()
        };
        match start.ancestors().find(is_root) {
            Some(root) => Self::open(root, &root.join(CONFIG_FILE)),
            None => Err(ProjectError::NotFound { start: start.to_owned() }),
        }
    }

    /// Opens the project of a configuration file that was named.
    ///
    /// # Errors
    /// The file is missing or wrong.
    pub fn of_config(file: &Path) -> Result<Self, ProjectError> {
        if let Err(source) = std::fs::metadata(file) {
            return Err(ProjectError::Read { path: file.to_owned(), source });
        }
        let root =
            file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let absolute = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        Self::open(&absolute, file)
    }

    fn open(root: &Path, file: &Path) -> Result<Self, ProjectError> {
        let config = match read(file)? {
            None => Config::default(),
            Some(text) => text.parse().map_err(|error| ProjectError::Config {
                path: file.to_owned(),
                text,
                error,
            })?,
        };
        let manifest =
            read(&root.join(MANIFEST_FILE))?.unwrap_or_else(|| BUILT_IN_MANIFEST.to_owned());
        Ok(Self { root: root.to_owned(), file: file.to_owned(), config, manifest })
    }

    /// The project's stack on the stage `local`.
    ///
    /// # Errors
    /// The manifest is malformed or makes no stack.
    pub fn stack(&self) -> Result<Stack, ProjectError> {
        let api = LOCAL_API_ID.to_owned();
        self.lowered(super::LOCAL_STAGE, Place::local(), api, Settings::local())
    }

    /// The stack of a stage on AWS.
    ///
    /// # Errors
    /// The manifest is malformed or makes no stack.
    pub fn stack_for(
        &self,
        stage: &str,
        place: Place,
        settings: Settings,
    ) -> Result<Stack, ProjectError> {
        self.lowered(stage, place, TEMPLATE_API_ID.to_owned(), settings)
    }

    fn lowered(
        &self,
        stage: &str,
        place: Place,
        api_id: String,
        settings: Settings,
    ) -> Result<Stack, ProjectError> {
        let path = self.root.join(MANIFEST_FILE);
        let manifest = match Manifest::parse(&self.manifest) {
            Ok(manifest) => manifest,
            Err(error) => {
                return Err(ProjectError::Manifest { path, text: self.manifest.clone(), error });
            }
        };
        let name = StackName { project: self.config.project.clone(), stage: stage.to_owned() };
        lower(manifest, name, place, api_id, settings)
            .map_err(|error| ProjectError::Lower { path, error })
    }
}

/// A file's text; a missing one is none.
fn read(path: &Path) -> Result<Option<String>, ProjectError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ProjectError::Read { path: path.to_owned(), source }),
    }
}
