//! What a deployment tells while it works. Whoever started it shows the events, or drops them.

use serde::Serialize;

use super::aws::Cause;
use super::plan::Plan;
use crate::package::Part;

/// Something that happened.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// Something is not as it should be, and the work goes on.
    Warning {
        /// What, and what is done about it.
        message: String,
    },
    /// A part is built already.
    BuildSkipped {
        /// Which.
        part: Part,
    },
    /// A build began.
    BuildStarted {
        /// Of what.
        part: Part,
    },
    /// A line that the build tool wrote.
    BuildOutput {
        /// Of what.
        part: Part,
        /// The line.
        line: String,
    },
    /// A long build goes on.
    BuildWaiting {
        /// Of what.
        part: Part,
        /// For how long.
        seconds: u64,
    },
    /// A build ended well.
    BuildFinished {
        /// Of what.
        part: Part,
        /// How long it took.
        millis: u64,
    },
    /// What will change. Nothing has changed yet.
    Planned {
        /// The plan.
        plan: Plan,
    },
    /// A host is being ended.
    HostStopping {
        /// Its process.
        pid: u32,
        /// Why.
        reason: String,
    },
    /// A host was started.
    HostStarting {
        /// Its port.
        port: u16,
    },
    /// The host answers.
    HostReady {
        /// Its process.
        pid: u32,
        /// How long it took.
        millis: u64,
    },
    /// A table is deleted, as it was allowed.
    TableDeleted {
        /// Its logical name.
        name: String,
    },
    /// Tables, functions and routes are up.
    StackApplied {
        /// How long it took.
        millis: u64,
    },
    /// A file of the site is there.
    FileUploaded {
        /// Its key.
        key: String,
    },
    /// A file of the site that is no more was removed.
    FileRemoved {
        /// Its key.
        key: String,
    },
    /// The artifact bucket was made.
    BucketMade {
        /// Its name.
        name: String,
    },
    /// A zip or a template was uploaded.
    Uploaded {
        /// Its key.
        key: String,
        /// Its length.
        bytes: usize,
    },
    /// A secret was made.
    SecretMade {
        /// Its logical name.
        name: String,
    },
    /// CloudFormation began to work on the stack.
    StackStarted {
        /// Its name.
        stack: String,
    },
    /// CloudFormation did something to a resource.
    Resource {
        /// Its name in the template.
        logical: String,
        /// Its type.
        kind: String,
        /// Its status.
        status: String,
        /// Why.
        reason: Option<String>,
    },
    /// The first failure, which is why everything else fails.
    Failed {
        /// What failed.
        cause: Cause,
    },
    /// CloudFormation still works.
    StackWaiting {
        /// For how long.
        seconds: u64,
        /// On how many resources.
        resources: usize,
    },
    /// A function has new code.
    FunctionReplaced {
        /// Its logical name.
        name: String,
    },
    /// The functions have new code.
    CodeReplaced {
        /// How many.
        functions: usize,
        /// How long it took.
        millis: u64,
    },
    /// Copies at the edge were dropped.
    Invalidated {
        /// Their paths.
        paths: Vec<String>,
    },
    /// Something was removed by a teardown.
    Removed {
        /// What.
        what: String,
    },
}

/// Takes the events.
pub type OnEvent<'a> = &'a dyn Fn(Event);
