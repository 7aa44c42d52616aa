//! Why a call is refused, as Kinesis Video names it.

use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::store::StoreError;
use crate::local::answer::{Answer, json};
use crate::local::iam::Denied;

/// A refusal: an error of the service's models, or of the services before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// The error's name.
    pub code: &'static str,
    /// What was wrong.
    pub message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// A parameter is not of its form.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidArgumentException", message)
    }

    /// There is no such channel.
    pub fn not_found(what: &str) -> Self {
        let message = format!("The requested channel {what} is not found or not active.");
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
    }

    /// There is one of this name already.
    pub fn in_use(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ResourceInUseException", message)
    }

    /// Too often, or too many at once.
    pub fn too_many(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ClientLimitExceededException", message)
    }

    /// An operation was asked for more often than its rate.
    pub fn too_often(operation: &str, rate: u32) -> Self {
        Self::too_many(format!(
            "{operation} was called more often than {rate} times a second; try again later."
        ))
    }

    /// The account has as many channels as it may.
    pub fn channels(most: u64) -> Self {
        let message = format!("The account has {most} signaling channels, the most it may have.");
        Self::new(StatusCode::BAD_REQUEST, "AccountChannelLimitExceededException", message)
    }

    /// A channel would have too many tags.
    pub fn tags(most: usize) -> Self {
        let message = format!("A channel has {most} tags at most.");
        Self::new(StatusCode::BAD_REQUEST, "TagsPerResourceExceededLimitException", message)
    }

    /// The channel has changed since.
    pub fn version(current: &str) -> Self {
        let message = format!(
            "The version that was given is not the channel's current one, {current}; describe it \
             again."
        );
        Self::new(StatusCode::BAD_REQUEST, "VersionMismatchException", message)
    }

    /// No operation is asked for like this.
    pub fn unknown_operation() -> Self {
        let message = "Unable to determine service/operation name to be authorized";
        Self::new(StatusCode::FORBIDDEN, "AccessDeniedException", message)
    }

    /// The error on the wire. The services write the member by either letter; clients read both.
    pub fn answer(&self) -> Answer {
        let mut answer =
            json(self.status, &json!({"Message": self.message, "message": self.message}));
        let code = HeaderValue::from_static(self.code);
        answer.headers_mut().insert("x-amzn-errortype", code);
        answer
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDeniedException", denied.message)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(status, "InternalFailure", error.to_string())
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", error.to_string())
    }
}
