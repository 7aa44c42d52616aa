//! The @connections API: post to a connection, look at it, close it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::{HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::connection::Connection;
use super::message::chance;
use super::{Gateway, ids};
use crate::local::answer::{Answer, Call, empty, json};

impl Gateway {
    /// Answers `/{stage}/@connections/{id}`, and the same without the stage for clients that know
    /// nothing but the endpoint.
    pub async fn callback(&self, call: Call) -> Answer {
        let Some(id) = self.connection_id(call.parts.uri.path()) else {
            return failure(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden");
        };
        let settings = self.settings();
        let method = &call.parts.method;
        let resource = format!(
            "arn:aws:execute-api:{}:{}:{}/{}/{method}/@connections/{id}",
            settings.region, settings.account, settings.api_id, settings.stage
        );
        if let Err(denied) =
            self.0.access.check(&call.caller, "execute-api:ManageConnections", &resource)
        {
            return failure(StatusCode::FORBIDDEN, "ForbiddenException", &denied.message);
        }
        if !ids::is_connection_id(&id) {
            return failure(
                StatusCode::BAD_REQUEST,
                "BadRequestException",
                &format!("Invalid connectionId: {id}"),
            );
        }
        if call.body.len() > settings.limits.post_bytes {
            return failure(
                StatusCode::PAYLOAD_TOO_LARGE,
                "PayloadTooLargeException",
                "Message too long",
            );
        }
        let Some(connection) = self.0.registry.get(&id) else {
            return failure(StatusCode::GONE, "GoneException", "410");
        };
        match *method {
            Method::POST => self.post(&connection, call),
            Method::GET => described(&connection),
            Method::DELETE => {
                self.0.registry.remove(&id);
                connection.close(1000, "Connection Closed Normally");
                empty(StatusCode::NO_CONTENT)
            }
            _ => failure(
                StatusCode::METHOD_NOT_ALLOWED,
                "BadRequestException",
                "use GET, POST or DELETE",
            ),
        }
    }

    fn connection_id(&self, path: &str) -> Option<String> {
        let path = path.strip_prefix('/')?;
        let path = match path.strip_prefix(&*self.settings().stage) {
            Some(rest) if rest.starts_with("/@connections/") => &rest[1..],
            _ => path,
        };
        let id = path.strip_prefix("@connections/")?;
        Some(percent_decode_str(id).decode_utf8_lossy().into_owned())
    }

    fn post(&self, connection: &Arc<Connection>, call: Call) -> Answer {
        let too_many = || {
            failure(
                StatusCode::TOO_MANY_REQUESTS,
                "LimitExceededException",
                "the client-side buffer is full",
            )
        };
        let Ok(text) = Utf8Bytes::try_from(call.body) else {
            return failure(
                StatusCode::BAD_REQUEST,
                "BadRequestException",
                "the body is not UTF-8",
            );
        };
        if chance(self.0.faults.get().post_throttle) {
            return too_many();
        }
        match connection.post(text, self.settings().limits.queue_bytes) {
            Ok(()) => empty(StatusCode::OK),
            Err(_) => too_many(),
        }
    }
}

fn described(connection: &Connection) -> Answer {
    let time = |ms| Timestamp::from_millisecond(ms).unwrap_or_default().to_string();
    let body = json!({
        "connectedAt": time(connection.connected_at),
        "identity": connection.identity,
        "lastActiveAt": time(connection.last_active.load(Ordering::Relaxed)),
    });
    json(StatusCode::OK, &body)
}

fn failure(status: StatusCode, kind: &'static str, message: &str) -> Answer {
    let mut answer = json(status, &json!({ "message": message }));
    answer.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(kind));
    answer
}
