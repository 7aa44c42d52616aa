//! What keeps a deployment, or a teardown, from its end.

use std::io;
use std::path::PathBuf;

use super::plan::AtStake;
use crate::aws::AwsError;
use crate::config::ProjectError;
use crate::local::control::ControlError;
use crate::local::state::StateError;
use crate::package::BuildError;

/// A deployment or a teardown failed.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The project's files are wrong.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A build failed.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The state folder cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The host refused or went away.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A service of the stage refused.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Another deployment or teardown holds the stage.
    #[error("another chatctl{} works on the stage", .pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    Busy {
        /// Who, where known.
        pid: Option<u32>,
    },
    /// The port belongs to somebody else.
    #[error("port {port} is taken{}", .owner.as_ref().map(|owner| format!(" by {owner}")).unwrap_or_default())]
    PortTaken {
        /// The port.
        port: u16,
        /// Whose it is, where known.
        owner: Option<String>,
    },
    /// Data would be lost, and nobody allowed it.
    #[error("the deployment would lose data")]
    DataLoss {
        /// The tables.
        at_stake: Vec<AtStake>,
    },
    /// The host did not become ready.
    #[error("the local host ended before it was ready")]
    HostStart {
        /// Its log.
        log: PathBuf,
        /// The last that it said.
        output: Vec<String>,
    },
    /// A host holds the state folder, does not answer and cannot be ended.
    #[error("a host{} holds the stage and cannot be ended", .pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    HostStuck {
        /// Which, where known.
        pid: Option<u32>,
    },
    /// Reading or writing failed.
    #[error("{what}: {source}")]
    Io {
        /// What was done, on which path.
        what: String,
        /// What the operating system said.
        source: io::Error,
    },
}

impl DeployError {
    /// A failure of reading or writing, told with what was done.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
