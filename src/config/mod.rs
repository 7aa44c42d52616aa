//! `chatctl.yaml`: what a person may set, parsed and checked; every error knows its line and column.
//!
//! Knows neither the terminal nor any cloud. Finding and reading the files is in `project`.

mod project;

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

pub use project::{CONFIG_FILE, MANIFEST_FILE, Project, ProjectError};

/// The only stage today.
pub const LOCAL_STAGE: &str = "local";

/// The configuration, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The project's name: the first part of every physical name.
    pub project: String,
    /// The port of the stage `local`, if the file names one.
    pub local_port: Option<u16>,
}

impl Default for Config {
    fn default() -> Self {
        Self { project: "chatctl".to_owned(), local_port: None }
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
    /// It names a stage that is not supported yet.
    pub unsupported_stage: bool,
}

/// The refusal of any stage but the built-in one.
pub fn unsupported_stage(stage: &str) -> String {
    format!("the stage `{stage}` is not supported yet: only the built-in stage `local`")
}

impl std::str::FromStr for Config {
    type Err = ConfigError;

    /// Parses the text of `chatctl.yaml`; an empty one means the defaults.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Self::default());
        }
        let file: FileText = serde_yaml::from_str(text).map_err(|error| explain(&error))?;
        let FileText { project, stages } = file;
        let StagesText { local } = stages;
        let LocalText { port } = local;
        let project = project.map_or_else(|| Self::default().project, |name| name.0);
        Ok(Self { project, local_port: port.map(|port| port.0) })
    }
}

fn explain(error: &serde_yaml::Error) -> ConfigError {
    let message = error.to_string();
    // The position is shown by its own line and caret.
    let plain = message.rsplit_once(" at line ").map_or(message.as_str(), |(plain, _)| plain);
    ConfigError {
        unsupported_stage: plain.contains("is not supported yet"),
        message: plain.to_owned(),
        position: error.location().map(|at| (at.line(), at.column())),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    project: Option<ProjectName>,
    #[serde(default)]
    stages: StagesText,
}

#[derive(Default)]
struct StagesText {
    local: LocalText,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LocalText {
    port: Option<Port>,
}

/// A map whose keys are stages; a visitor of its own so that an unknown stage is told as such, at
/// its key.
impl<'de> Deserialize<'de> for StagesText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Stages;
        impl<'de> Visitor<'de> for Stages {
            type Value = StagesText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of stages, such as `local: { port: 4510 }`")
            }

            fn visit_unit<E: de::Error>(self) -> Result<StagesText, E> {
                Ok(StagesText::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StagesText, A::Error> {
                let mut stages = StagesText::default();
                while map.next_key::<StageName>()?.is_some() {
                    stages.local = map.next_value::<Option<LocalText>>()?.unwrap_or_default();
                }
                Ok(stages)
            }
        }
        deserializer.deserialize_any(Stages)
    }
}

struct StageName;

impl<'de> Deserialize<'de> for StageName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Checked("the name of a stage", |text| match text {
            LOCAL_STAGE => Ok(Self),
            other => Err(unsupported_stage(other)),
        }))
    }
}

struct ProjectName(String);

impl<'de> Deserialize<'de> for ProjectName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Checked("a name", |text| {
            let fits = (1..=20).contains(&text.len())
                && text.starts_with(|c: char| c.is_ascii_lowercase())
                && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            let rule = "1 to 20 lower-case letters, digits and hyphens, a letter first";
            if fits {
                Ok(Self(text.to_owned()))
            } else {
                Err(format!("`{text}` is not a project's name: {rule}"))
            }
        }))
    }
}

struct Port(u16);

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ports;
        impl Visitor<'_> for Ports {
            type Value = Port;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a port from 1 to 65535")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Port, E> {
                match u16::try_from(number) {
                    Ok(port) if port > 0 => Ok(Port(port)),
                    _ => Err(E::custom(format!("`{number}` is not a port: 1 to 65535"))),
                }
            }
        }
        deserializer.deserialize_u64(Ports)
    }
}

/// A text with a rule. The check runs inside the visitor, because only an error from there is given
/// the text's own position.
struct Checked<T>(&'static str, fn(&str) -> Result<T, String>);

impl<T> Visitor<'_> for Checked<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.1)(text).map_err(E::custom)
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
        let expected = Config { project: "my-chat".into(), local_port: Some(4600) };
        assert_eq!(full.parse::<Config>(), Ok(expected));
    }

    #[test]
    fn an_error_stands_where_the_mistake_is() {
        let cases = [
            ("project: chat\nstage: local\n", "unknown field `stage`", (2, 1)),
            ("stages:\n  local:\n    prot: 4510\n", "unknown field `prot`", (3, 5)),
            ("stages:\n  local:\n    port: many\n", "expected a port from 1 to 65535", (3, 11)),
            ("stages:\n  local:\n    port: 70000\n", "`70000` is not a port", (3, 11)),
            ("stages:\n  local: {}\n  production: {}\n", "only the built-in stage `local`", (3, 3)),
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
