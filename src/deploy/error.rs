//! What keeps a deployment, or a teardown, from its end.

use std::io;
use std::path::PathBuf;

use super::aws::{Cause, Operation};
use super::plan::AtStake;
use crate::aws::AwsError;
use crate::cloudformation::CheckError;
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
    /// The loss of a table's rows was allowed, and there is no such table.
    #[error("there is no table `{name}`")]
    NoTable {
        /// The name.
        name: String,
        /// The tables that there are.
        known: Vec<String>,
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
    /// The template breaks a rule of CloudFormation's.
    #[error(transparent)]
    Template(#[from] CheckError),
    /// A stack of that name is not this stage's.
    #[error("the stack {stack} is not this stage's: its tags do not say so")]
    Foreign {
        /// Its name.
        stack: String,
    },
    /// There is no web app to publish.
    #[error("the project has no web app: there is no frontend/package.json")]
    NoFrontend,
    /// Nothing is deployed.
    #[error("the stack {stack} is not deployed")]
    NoStack {
        /// Its name.
        stack: String,
    },
    /// An operation on the stack is in progress.
    #[error("{operation} of the stack {stack} is in progress")]
    StackBusy {
        /// Its name.
        stack: String,
        /// What goes on.
        operation: Operation,
    },
    /// The stack takes no deployment as it is.
    #[error("the stack {stack} is stuck: {status}{}", .reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default())]
    StackStuck {
        /// Its name.
        stack: String,
        /// Its status.
        status: String,
        /// Why, in AWS's words.
        reason: Option<String>,
    },
    /// CloudFormation refused the change set.
    #[error("CloudFormation refused the change: {reason}")]
    Refused {
        /// In AWS's words.
        reason: String,
        /// What early validation found.
        findings: Vec<Cause>,
    },
    /// A table that would be taken over has another key.
    #[error("the table {table} is there already, with the key {there}: not {wanted}")]
    OtherKey {
        /// Its name in DynamoDB.
        table: String,
        /// The attributes of its key.
        there: String,
        /// Those that the template wants.
        wanted: String,
    },
    /// The deployment failed, and the stack is what it was before.
    #[error("the deployment failed and was rolled back ({status})")]
    RolledBack {
        /// The stack's name.
        stack: String,
        /// Its status.
        status: String,
        /// What failed first.
        cause: Option<Cause>,
        /// How many resources failed after it.
        others: usize,
    },
    /// The operation failed, and the stack is neither what it was nor what it was to be.
    #[error("the stack {stack} is stuck: {status}")]
    Unfinished {
        /// The stack's name.
        stack: String,
        /// Its status.
        status: String,
        /// What failed first.
        cause: Option<Cause>,
        /// How many resources failed after it.
        others: usize,
    },
    /// The operation goes on, and nobody may look at it any more.
    #[error("the operation on {stack} goes on, but cannot be watched any more: {source}")]
    LostSight {
        /// The stack's ARN.
        stack: String,
        /// What AWS said.
        source: AwsError,
    },
    /// The bucket for artifacts cannot be had.
    #[error("the artifact bucket {name} cannot be used: {source}")]
    ArtifactBucket {
        /// Its name.
        name: String,
        /// What AWS said.
        source: AwsError,
    },
    /// A rollback is blocked.
    #[error("the rollback of {stack} failed again: {} cannot go back", .blocking.join(", "))]
    Blocked {
        /// The stack's name.
        stack: String,
        /// The resources that block it.
        blocking: Vec<String>,
        /// What failed first.
        cause: Option<Cause>,
    },
    /// There is no deployment to go back to.
    #[error("there is no such deployment to go back to")]
    NoVersion {
        /// Those that there are.
        versions: Vec<String>,
    },
    /// The tables would go with the stack.
    #[error("the tables of the stage {stage} would go with it: it is not protected")]
    WouldNotKeep {
        /// The stage.
        stage: String,
    },
    /// What goes on cannot be cancelled.
    #[error("{operation} of the stack {stack} cannot be cancelled")]
    NotCancelled {
        /// The stack's name.
        stack: String,
        /// What goes on.
        operation: Operation,
    },
    /// A function did not take its new code.
    #[error("the function {name} did not take its new code: {reason}")]
    Function {
        /// Its logical name.
        name: String,
        /// In AWS's words.
        reason: String,
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
