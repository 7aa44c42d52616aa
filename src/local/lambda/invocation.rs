//! What is asked of a function and what comes of it.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::oneshot;

/// What an invocation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// The function's answer.
    Success(Bytes),
    /// The function failed, or its process did.
    FunctionError {
        /// AWS's word for it in `X-Amz-Function-Error`: `Unhandled`, or `Handled` of old runtimes.
        kind: String,
        /// A JSON object with `errorType` and `errorMessage`.
        payload: Bytes,
    },
}

impl Invocation {
    /// An error that the host tells of on the function's behalf.
    pub(super) fn failed(error_type: &str, message: &str) -> Self {
        let payload = json!({"errorType": error_type, "errorMessage": message});
        Self::unhandled(payload.to_string())
    }

    pub(super) fn unhandled(payload: impl Into<Bytes>) -> Self {
        Self::FunctionError { kind: "Unhandled".to_owned(), payload: payload.into() }
    }
}

/// Why there was no invocation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// There is no function of this name.
    #[error("there is no such function")]
    NotFound,
    /// Too many invocations wait already.
    #[error("too many invocations of this function wait")]
    Throttled,
    /// The process does not start; says why, with its last lines.
    #[error("{0}")]
    Start(String),
}

impl InvokeError {
    pub(super) fn closing() -> Self {
        Self::Start("the host is ending".to_owned())
    }
}

/// An invocation with what was logged meanwhile, if that was asked for.
#[derive(Debug)]
pub struct Done {
    pub invocation: Invocation,
    pub tail: Option<String>,
}

/// An invocation to be.
#[derive(Debug)]
pub struct Job {
    pub id: Arc<str>,
    pub payload: Bytes,
    /// Whether the caller wants the log's tail.
    pub tail: bool,
    pub reply: oneshot::Sender<Result<Done, InvokeError>>,
}

impl Job {
    /// Tells the caller; one that has gone away needs nothing.
    pub fn finish(self, outcome: Result<Done, InvokeError>) {
        let _ = self.reply.send(outcome);
    }
}
