//! The stage on this machine: its state, its port, its host.

use std::path::PathBuf;

use super::{Context, Target};
use crate::aws::Cloud;
use crate::cli::Globals;
use crate::config::LOCAL_STAGE;
use crate::deploy::local::host::{Running, reach, silent};
use crate::deploy::local::port::PortChoice;
use crate::error::CliError;
use crate::local::state::StateDir;
use crate::stack::{Place, Stack};

impl Context {
    pub(super) fn check_local(&self) -> Result<(), CliError> {
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
