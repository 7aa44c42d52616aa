//! Failures, as DynamoDB writes them.

use dynoxide::DynoxideError;
use http::StatusCode;
use serde_json::json;

use crate::local::iam::Denied;

/// Why a call is refused or fails.
#[derive(Debug)]
pub enum Failure {
    /// No operation of this name.
    UnknownOperation,
    /// The body is not JSON.
    NotJson,
    /// IAM says no.
    Denied(Denied),
    /// The database says no.
    Database(DynoxideError),
}

impl From<DynoxideError> for Failure {
    fn from(error: DynoxideError) -> Self {
        Self::Database(error)
    }
}

impl Failure {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Database(error) => StatusCode::from_u16(error.status_code())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            Self::UnknownOperation | Self::NotJson | Self::Denied(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// The JSON body.
    pub fn body(&self) -> Vec<u8> {
        let body = match self {
            Self::UnknownOperation => {
                json!({"__type": "com.amazon.coral.service#UnknownOperationException"})
            }
            Self::NotJson => json!({"__type": "com.amazon.coral.service#SerializationException"}),
            Self::Denied(denied) => json!({
                "__type": "com.amazon.coral.service#AccessDeniedException",
                "Message": denied.message,
            }),
            Self::Database(error) => return error.to_json().into_bytes(),
        };
        body.to_string().into_bytes()
    }

    /// A body that could not be read as the operation's request.
    ///
    /// The database's readers mark what they refuse by a prefix of their message, to say which of
    /// DynamoDB's exceptions it is.
    pub fn unreadable(operation: &str, error: &serde_json::Error) -> Self {
        if error.is_syntax() || error.is_eof() {
            return Self::NotJson;
        }
        let text = error.to_string();
        let (marker, rest) = match text.split_once(':') {
            Some((marker, rest)) if MARKERS.contains(&marker) => (marker, rest),
            _ => ("", text.as_str()),
        };
        let whole = marker.ends_with("_AS_READ");
        let message = if whole { rest } else { without_position(rest) }.trim_start().to_owned();
        Self::Database(match marker {
            "VALIDATION_REQUEST" if ENVELOPED.contains(&operation) => {
                DynoxideError::ValidationException(format!(
                    "1 validation error detected: {message}"
                ))
            }
            "VALIDATION" | "VALIDATION_REQUEST" | "VALIDATION_AS_READ" => {
                DynoxideError::ValidationException(message)
            }
            "SERIALIZATION" | "SERIALIZATION_AS_READ" => {
                DynoxideError::SerializationException(message)
            }
            _ if is_validation(&message) => DynoxideError::ValidationException(message),
            _ => DynoxideError::SerializationException(message),
        })
    }
}

const MARKERS: [&str; 5] = [
    "VALIDATION",
    "VALIDATION_REQUEST",
    "VALIDATION_AS_READ",
    "SERIALIZATION",
    "SERIALIZATION_AS_READ",
];

/// The operations that put the words "1 validation error detected" before such refusals.
const ENVELOPED: [&str; 3] = ["PutItem", "UpdateItem", "DeleteItem"];

/// DynamoDB validates what is missing, null or not one of its words; a wrong JSON type it cannot
/// even read.
fn is_validation(message: &str) -> bool {
    ["missing field", "unknown variant", "invalid type: null", "AttributeValue"]
        .iter()
        .any(|part| message.contains(part))
}

/// The message without the ` at line N column N` that the JSON reader adds.
fn without_position(message: &str) -> &str {
    match message.rfind(" at line ") {
        Some(at) if message[at..].contains(" column ") => &message[..at],
        _ => message,
    }
}
