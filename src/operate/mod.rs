//! A deployed stage as the commands see it that read and try it: its stack, its APIs, its addresses,
//! and on AWS how it is.
//!
//! Nothing here changes anything.

mod aws;
mod health;

pub use aws::Deployed;
pub use health::{FunctionHealth, Health, TableHealth, Traffic, Verdict};

use serde::Serialize;

use crate::aws::Cloud;
use crate::config::LOCAL_STAGE;
use crate::context::{Context, Target};
use crate::deploy::local::Addresses as LocalAddresses;
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

/// Where a stage is reached. The keys are a promise to scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Addresses {
    /// The stage.
    pub stage: String,
    /// The region.
    pub region: String,
    /// The web app.
    pub site_url: String,
    /// The WebSocket API.
    pub web_socket_url: String,
    /// The HTTP API.
    pub http_api_url: String,
    /// Every AWS API, where they are not AWS's own.
    pub aws_endpoint_url: Option<String>,
}

impl From<LocalAddresses> for Addresses {
    fn from(addresses: LocalAddresses) -> Self {
        let LocalAddresses {
            stage,
            region,
            site_url,
            web_socket_url,
            http_api_url,
            aws_endpoint_url,
        } = addresses;
        let aws_endpoint_url = Some(aws_endpoint_url);
        Self { stage, region, site_url, web_socket_url, http_api_url, aws_endpoint_url }
    }
}

impl Addresses {
    /// The addresses of the stage that the command line names.
    ///
    /// # Errors
    /// It is not deployed, does not run, or may not be looked at.
    pub async fn find(context: &Context) -> Result<Self, CliError> {
        match context.target()? {
            Target::Aws(target) => Deployed::find(&target).await?.addresses(&target),
            Target::Local => Ok(LocalAddresses::local(context.running().await?.record.port).into()),
        }
    }
}

impl Stage {
    /// The stage that the command line names.
    ///
    /// # Errors
    /// It is not deployed, does not run, or may not be looked at.
    pub async fn find(context: &Context) -> Result<Self, CliError> {
        match context.target()? {
            Target::Aws(target) => Deployed::find(&target).await?.stage(&target),
            Target::Local => {
                let running = context.running().await?;
                Ok(Self {
                    stack: context.deployed(&running)?,
                    cloud: context.cloud(&running)?,
                    addresses: LocalAddresses::local(running.record.port).into(),
                    has_site: context
                        .project()
                        .is_ok_and(|project| frontend::exists(&project.root)),
                })
            }
        }
    }

    /// Whether it is the stage of this machine, where nothing costs anything.
    pub fn is_local(&self) -> bool {
        self.addresses.stage == LOCAL_STAGE
    }

    /// How often its logs may be asked for.
    pub fn tempo(&self) -> Tempo {
        if self.is_local() { Tempo::LOCAL } else { Tempo::AWS }
    }
}
