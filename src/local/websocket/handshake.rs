//! The HTTP side of a handshake, RFC 6455 section 4.2: whether a request is one, and the answer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::local::answer::{self, Answer};

/// Why a request is no handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoHandshake {
    /// It is not of the form.
    Malformed,
    /// It does not ask for an upgrade to this version of the protocol.
    NoUpgrade,
}

/// The value of `Sec-WebSocket-Accept` that answers a request.
///
/// # Errors
/// The request is no handshake.
pub fn accept_key(
    method: &Method,
    version: Version,
    headers: &HeaderMap,
) -> Result<String, NoHandshake> {
    if *method != Method::GET {
        return Err(NoHandshake::Malformed);
    }
    let upgrades = version == Version::HTTP_11
        && lists(headers, &header::UPGRADE, "websocket")
        && lists(headers, &header::CONNECTION, "upgrade")
        && lists(headers, &header::SEC_WEBSOCKET_VERSION, "13");
    if !upgrades {
        return Err(NoHandshake::NoUpgrade);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(NoHandshake::Malformed)?.as_bytes();
    match STANDARD.decode(key) {
        Ok(nonce) if nonce.len() == 16 => Ok(derive_accept_key(key)),
        _ => Err(NoHandshake::Malformed),
    }
}

/// Whether a header's comma-separated values have this one, in any case.
fn lists(headers: &HeaderMap, name: &header::HeaderName, value: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|values| values.split(',')).any(|one| one.trim().eq_ignore_ascii_case(value))
}

/// The answer that admits. The subprotocol is the service's choice, and absent without one.
pub fn switching(accept: &str, protocol: Option<HeaderValue>) -> Answer {
    let mut answer = answer::empty(StatusCode::SWITCHING_PROTOCOLS);
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    answer
}
