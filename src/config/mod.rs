//! `chatctl.yaml`: what a person may set, parsed and checked; every error knows its line and column.
//!
//! Knows neither the terminal nor any cloud. Finding and reading the files is in `project`.

mod draft;
mod explain;
mod lines;
mod nearest;
mod project;
mod schema;
mod stage;
mod text;
mod value;

use std::collections::BTreeMap;

pub use draft::{DraftError, StageDraft, add_stage, new_file};
pub use lines::Lines;
pub use nearest::nearest;
pub use project::{CONFIG_FILE, MANIFEST_FILE, Project, ProjectError};
pub use schema::{SCHEMA_FILE, schema};
pub use stage::StageConfig;
pub use value::{is_region, is_stage_name};

use text::{FileText, LocalText, StagesText};

/// The built-in stage, on this machine.
pub const LOCAL_STAGE: &str = "local";

/// The project's name where nothing gives one.
const DEFAULT_PROJECT: &str = "chatctl";

/// The configuration, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The project's name: the first part of every physical name.
    pub project: String,
    /// The port of the stage `local`, if the file names one.
    pub local_port: Option<u16>,
    /// The stages on AWS by name; a name that ends in `*` stands for every name that begins so.
    pub stages: BTreeMap<String, StageConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self { project: DEFAULT_PROJECT.to_owned(), local_port: None, stages: BTreeMap::new() }
    }
}

/// The file is not a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    /// What is wrong.
    pub message: String,
    /// Line and column, from 1, where the parser knows them.
    pub position: Option<(usize, usize)>,
    /// What was probably meant.
    pub hint: Option<String>,
}

/// The configuration knows no such stage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no stage `{name}`")]
pub struct UnknownStage {
    /// The name.
    pub name: String,
    /// The stages that there are, the built-in one first.
    pub known: Vec<String>,
}

impl Config {
    /// The configuration of a stage on AWS: the one of its own name, or of the longest family that
    /// it belongs to.
    ///
    /// # Errors
    /// There is none.
    pub fn stage(&self, name: &str) -> Result<&StageConfig, UnknownStage> {
        self.entry(name).map(|(_, stage)| stage)
    }

    /// The configuration of a stage on AWS, with the name that it has in the file.
    ///
    /// # Errors
    /// As [`Config::stage`].
    pub fn entry(&self, name: &str) -> Result<(&str, &StageConfig), UnknownStage> {
        let family = |pattern: &&String| {
            pattern.strip_suffix('*').is_some_and(|prefix| name.starts_with(prefix))
        };
        let families = self.stages.keys().filter(family);
        let key = self.stages.get_key_value(name).map(|(key, _)| key);
        let key = key.or_else(|| families.max_by_key(|pattern| pattern.len()));
        let known = is_stage_name(name).then_some(key).flatten();
        let found = known.and_then(|key| Some((key.as_str(), self.stages.get(key)?)));
        found.ok_or_else(|| UnknownStage {
            name: name.to_owned(),
            known: std::iter::once(LOCAL_STAGE.to_owned())
                .chain(self.stages.keys().cloned())
                .collect(),
        })
    }
}

impl std::str::FromStr for Config {
    type Err = ConfigError;

    /// Parses the text of `chatctl.yaml`; an empty one means the defaults.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Self::default());
        }
        let file: FileText =
            serde_yaml::from_str(text).map_err(|error| explain::explain(&error))?;
        let FileText { project, stages } = file;
        let StagesText { local: LocalText { port }, others } = stages;
        Ok(Self {
            project: project.map_or_else(|| DEFAULT_PROJECT.to_owned(), |name| name.0),
            local_port: port.and_then(|port| u16::try_from(port.0).ok()),
            stages: others.into_iter().map(|(name, stage)| (name, stage.into())).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(text: &str) -> (String, Option<(usize, usize)>) {
        let error = text.parse::<Config>().unwrap_err();
        (error.message, error.position)
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        for text in ["", "# nothing\n\n", "stages:\n", "stages:\n  local:\n"] {
            assert_eq!(text.parse::<Config>(), Ok(Config::default()), "{text:?}");
        }
        let full = "project: my-chat\nstages:\n  local:\n    port: 4600\n";
        let expected =
            Config { project: "my-chat".into(), local_port: Some(4600), ..Config::default() };
        assert_eq!(full.parse::<Config>(), Ok(expected));
    }

    #[test]
    fn an_error_stands_where_the_mistake_is() {
        let cases = [
            ("project: chat\nstage: local\n", "there is no key `stage`", (2, 1)),
            ("stages:\n  local:\n    prot: 4510\n", "there is no key `prot`", (3, 5)),
            ("stages:\n  local:\n    port: many\n", "expected a port from 1 to 65535", (3, 11)),
            ("stages:\n  local:\n    port: 70000\n", "`70000` is not a port", (3, 11)),
            ("stages:\n  Production: {}\n", "is not a stage's name", (2, 3)),
            ("stages:\n  prod: {}\n  prod: {}\n", "described twice", (3, 3)),
            ("stages:\n  prod:\n    region: ireland\n", "is not an AWS region", (3, 13)),
            ("stages:\n  prod:\n    account: 1234\n", "twelve digits", (3, 14)),
            ("stages:\n  prod:\n    logRetentionDays: 10\n", "keeps no 10 days", (3, 23)),
            ("stages:\n  prod:\n    regoin: eu-west-1\n", "there is no key `regoin`", (3, 5)),
            ("project: My Chat\n", "is not a project's name", (1, 10)),
        ];
        for (text, said, position) in cases {
            let (message, found) = fails(text);
            assert!(message.contains(said), "{text:?}: {message}");
            assert_eq!(found, Some(position), "{text:?}: {message}");
        }
    }

    #[test]
    fn broken_yaml_has_a_position_too() {
        let (message, position) = fails("project: [chat\nstages: {}\n");
        assert!(position.is_some(), "{message}");
    }
}
