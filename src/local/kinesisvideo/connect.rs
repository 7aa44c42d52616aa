//! ConnectAsMaster and ConnectAsViewer: the handshake of the signaling WebSocket.

use std::time::Instant;

use http::StatusCode;
use http::request::Parts;
use hyper::upgrade::OnUpgrade;
use percent_encoding::percent_decode_str;

use super::KinesisVideo;
use super::refusal::Refusal;
use super::request::is_word;
use super::signaling::Role;
use crate::local::answer::{self, Answer};
use crate::local::credentials::Caller;
use crate::local::sigv4::Service;
use crate::local::websocket::{accept_key, switching};

/// The longest that the URL of a connection may be good for, in seconds.
const EXPIRES_S: u32 = 299;

/// Whether a request for a WebSocket is for a signaling channel, by its query.
pub fn is_signaling(query: Option<&str>) -> bool {
    let has = |name| value(query, name).is_some();
    has("X-Amz-ChannelARN") || has("X-Amz-Algorithm")
}

impl KinesisVideo {
    /// Answers a handshake whose signature was verified: 101, or why not.
    pub fn connect(&self, caller: &Caller, parts: &Parts, upgrade: OnUpgrade) -> Answer {
        let admitted = self.admit_peer(caller, parts, upgrade);
        admitted.map_or_else(|refusal| refusal.answer(), |key| switching(&key, None))
    }

    fn admit_peer(
        &self,
        caller: &Caller,
        parts: &Parts,
        upgrade: OnUpgrade,
    ) -> Result<String, Refusal> {
        let key = accept_key(&parts.method, parts.version, &parts.headers)
            .map_err(|_| Refusal::invalid("The request is no WebSocket handshake."))?;
        let query = parts.uri.query();
        let expires = value(query, "X-Amz-Expires").and_then(|text| text.parse::<u32>().ok());
        if expires.is_some_and(|seconds| seconds > EXPIRES_S) {
            let words = format!("X-Amz-Expires must be {EXPIRES_S} at most.");
            return Err(Refusal::invalid(words));
        }
        let arn = value(query, "X-Amz-ChannelARN")
            .ok_or_else(|| Refusal::invalid("X-Amz-ChannelARN is missing."))?;
        let role = role(value(query, "X-Amz-ClientId"))?;
        let operation = match role {
            Role::Master => "ConnectAsMaster",
            Role::Viewer(_) => "ConnectAsViewer",
        };
        self.check(caller, operation, &arn)?;
        let channel = self.by_arn(&arn)?;
        let rate = self.0.signaling.limits().connects_per_second;
        if !self.0.rates.take(operation, Some(&arn), rate, Instant::now()) {
            return Err(Refusal::too_often(operation, rate));
        }
        self.0.signaling.join(&channel, &arn, role, upgrade)?;
        self.0.requests.add(Service::KinesisVideo, operation);
        Ok(key)
    }

    /// The answer to a handshake for which there is no room.
    pub fn unavailable() -> Answer {
        answer::empty(StatusCode::SERVICE_UNAVAILABLE)
    }
}

/// Whoever names a client id is a viewer.
fn role(client_id: Option<String>) -> Result<Role, Refusal> {
    let Some(id) = client_id else { return Ok(Role::Master) };
    let reserved = id.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("AWS_"));
    if reserved || !is_word(&id) {
        return Err(Refusal::invalid(
            "X-Amz-ClientId must have 1 to 256 characters of [a-zA-Z0-9_.-] and not begin with \
             AWS_.",
        ));
    }
    Ok(Role::Viewer(id.into()))
}

/// The decoded value of a query's parameter.
fn value(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
}
