//! What every command starts from: flags and environment resolved, the project, the stage.
//!
//! Everything is made when it is first asked for, so that a command pays only for what it uses.

mod aws;
mod local;
mod run;

use std::cell::OnceCell;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

pub use aws::AwsTarget;

use crate::aws::{Cloud, ambient};
use crate::cli::Globals;
use crate::config::{LOCAL_STAGE, Project, StageConfig};
use crate::error::{BAD_KEYS, CliError};
use crate::stack::{Place, Stack};
use crate::ui::{Level, Questions, Settings, Ui};

/// What a command starts from.
#[derive(Debug)]
pub struct Context {
    /// The terminal.
    pub ui: Ui,
    globals: Globals,
    project: OnceCell<Project>,
}

/// Where a command works.
#[derive(Debug)]
pub enum Target {
    /// This machine.
    Local,
    /// AWS, or what stands in for it.
    Aws(Box<AwsTarget>),
}

/// Whether a stack's description names the region and the account where they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It does: for people to read.
    Filled,
    /// It never does: the same text for every region and account.
    Open,
}

impl Context {
    /// A context of flags and a terminal.
    pub fn new(globals: Globals, ui: Ui) -> Self {
        Self { ui, globals, project: OnceCell::new() }
    }

    /// What the flags and the environment say about the terminal.
    pub fn terminal(globals: &Globals) -> Settings {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let person = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        let level = match (globals.quiet, globals.verbose) {
            (true, _) => Level::Quiet,
            (false, 0) => Level::Normal,
            (false, _) => Level::Verbose,
        };
        let questions = match (globals.yes, person && !globals.non_interactive && !set("CI")) {
            (true, _) => Questions::Yes,
            (false, true) => Questions::Ask,
            (false, false) => Questions::Never,
        };
        Settings { output: globals.output, colour: globals.color, level, questions }
    }

    /// The project.
    ///
    /// # Errors
    /// There is none, or its configuration is wrong.
    pub fn project(&self) -> Result<&Project, CliError> {
        if let Some(project) = self.project.get() {
            return Ok(project);
        }
        let project = match &self.globals.config {
            Some(file) => Project::of_config(file)?,
            None => Project::find(&current_folder()?)?,
        };
        Ok(self.project.get_or_init(|| project))
    }

    /// The flags that every command has.
    pub fn globals(&self) -> &Globals {
        &self.globals
    }

    /// What `chatctl.yaml` says of the stage; nothing for `local`.
    ///
    /// # Errors
    /// There is no project, or the stage is not known.
    pub fn described(&self) -> Result<Option<&StageConfig>, CliError> {
        if self.globals.stage == LOCAL_STAGE {
            return Ok(None);
        }
        Ok(Some(self.project()?.config.stage(&self.globals.stage)?))
    }

    /// Where the command works: on this machine or on AWS. A flag comes before `CHATCTL_*`, then
    /// the stage in `chatctl.yaml`, then `AWS_*`, then the profile.
    ///
    /// # Errors
    /// The stage is not known, the flags do not fit it, or there is no way to AWS.
    pub fn target(&self) -> Result<Target, CliError> {
        if self.globals.stage == LOCAL_STAGE {
            self.check_local()?;
            return Ok(Target::Local);
        }
        let project = self.project()?;
        let config = project.config.stage(&self.globals.stage)?;
        let cloud = Cloud::connect(&self.access(config))?;
        Ok(Target::Aws(Box::new(AwsTarget {
            project: project.clone(),
            stage: self.globals.stage.clone(),
            config: config.clone(),
            cloud,
        })))
    }

    /// The project's stack on the stage asked for, by the configuration alone: no way to AWS is
    /// needed, and on AWS what only a deployment knows is a placeholder. With `Known::Filled` the
    /// region and the account stand where the configuration or a flag names them.
    ///
    /// # Errors
    /// The stage is not known, or the project makes no stack.
    pub fn stack(&self, known: Known) -> Result<Stack, CliError> {
        let project = self.project()?;
        let stage = self.globals.stage.as_str();
        if stage == LOCAL_STAGE {
            self.check_local()?;
            return Ok(project.stack()?);
        }
        let config = project.config.stage(stage)?;
        let mut place = Place::of_template();
        if known == Known::Filled {
            let Place { region, account } = place;
            place = Place {
                region: self.access(config).region.unwrap_or(region),
                account: config.account.clone().unwrap_or(account),
            };
        }
        Ok(project.stack_for(stage, place, config.settings.clone())?)
    }

    /// Whether the stage asked for is the one on this machine.
    pub fn is_local(&self) -> bool {
        self.globals.stage == LOCAL_STAGE
    }

    /// An error with all that this context knows of its remedy: which stage its commands are for, and
    /// how the stage's operator gets valid credentials.
    pub fn explain(&self, error: CliError) -> CliError {
        if self.is_local() {
            return error;
        }
        let error = error.for_stage(&self.globals.stage);
        if error.code != BAD_KEYS {
            return error;
        }
        let config = self.project().ok().and_then(|p| p.config.stage(&self.globals.stage).ok());
        let profile = config.and_then(|config| self.access(config).profile);
        match ambient(profile.as_deref()) {
            Ok(ambient) => error.hint(ambient.credentials.mend()),
            Err(_) => error,
        }
    }
}

fn current_folder() -> Result<PathBuf, CliError> {
    let folder = std::env::current_dir().and_then(|folder| std::path::absolute(Path::new(&folder)));
    folder.map_err(|error| CliError::failed("io", format!("the current folder: {error}")))
}
