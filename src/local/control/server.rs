//! The control API's server side: checks the token, does what is asked, answers JSON.

use bytes::Bytes;
use http::{Method, StatusCode, header, request::Parts};
use serde_json::json;

use super::PREFIX;
use crate::local::answer::{self, Answer};
use crate::local::faults::FaultSettings;
use crate::local::host::Host;
use crate::local::state::Deployment;

/// Answers one request of the control API.
pub async fn handle(host: &Host, parts: &Parts, body: Bytes) -> Answer {
    if !authorised(host, parts) {
        return answer::answer(
            StatusCode::UNAUTHORIZED,
            "text/plain",
            "the control API wants the host's token",
        );
    }
    let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    match (&parts.method, path) {
        (&Method::GET, "status") => answer::json(StatusCode::OK, &json!(host.status())),
        (&Method::PUT, "deployment") => match serde_json::from_slice::<Deployment>(&body) {
            Ok(deployment) => {
                done(host.deploy(deployment).await.map_err(|error| error.to_string()))
            }
            Err(error) => refused(StatusCode::BAD_REQUEST, error.to_string()),
        },
        (&Method::PUT, "faults") => match serde_json::from_slice::<FaultSettings>(&body) {
            Ok(settings) => {
                host.faults().set(settings);
                done(Ok(()))
            }
            Err(error) => refused(StatusCode::BAD_REQUEST, error.to_string()),
        },
        (&Method::POST, "shutdown") => {
            host.stop();
            done(Ok(()))
        }
        _ => refused(
            StatusCode::NOT_FOUND,
            format!("the control API has no {} {path}", parts.method),
        ),
    }
}

/// The token is compared in constant time: anything on this machine can connect to loopback.
fn authorised(host: &Host, parts: &Parts) -> bool {
    let given =
        parts.headers.get(header::AUTHORIZATION).map(|value| value.as_bytes()).unwrap_or_default();
    let wanted = format!("Bearer {}", host.token());
    given.len() == wanted.len()
        && given.iter().zip(wanted.as_bytes()).fold(0, |odd, (a, b)| odd | (a ^ b)) == 0
}

fn done(result: Result<(), String>) -> Answer {
    match result {
        Ok(()) => answer::json(StatusCode::OK, &json!(null)),
        Err(message) => refused(StatusCode::CONFLICT, message),
    }
}

fn refused(status: StatusCode, message: String) -> Answer {
    answer::answer(status, "text/plain; charset=utf-8", message)
}
