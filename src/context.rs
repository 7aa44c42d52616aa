//! What every command starts from: flags and environment resolved, the project, the stage.
//!
//! Everything is made when it is first asked for, so that a command pays only for what it uses.

use std::cell::OnceCell;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::pin::pin;

use tokio::signal::unix::{SignalKind, signal};

use crate::aws::{Access, Cloud, Identity, ambient};
use crate::cli::Globals;
use crate::config::{LOCAL_STAGE, Project, StageConfig};
use crate::deploy::aws::Stage;
use crate::deploy::local::host::{Running, reach, silent};
use crate::deploy::local::port::PortChoice;
use crate::error::{BAD_KEYS, CliError, Kind};
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

/// A stage on AWS.
#[derive(Debug, Clone)]
pub struct AwsTarget {
    /// The project.
    pub project: Project,
    /// The stage's name.
    pub stage: String,
    /// What `chatctl.yaml` says of it.
    pub config: StageConfig,
    /// AWS's APIs, as the stage's operator.
    pub cloud: Cloud,
}

impl AwsTarget {
    /// Who the operator is, if the account is the one that the stage belongs in. Every command that
    /// changes something asks this first.
    ///
    /// # Errors
    /// The credentials are missing, wrong or expired, or they are another account's.
    pub async fn identity(&self) -> Result<Identity, CliError> {
        let identity = self.cloud.identity().await?;
        match &self.config.account {
            Some(account) if *account != identity.account => {
                let (stage, found) = (&self.stage, &identity.account);
                let message = format!(
                    "the stage `{stage}` belongs in account {account}, and these credentials are of {found}"
                );
                Err(CliError::new(Kind::Credentials, "wrong-account", message)
                    .detail(format!("they are {}", identity.arn))
                    .hint(format!("name the profile of account {account}: --profile NAME")))
            }
            _ => Ok(identity),
        }
    }
}

impl AwsTarget {
    /// The stage, in the account that its operator is in.
    ///
    /// # Errors
    /// As [`AwsTarget::identity`].
    pub async fn stage(&self) -> Result<Stage, CliError> {
        Ok(self.in_account(self.identity().await?.account))
    }

    /// The stage, in an account that is known from elsewhere.
    pub fn in_account(&self, account: String) -> Stage {
        let Self { project, stage, config, cloud } = self.clone();
        Stage { project, name: stage, config, cloud, account }
    }

    /// The name of the stage's CloudFormation stack.
    pub fn stack_name(&self) -> String {
        format!("{}-{}", self.project.config.project, self.stage)
    }
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

    /// How AWS is reached for a stage. An empty `CHATCTL_PROFILE` takes the file's profile away.
    pub fn access(&self, config: &StageConfig) -> Access {
        let Globals { profile, region, endpoint_url, .. } = &self.globals;
        let given = |flag: &Option<String>, file: &Option<String>| {
            flag.clone().or_else(|| file.clone()).filter(|value| !value.is_empty())
        };
        Access {
            profile: given(profile, &config.profile),
            region: given(region, &config.region),
            endpoint: given(endpoint_url, &config.endpoint),
        }
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

    fn check_local(&self) -> Result<(), CliError> {
        let Globals { profile, region, .. } = &self.globals;
        if profile.as_ref().is_some_and(|name| !name.is_empty()) {
            return Err(CliError::usage(
                "the stage `local` takes no profile: it has credentials of its own",
            ));
        }
        let home = Place::local().region;
        match region {
            Some(region) if !region.is_empty() && *region != home => {
                Err(CliError::usage(format!("the stage `local` lives in {home}, not in {region}")))
            }
            _ => Ok(()),
        }
    }

    /// The state folder of the stage `local`: `CHATCTL_STATE_DIR`, or `.chatctl/local` in the
    /// project.
    ///
    /// # Errors
    /// As [`Context::target`]; or the stage is one on AWS, which has no state on this machine.
    pub fn state(&self) -> Result<StateDir, CliError> {
        if let Target::Aws(target) = self.target()? {
            let message = format!("the stage `{}` has no state on this machine", target.stage);
            return Err(CliError::usage(message).hint("this works on the stage `local` only"));
        }
        if self.globals.config.is_some() {
            // A file that was named is to be there, even where nothing in it is needed.
            self.project()?;
        }
        let folder = match std::env::var_os("CHATCTL_STATE_DIR").filter(|value| !value.is_empty()) {
            Some(folder) => PathBuf::from(folder),
            None => self.project()?.root.join(".chatctl").join(LOCAL_STAGE),
        };
        let absolute = std::path::absolute(&folder);
        absolute
            .map(StateDir::new)
            .map_err(|error| CliError::failed("io", format!("{}: {error}", folder.display())))
    }

    /// The stage's port: the flag, else `CHATCTL_PORT`, else `chatctl.yaml`'s.
    ///
    /// # Errors
    /// As [`Context::project`]; or the variable is no port.
    pub fn port(&self, flag: Option<u16>) -> Result<PortChoice, CliError> {
        let named = flag.map_or_else(port_of_environment, |port| Ok(Some(port)))?;
        Ok(match named.or(self.project()?.config.local_port) {
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
        let endpoint = self.globals.endpoint_url.as_deref();
        Ok(crate::deploy::local::cloud(&self.state()?, &running.record, endpoint)?)
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
        self.block_on_unless(work, async || Err(CliError::interrupted()))
    }

    /// Runs a command's asynchronous part. At Ctrl-C somebody decides whether it is dropped, while it
    /// goes on; Ctrl-C once more, before they have decided, drops it.
    ///
    /// # Errors
    /// The part's own, the decision's, or the interruption.
    pub fn block_on_unless<T>(
        &self,
        work: impl Future<Output = Result<T, CliError>>,
        mut decide: impl AsyncFnMut() -> Result<(), CliError>,
    ) -> Result<T, CliError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CliError::failed("runtime", error.to_string()))?;
        runtime.block_on(async {
            let mut work = pin!(work);
            loop {
                tokio::select! {
                    result = &mut work => return result,
                    () = interrupted() => {}
                }
                tokio::select! {
                    result = &mut work => return result,
                    () = interrupted() => return Err(CliError::interrupted()),
                    decided = decide() => decided?,
                }
            }
        })
    }
}

/// Commands that have no flag for it want to know it too.
fn port_of_environment() -> Result<Option<u16>, CliError> {
    let Some(text) = std::env::var_os("CHATCTL_PORT").filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let port = text.to_str().and_then(|text| text.parse().ok());
    let wrong = || CliError::usage(format!("CHATCTL_PORT: `{}` is no port", text.display()));
    port.map(Some).ok_or_else(wrong)
}

/// Waits for Ctrl-C, for being told to end, or for the terminal to close.
async fn interrupted() {
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::hangup()));
    let (Ok(mut terminate), Ok(mut hang_up)) = signals else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
}

fn current_folder() -> Result<PathBuf, CliError> {
    let folder = std::env::current_dir().and_then(|folder| std::path::absolute(Path::new(&folder)));
    folder.map_err(|error| CliError::failed("io", format!("the current folder: {error}")))
}
