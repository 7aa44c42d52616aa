//! The @connections API: post to a connection, look at it, close it.

use http::{HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::connection::Connection;
use super::handshake::plain;
use super::integration::strikes;
use super::{Gateway, ids};
use crate::local::answer::{Answer, Call, empty, json};
use crate::local::iam::Denied;
use crate::local::websocket::{DELETED, Refused};

/// Why a call is refused.
enum Failure {
    /// There is no such method or path, or the caller may not.
    Forbidden(String),
    /// The connection's id or the body is not of its form.
    BadRequest(String),
    /// There is no such connection: not yet, no more, or it never was.
    Gone,
    /// The body is too long.
    TooLarge,
    /// The client reads too slowly, or a fault says that it does.
    LimitExceeded,
}

impl Failure {
    fn answer(&self) -> Answer {
        let (status, kind, message) = match self {
            Self::Forbidden(message) => (StatusCode::FORBIDDEN, "ForbiddenException", &**message),
            Self::BadRequest(message) => {
                (StatusCode::BAD_REQUEST, "BadRequestException", &**message)
            }
            Self::Gone => (StatusCode::GONE, "GoneException", "Gone"),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "PayloadTooLargeException",
                "The payload is larger than a message can be",
            ),
            Self::LimitExceeded => (
                StatusCode::TOO_MANY_REQUESTS,
                "LimitExceededException",
                "The client-side buffer is full",
            ),
        };
        plain(status, kind, message)
    }
}

impl From<Denied> for Failure {
    fn from(Denied { message, missing_statement }: Denied) -> Self {
        Self::Forbidden(match missing_statement {
            Some(statement) => format!("{message}. Missing statement: {statement}"),
            None => message,
        })
    }
}

impl Gateway {
    /// Answers `/{stage}/@connections/{id}`, and the same without the stage for clients that know
    /// nothing but the endpoint.
    pub async fn callback(&self, call: Call) -> Answer {
        self.0.faults.outlive_crashes().await;
        let mut answer = self.called(call).unwrap_or_else(|failure| failure.answer());
        if let Ok(id) = HeaderValue::try_from(ids::fresh()) {
            answer.headers_mut().insert("x-amzn-requestid", id);
        }
        answer
    }

    fn called(&self, call: Call) -> Result<Answer, Failure> {
        let method = &call.parts.method;
        let id = self.connection_id(call.parts.uri.path());
        let (Some(id), &(Method::POST | Method::GET | Method::DELETE)) = (id, method) else {
            return Err(Failure::Forbidden("Forbidden".to_owned()));
        };
        let resource = self.settings().arn(&format!("{method}/@connections/{id}"));
        self.0.access.check(&call.caller, "execute-api:ManageConnections", &resource)?;
        if !ids::is_connection_id(&id) {
            return Err(Failure::BadRequest(format!("Invalid connectionId: {id}")));
        }
        if call.body.len() > self.limits().post_bytes {
            return Err(Failure::TooLarge);
        }
        let connection =
            self.0.registry.get(&id).filter(|connection| !connection.outbox.is_ended());
        let connection = connection.ok_or(Failure::Gone)?;
        match *method {
            Method::POST => self.post(&connection, call),
            Method::DELETE => delete(&connection),
            _ => Ok(described(&connection)),
        }
    }

    fn connection_id(&self, path: &str) -> Option<String> {
        const PREFIX: &str = "/@connections/";
        let encoded = path
            .strip_prefix('/')
            .and_then(|path| path.strip_prefix(&*self.settings().stage))
            .and_then(|path| path.strip_prefix(PREFIX))
            .or_else(|| path.strip_prefix(PREFIX))?;
        Some(percent_decode_str(encoded).decode_utf8_lossy().into_owned())
    }

    fn post(&self, connection: &Connection, call: Call) -> Result<Answer, Failure> {
        let text = Utf8Bytes::try_from(call.body)
            .map_err(|_| Failure::BadRequest("The payload is not UTF-8".to_owned()))?;
        if strikes(self.0.faults.get().post_throttle) {
            return Err(Failure::LimitExceeded);
        }
        match connection.post(text, self.limits()) {
            Ok(()) => Ok(empty(StatusCode::OK)),
            Err(Refused::Full) => Err(Failure::LimitExceeded),
            Err(Refused::Ended) => Err(Failure::Gone),
        }
    }
}

fn delete(connection: &Connection) -> Result<Answer, Failure> {
    if connection.outbox.end(DELETED) {
        Ok(empty(StatusCode::NO_CONTENT))
    } else {
        Err(Failure::Gone)
    }
}

fn described(connection: &Connection) -> Answer {
    let time = |ms| Timestamp::from_millisecond(ms).unwrap_or_default().to_string();
    let body = json!({
        "connectedAt": time(connection.person.connected_at),
        "identity": connection.person.identity,
        "lastActiveAt": time(connection.last_active()),
    });
    json(StatusCode::OK, &body)
}
