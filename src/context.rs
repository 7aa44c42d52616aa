//! What every command starts from: flags and environment resolved, the project, the stage.
//!
//! Everything is made when it is first asked for, so that a command pays only for what it uses.

use std::cell::OnceCell;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use tokio::signal::unix::{SignalKind, signal};

use crate::aws::Cloud;
use crate::cli::Globals;
use crate::config::{LOCAL_STAGE, Project, unsupported_stage};
use crate::deploy::local::host::{Running, reach, silent};
use crate::deploy::local::port::PortChoice;
use crate::error::{CliError, Kind};
use crate::local::state::StateDir;
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

    /// The project; its stage is known to be supported.
    ///
    /// # Errors
    /// There is none, its configuration is wrong, or the stage is not supported.
    pub fn project(&self) -> Result<&Project, CliError> {
        self.check_stage()?;
        if let Some(project) = self.project.get() {
            return Ok(project);
        }
        let project = match &self.globals.config {
            Some(file) => Project::of_config(file)?,
            None => Project::find(&current_folder()?)?,
        };
        Ok(self.project.get_or_init(|| project))
    }

    fn check_stage(&self) -> Result<(), CliError> {
        let Globals { stage, profile, region, .. } = &self.globals;
        if stage != LOCAL_STAGE {
            return Err(CliError::new(Kind::Usage, "stage-unsupported", unsupported_stage(stage)));
        }
        if profile.is_some() {
            return Err(CliError::usage(
                "the stage `local` takes no profile: it has credentials of its own",
            ));
        }
        let home = Place::local().region;
        match region {
            Some(region) if *region != home => {
                Err(CliError::usage(format!("the stage `local` lives in {home}, not in {region}")))
            }
            _ => Ok(()),
        }
    }

    /// The stage's state folder: `CHATCTL_STATE_DIR`, or `.chatctl/local` in the project.
    ///
    /// # Errors
    /// As [`Context::project`].
    pub fn state(&self) -> Result<StateDir, CliError> {
        self.check_stage()?;
        let folder = match std::env::var_os("CHATCTL_STATE_DIR").filter(|value| !value.is_empty()) {
            Some(folder) => PathBuf::from(folder),
            None => self.project()?.root.join(".chatctl").join(LOCAL_STAGE),
        };
        let absolute = std::path::absolute(&folder);
        absolute
            .map(StateDir::new)
            .map_err(|error| CliError::failed("io", format!("{}: {error}", folder.display())))
    }

    /// The stage's port: the flag (or `CHATCTL_PORT`), else `chatctl.yaml`'s.
    ///
    /// # Errors
    /// As [`Context::project`].
    pub fn port(&self, flag: Option<u16>) -> Result<PortChoice, CliError> {
        Ok(match flag.or(self.project()?.config.local_port) {
            Some(0) => PortChoice::Any,
            Some(port) => PortChoice::Named(port),
            None => PortChoice::Unchanged,
        })
    }

    /// The host that runs the stage, if one does.
    ///
    /// # Errors
    /// The state folder is damaged.
    pub async fn reach(&self) -> Result<Option<Running>, CliError> {
        Ok(reach(&self.state()?).await?)
    }

    /// The host that runs the stage.
    ///
    /// # Errors
    /// None does; then with the command that starts it.
    pub async fn running(&self) -> Result<Running, CliError> {
        if let Some(running) = self.reach().await? {
            return Ok(running);
        }
        Err(match silent(&self.state()?) {
            Some(pid) => {
                let message = format!("the stage's host (pid {pid}) does not answer this chatctl");
                CliError::failed("host-away", message).hint("`chatctl deploy` replaces it")
            }
            None => CliError::failed("stage-down", "the stage `local` is not running")
                .hint("`chatctl deploy` starts it"),
        })
    }

    /// The AWS APIs of a running stage.
    ///
    /// # Errors
    /// The operator's keys cannot be read.
    pub fn cloud(&self, running: &Running) -> Result<Cloud, CliError> {
        let mut cloud = crate::deploy::local::cloud(&self.state()?, &running.record)?;
        if let Some(url) = &self.globals.endpoint_url {
            cloud.endpoint.clone_from(url);
        }
        Ok(cloud)
    }

    /// The stack that a running host runs.
    ///
    /// # Errors
    /// Nothing is deployed on it.
    pub fn deployed(&self, running: &Running) -> Result<Stack, CliError> {
        let nothing = || {
            CliError::failed("not-deployed", "the host runs, but nothing is deployed on it")
                .hint("`chatctl deploy` deploys the project")
        };
        let deployment = running.status.deployment.as_ref().ok_or_else(nothing)?;
        deployment.stack().map_err(|error| CliError::failed("stack-invalid", error.to_string()))
    }

    /// Runs a command's asynchronous part; Ctrl-C drops it and is an error of its own kind.
    ///
    /// # Errors
    /// The part's own, or the interruption.
    pub fn block_on<T>(
        &self,
        work: impl Future<Output = Result<T, CliError>>,
    ) -> Result<T, CliError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CliError::failed("runtime", error.to_string()))?;
        runtime.block_on(async {
            tokio::select! {
                result = work => result,
                () = interrupted() => Err(CliError::interrupted()),
            }
        })
    }
}

/// Waits for Ctrl-C, or for being told to end.
async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

fn current_folder() -> Result<PathBuf, CliError> {
    let folder = std::env::current_dir().and_then(|folder| std::path::absolute(Path::new(&folder)));
    folder.map_err(|error| CliError::failed("io", format!("the current folder: {error}")))
}
