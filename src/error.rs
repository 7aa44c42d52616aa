//! The error at the edge: what happened, why, what to do next, and the exit code of each kind.
//!
//! Core modules have typed errors of their own; they become a [`CliError`] here, in one place.

mod deploy;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::aws::{AccessError, AwsError};
use crate::config::{ConfigError, ProjectError, UnknownStage, nearest};
use crate::local::control::ControlError;
use crate::local::state::StateError;
use crate::package::BuildError;

/// The code of an error that new credentials would mend.
pub const BAD_KEYS: &str = "credentials";

/// What kind of failure; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The reader of stdout went away, which is no failure.
    ClosedPipe,
    /// It failed.
    Failed,
    /// The command line or a configuration file is wrong.
    Usage,
    /// There are differences, and somebody asked for a code of their own for that.
    Differences,
    /// A confirmation is needed or was declined.
    Confirmation,
    /// Credentials are missing or refused.
    Credentials,
    /// Partly done; what is left is listed.
    Partial,
    /// It failed, and everything is as it was before.
    RolledBack,
    /// Somebody else works on the stage.
    Busy,
    /// Ctrl-C.
    Interrupted,
}

impl Kind {
    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::ClosedPipe => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Differences => 3,
            Self::Confirmation => 4,
            Self::Credentials => 5,
            Self::Partial => 6,
            Self::RolledBack => 7,
            Self::Busy => 8,
            Self::Interrupted => 130,
        }
    }
}

/// A place in a file, shown with a caret.
#[derive(Debug, Clone)]
pub struct Snippet {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
}

/// An error as a person sees it.
#[derive(Debug)]
pub struct CliError {
    /// The kind.
    pub kind: Kind,
    /// A stable code for scripts and search engines.
    pub code: &'static str,
    /// What happened.
    pub message: String,
    /// Lines below it: causes, lists, output of a tool.
    pub details: Vec<String>,
    /// What to do next.
    pub hints: Vec<String>,
    /// Where in a file.
    pub snippet: Option<Box<Snippet>>,
}

impl CliError {
    /// An error of a kind, a stable code and a sentence.
    pub fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind, code, message, details: Vec::new(), hints: Vec::new(), snippet: None }
    }

    /// Something failed.
    pub fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, code, message)
    }

    /// The command line is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, "usage", message)
    }

    /// Ctrl-C.
    pub fn interrupted() -> Self {
        Self::new(Kind::Interrupted, "interrupted", "interrupted")
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds a line below the message.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// Names the stage in every command that is suggested and names none.
    #[must_use]
    pub fn for_stage(mut self, stage: &str) -> Self {
        for hint in self.hints.iter_mut().filter(|hint| !hint.contains(" -s ")) {
            for before in ["`", ": "] {
                let named = format!("{before}chatctl -s {stage} ");
                *hint = hint.replace(&format!("{before}chatctl "), &named);
            }
        }
        self
    }

    /// Adds the way out of a state that is broken, short of losing what people wrote.
    fn renewing_all_but_data(self) -> Self {
        self.hint(
            "`chatctl teardown --keep-data --yes`, then `chatctl deploy`, renews everything but rooms \
             and messages, and keeps those",
        )
    }

    fn at(mut self, path: &Path, text: &str, position: Option<(usize, usize)>) -> Self {
        match position {
            Some((line, column)) => {
                let (path, text) = (path.to_owned(), text.to_owned());
                self.snippet = Some(Box::new(Snippet { path, text, line, column }));
                self
            }
            None => self.detail(format!("in {}", path.display())),
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CliError {}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        let wrong = Self::new(Kind::Usage, "config-invalid", error.message);
        error.hint.into_iter().fold(wrong, Self::hint)
    }
}

impl From<UnknownStage> for CliError {
    fn from(error: UnknownStage) -> Self {
        let UnknownStage { name, known } = &error;
        let unknown = Self::new(Kind::Usage, "stage-unknown", error.to_string());
        let unknown = match nearest(name, known.iter().map(String::as_str)) {
            Some(meant) => unknown.hint(format!("did you mean `{meant}`?")),
            None => unknown,
        };
        unknown
            .detail(format!("the stages are {}", known.join(", ")))
            .hint(format!("or describe it in chatctl.yaml: chatctl init --stage {name}"))
    }
}

impl From<AccessError> for CliError {
    fn from(error: AccessError) -> Self {
        let message = error.to_string();
        match error {
            AccessError::NoRegion => Self::new(Kind::Usage, "region-missing", message)
                .hint("name it: --region NAME or CHATCTL_REGION=NAME")
                .hint("or keep it: `region:` under the stage in chatctl.yaml")
                .hint("or where AWS's tools look: AWS_REGION=NAME, or `aws configure set region NAME`"),
            AccessError::BadRegion(_) => Self::new(Kind::Usage, "region-invalid", message)
                .hint("a region reads like eu-west-1; `aws account list-regions` lists yours"),
            AccessError::NoProfile { name, known } => {
                let missing = Self::new(Kind::Credentials, "profile-missing", message);
                let missing = match nearest(&name, known.iter().map(String::as_str)) {
                    Some(meant) => missing.hint(format!("did you mean `{meant}`?")),
                    None => missing,
                };
                missing.hint(format!("to make it: aws configure sso --profile {name}")).hint(
                    "to take the environment's credentials instead of a profile: CHATCTL_PROFILE= chatctl …",
                )
            }
            AccessError::Files(_) => Self::new(Kind::Credentials, "profile-unreadable", message)
                .hint("correct ~/.aws/config and ~/.aws/credentials; `aws configure list` reads them too"),
            AccessError::Roots { .. } => Self::new(Kind::Usage, "ca-bundle", message)
                .hint("AWS_CA_BUNDLE names a file of certificates in PEM; correct or unset it"),
        }
    }
}

impl From<ProjectError> for CliError {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::NotFound { start } => {
                Self::new(Kind::Usage, "project-missing", "there is no chatctl project here")
                    .detail(format!("looked in {} and above", start.display()))
                    .hint("go to a folder with chatctl.yaml or templates/stack.yaml, or name one: --config FILE")
            }
            ProjectError::Read { path, source } => {
                let message = format!("{}: {source}", path.display());
                Self::new(Kind::Usage, "config-unreadable", message)
            }
            ProjectError::Config { path, text, error } => {
                let position = error.position;
                Self::from(error).at(&path, &text, position)
            }
            ProjectError::Manifest { path, text, error } => {
                // The position is shown by its own line and caret.
                let message = error.message.rsplit_once(" at line ");
                let message = message.map_or(error.message.as_str(), |(message, _)| message);
                Self::new(Kind::Usage, "stack-invalid", message).at(&path, &text, error.position)
            }
            ProjectError::Lower { path, error } => {
                Self::new(Kind::Usage, "stack-invalid", error.to_string())
                    .detail(format!("in {}", path.display()))
            }
        }
    }
}

