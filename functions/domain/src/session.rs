//! Session tokens: proof, over a week, that a later connection is the same person.
//!
//! A token is `base64url(payload) . base64url(HMAC-SHA256(payload))`. It says who somebody is and
//! nothing about what they may do: memberships are read from the store at every request.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chatctl_protocol::{ErrorCode, Refusal};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// How long a token proves anything, seconds.
const TTL_S: u64 = 7 * 24 * 3600;

/// Who a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Claims {
    pub person_id: String,
    pub name: String,
    /// Seconds since the epoch.
    pub exp: u64,
}

/// Why a token proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Void {
    Forged,
    Expired,
}

impl From<Void> for Refusal {
    fn from(void: Void) -> Self {
        let message = match void {
            Void::Forged => {
                "this session token was not issued here or was changed; connect without `session`, or with the token from the last welcome"
            }
            Void::Expired => {
                "this session token has expired (it lasts 7 days); connect without `session` to start anew"
            }
        };
        Refusal::new(ErrorCode::Unauthorized, message)
    }
}

/// Issues a token.
pub(crate) fn issue(key: &[u8], person_id: &str, name: &str, now_ms: u64) -> String {
    let claims =
        Claims { person_id: person_id.into(), name: name.into(), exp: now_ms / 1000 + TTL_S };
    let payload = serde_json::to_vec(&claims).unwrap_or_default();
    let tag = mac(key, &payload).finalize().into_bytes();
    format!("{}.{}", URL_SAFE_NO_PAD.encode(payload), URL_SAFE_NO_PAD.encode(tag))
}

/// Reads a token; the tag is compared in constant time, before anything in it is believed.
pub(crate) fn verify(key: &[u8], token: &str, now_ms: u64) -> Result<Claims, Void> {
    let (payload, tag) = token.split_once('.').ok_or(Void::Forged)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| Void::Forged)?;
    let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| Void::Forged)?;
    mac(key, &payload).verify_slice(&tag).map_err(|_| Void::Forged)?;
    let claims: Claims = serde_json::from_slice(&payload).map_err(|_| Void::Forged)?;
    if claims.exp > now_ms / 1000 { Ok(claims) } else { Err(Void::Expired) }
}

fn mac(key: &[u8], payload: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(payload);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    #[test]
    fn a_token_holds_for_a_week() {
        let token = issue(KEY, "p1", "Alice", 1_000);
        let claims = verify(KEY, &token, 1_000 + (TTL_S - 1) * 1000).unwrap();
        assert_eq!((claims.person_id.as_str(), claims.name.as_str()), ("p1", "Alice"));
        assert_eq!(verify(KEY, &token, 1_000 + TTL_S * 1000), Err(Void::Expired));
    }

    #[test]
    fn any_change_voids_a_token() {
        let token = issue(KEY, "p1", "Alice", 1_000);
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(verify(KEY, &changed, 1_000), Err(Void::Forged), "at {at}");
        }
        assert_eq!(verify(b"another key", &token, 1_000), Err(Void::Forged));
        assert_eq!(verify(KEY, "", 1_000), Err(Void::Forged));
        assert_eq!(verify(KEY, ".", 1_000), Err(Void::Forged));
    }
}
