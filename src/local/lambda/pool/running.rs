//! An invocation on its way through a process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::local::faults::Crash;
use crate::local::lambda::invocation::{Done, Invocation, Job};
use crate::local::lambda::report;

/// An invocation as it is given to a process.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: Arc<str>,
    pub payload: Bytes,
    pub tail: bool,
    /// How long it may take.
    pub timeout: Duration,
}

impl Delivery {
    /// What the process needs to know of a job.
    pub(super) fn of(job: &Job, timeout: Duration) -> Self {
        Self { id: job.id.clone(), payload: job.payload.clone(), tail: job.tail, timeout }
    }
}

/// An invocation in a process.
#[derive(Debug)]
pub struct Running {
    pub job: Job,
    pub started: Instant,
    pub(super) deadline: Instant,
    /// Whether the process has taken it; until then its end costs nothing.
    pub(super) delivered: bool,
    /// The injected fault of which the process is to die, until it has.
    pub(super) doom: Option<Crash>,
}

impl Running {
    /// Begins now; `delivered` if the process asked for it and has it already.
    pub(super) fn new(job: Job, now: Instant, timeout: Duration, delivered: bool) -> Self {
        Self { job, started: now, deadline: now + timeout, delivered, doom: None }
    }

    /// Tells the caller.
    pub fn finish(self, invocation: Invocation, tail: Option<String>) {
        self.job.finish(Ok(Done { invocation, tail }));
    }

    /// What the caller is told if the process took too long.
    pub fn timed_out(&self, timeout_s: u32) -> Invocation {
        let message = format!("RequestId: {} Error: {}", self.job.id, report::timed_out(timeout_s));
        Invocation::failed("Sandbox.Timedout", &message)
    }

    /// What the caller is told if the process ended, such as by `signal: killed`.
    pub fn crashed(&self, how: &str) -> Invocation {
        let message = format!("RequestId: {} Error: Runtime exited with error: {how}", self.job.id);
        Invocation::failed("Runtime.ExitError", &message)
    }
}