impl From<StateError> for CliError {
    fn from(error: StateError) -> Self {
        match &error {
            StateError::Io { path, source } => {
                let code = match source.kind() {
                    std::io::ErrorKind::StorageFull => "disk-full",
                    _ => "state-unusable",
                };
                let failed =
                    Self::failed(code, format!("the state folder cannot be used: {error}"));
                match source.kind() {
                    std::io::ErrorKind::StorageFull => {
                        failed.hint("free some disk space, then run the command again: it goes on where it stopped")
                    }
                    std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::NotADirectory => failed
                        .hint(format!("{} is a file or lies in one; a folder is needed", path.display()))
                        .hint("choose another: CHATCTL_STATE_DIR=/path chatctl …"),
                    _ => failed
                        .hint(format!("make {} writable for you (ls -ld shows its owner)", path.display()))
                        .hint("or choose another folder: CHATCTL_STATE_DIR=/path chatctl …"),
                }
            }
            StateError::Damaged { path, .. } => Self::failed("state-damaged", error.to_string())
                .hint(format!("restore {} from a backup", path.display()))
                .renewing_all_but_data(),
        }
    }
}

impl From<ControlError> for CliError {
    fn from(error: ControlError) -> Self {
        let refused = matches!(error, ControlError::Refused { .. });
        let failed =
            Self::failed(if refused { "host-refused" } else { "host-away" }, error.to_string());
        if refused { failed } else { failed.hint("`chatctl deploy` starts the stage again") }
    }
}

impl From<BuildError> for CliError {
    fn from(error: BuildError) -> Self {
        let code = error.code();
        let failed = Self::failed(code, error.to_string());
        match error {
            BuildError::Missing { install, .. } | BuildError::TooOld { install, .. } => {
                failed.hint(install)
            }
            BuildError::Failed { output, command, .. } => {
                let mut failed = failed;
                failed.details = output;
                failed.hint(format!("the command was: {command}"))
            }
            BuildError::Elf { hint, .. } => failed.hint(hint),
            BuildError::NotReproducible { .. } => failed
                .hint("look for what a build reads beside the source: build scripts, the time, random names"),
            BuildError::Io { .. } | BuildError::NoBootstrap => failed,
        }
    }
}

impl From<AwsError> for CliError {
    fn from(error: AwsError) -> Self {
        let (kind, code) = match &error {
            error if error.is_bad_keys() => (Kind::Credentials, BAD_KEYS),
            error if error.is_denied() => (Kind::Credentials, "access-denied"),
            _ => (Kind::Failed, "aws"),
        };
        let mut failed = Self::new(kind, code, error.to_string());
        if let Some(id) = &error.request_id {
            failed = failed.detail(format!("request id {id}"));
        }
        if error.is_denied() {
            failed.hint("the credentials are valid and lack this permission: give it to them, or name another profile: --profile NAME")
        } else if error.is_away() {
            failed.hint("`chatctl status` shows whether the stage runs")
        } else {
            failed
        }
    }
}
