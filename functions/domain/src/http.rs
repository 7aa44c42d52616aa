//! What a request of the HTTP API is answered.

use chatctl_protocol::{HttpError, HttpErrorCode};
use serde::Serialize;

/// An answer: a status, and a body of JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl HttpAnswer {
    /// An answer with one of the protocol's bodies.
    pub(crate) fn new(status: u16, body: &impl Serialize) -> Self {
        // Texts and enums: nothing that JSON cannot hold.
        Self { status, body: serde_json::to_string(body).unwrap_or_default() }
    }

    /// The answer of a stage that does not work just now.
    pub(crate) fn unavailable(message: &str) -> Self {
        let error = HttpError { code: HttpErrorCode::Unavailable, message: message.to_owned() };
        Self::new(503, &error)
    }
}
