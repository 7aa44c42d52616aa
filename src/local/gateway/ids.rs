//! Ids in API Gateway's shapes: sixteen characters of URL-safe base64 that end in `=`, so that a
//! client that forgets to percent-encode one finds out here.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use ulid::Ulid;

/// The length of an id in characters.
const LENGTH: usize = 16;

/// A fresh id for a connection, a message or a request.
pub fn fresh() -> String {
    // The last eleven bytes of a ULID hold its 80 random bits and 8 of its clock.
    URL_SAFE.encode(&Ulid::new().to_bytes()[5..])
}

/// Whether a text can be the id of a connection.
pub fn is_connection_id(text: &str) -> bool {
    let body = text.strip_suffix('=').unwrap_or_default();
    text.len() == LENGTH
        && body.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_id_has_the_shape_that_is_asked_for() {
        let ids: std::collections::HashSet<String> = (0..1000).map(|_| fresh()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| is_connection_id(id)));
        for wrong in ["", "JC1dgf9yoAMCK-g", "JC1dgf9yoAMCK+g=", "JC1dgf9yoAMCK-g%3D"] {
            assert!(!is_connection_id(wrong), "{wrong}");
        }
    }
}
