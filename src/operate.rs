//! A deployed stage as the commands see it that read and try it: its stack, its APIs, its addresses.

use crate::aws::Cloud;
use crate::config::LOCAL_STAGE;
use crate::context::Context;
use crate::deploy::local::Addresses;
use crate::error::CliError;
use crate::package::frontend;
use crate::stack::Stack;
use crate::tail::Tempo;

/// A stage that something is deployed on.
#[derive(Debug)]
pub struct Stage {
    /// The stack that is deployed.
    pub stack: Stack,
    /// Its AWS APIs.
    pub cloud: Cloud,
    /// Where it is reached.
    pub addresses: Addresses,
    /// Whether a web app is served.
    pub has_site: bool,
}

impl Stage {
    /// The stage that the command line names.
    ///
    /// # Errors
    /// It is not deployed, does not run, or may not be looked at.
    pub async fn find(context: &Context) -> Result<Self, CliError> {
        let running = context.running().await?;
        Ok(Self {
            stack: context.deployed(&running)?,
            cloud: context.cloud(&running)?,
            addresses: Addresses::local(running.record.port),
            has_site: context.project().is_ok_and(|project| frontend::exists(&project.root)),
        })
    }

    /// How often its logs may be asked for.
    pub fn tempo(&self) -> Tempo {
        if self.addresses.stage == LOCAL_STAGE { Tempo::LOCAL } else { Tempo::AWS }
    }
}
