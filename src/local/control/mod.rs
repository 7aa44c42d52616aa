//! The control API between `chatctl` and the host: private, bearer token, loopback only.
//!
//! What a deployed system offers to its users is elsewhere; nothing here exists on AWS.

mod client;

pub use client::{Client, ControlError};

use serde::{Deserialize, Serialize};

use super::faults::FaultSettings;
use super::state::Deployment;

/// The prefix of the control API's paths.
pub const PREFIX: &str = "/_chatctl/";

/// A function as the Lambda host sees it, counted since the host started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionStatus {
    /// The physical name.
    pub name: String,
    /// Processes that run.
    pub instances: usize,
    /// Those of them that serve an invocation right now.
    pub busy: usize,
    /// Invocations that ended.
    pub invocations: u64,
    /// Invocations that ended in a function error, a timeout or a crash.
    pub errors: u64,
    /// Processes started.
    pub cold_starts: u64,
    /// The most resident memory that any process of it reached, in MB.
    pub max_memory_mb: u64,
}

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
    /// Resident memory of the host's process, in bytes.
    pub resident_bytes: u64,
    /// The functions, in the manifest's order.
    pub functions: Vec<FunctionStatus>,
    /// What is deployed.
    pub deployment: Option<Deployment>,
    /// The faults in force.
    pub faults: FaultSettings,
}
