//! The control API between `chatctl` and the host: private, bearer token, loopback only.
//!
//! What a deployed system offers to its users is elsewhere; nothing here exists on AWS.

mod client;
pub(super) mod server;

pub use super::lambda::FunctionStatus;
pub use client::{Client, ControlError};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::faults::FaultSettings;
use super::state::Deployment;

/// The prefix of the control API's paths.
pub const PREFIX: &str = "/_chatctl/";

/// What the host says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostStatus {
    /// The host's version.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// When it was ready, ms since the epoch.
    pub started_at: i64,
    /// Open WebSocket connections.
    pub connections: usize,
    /// Open connections to signaling channels.
    #[serde(default)]
    pub signaling_connections: usize,
    /// Resident memory of the host's process, in bytes.
    pub resident_bytes: u64,
    /// The functions, in the manifest's order.
    pub functions: Vec<FunctionStatus>,
    /// What is deployed.
    pub deployment: Option<Deployment>,
    /// AWS requests of functions, by `service:operation`, counted since the host started.
    pub requests: BTreeMap<String, u64>,
    /// The faults in force.
    pub faults: FaultSettings,
    /// What was not as it should be when the host started.
    #[serde(default)]
    pub warnings: Vec<String>,
}
