//! What a client is told when a request is refused.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why a request was refused; the set is closed and part of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ErrorCode {
    /// The message is not of the protocol's form.
    BadRequest,
    /// No route has this `action`.
    UnknownAction,
    /// The connection has no identity, or the session token is not this person's.
    Unauthorized,
    /// The person may not do this.
    Forbidden,
    /// What the message names does not exist.
    NotFound,
    /// It collides with what is there: a name in use, a decision already taken.
    Conflict,
    /// Too many requests; `retryAfterMs` says when to come back.
    RateLimited,
    /// Over a size limit.
    TooLarge,
    /// The server failed; nothing about its inside is told.
    Internal,
}

/// A refusal: a code for programs and a sentence that says what was wrong and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The kind of refusal.
    pub code: ErrorCode,
    /// The sentence for people.
    pub message: String,
    /// Milliseconds to wait before the same request can succeed, where that is known.
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    /// A refusal with a code and a sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after_ms: None }
    }

    /// `badRequest` with a sentence.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, message)
    }

    /// `internal`, in the one wording that leaks nothing.
    pub fn internal() -> Self {
        Self::new(
            ErrorCode::Internal,
            "the server could not finish this request; nothing is lost, try it again",
        )
    }
}
