//! Brings the stage `local` up to the project: builds, plans, starts the host, applies, publishes.

mod apply;
mod descriptors;
pub mod host;
mod lock;
pub mod port;
mod prepare;
mod publish;
pub mod teardown;

pub use apply::Outcome;
pub use prepare::{Prepared, Request, prepare};
pub use publish::publish;

use serde::Serialize;

use crate::aws::Cloud;
use crate::local::state::{HostRecord, StateDir, StateError};
use crate::stack::Place;

/// Where a running stage is reached.
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
    /// Every AWS API.
    pub aws_endpoint_url: String,
}

impl Addresses {
    /// The addresses of the stage `local` on a port.
    pub fn local(port: u16) -> Self {
        let stage = crate::config::LOCAL_STAGE.to_owned();
        let endpoint = format!("http://127.0.0.1:{port}");
        Self {
            region: Place::local().region,
            site_url: format!("{endpoint}/"),
            web_socket_url: format!("ws://127.0.0.1:{port}/{stage}"),
            http_api_url: endpoint.clone(),
            aws_endpoint_url: endpoint,
            stage,
        }
    }
}

/// The stage's AWS APIs as its operator uses them, at the host's own address or at another.
///
/// # Errors
/// The operator's keys cannot be read.
pub fn cloud(
    state: &StateDir,
    record: &HostRecord,
    endpoint: Option<&str>,
) -> Result<Cloud, StateError> {
    let Addresses { region, aws_endpoint_url, .. } = Addresses::local(record.port);
    let endpoint = endpoint.unwrap_or(&aws_endpoint_url);
    Ok(Cloud::with_keys(endpoint, &region, state.operator()?))
}
