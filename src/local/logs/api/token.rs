//! Tokens with which a client goes on where it stopped: opaque to it, complete for us, so that
//! they survive a restart.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Fault;

/// How long a token lives, as on AWS.
const LIFE_MS: i64 = 86_400_000;

#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    /// When it was given.
    at: i64,
    /// What it was given for.
    of: String,
    next: T,
}

/// What a token is given for: the request without its token.
pub fn purpose(parts: &impl Serialize) -> String {
    let digest = Sha256::digest(serde_json::to_vec(parts).unwrap_or_default());
    URL_SAFE_NO_PAD.encode(&digest[..12])
}

/// Makes a token.
pub fn seal(next: impl Serialize, purpose: &str, now_ms: i64) -> String {
    let sealed = Sealed { at: now_ms, of: purpose.to_owned(), next };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&sealed).unwrap_or_default())
}

/// Reads a token that was given for this purpose less than a day ago.
pub fn open<T: DeserializeOwned>(token: &str, purpose: &str, now_ms: i64) -> Result<T, Fault> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Sealed<T>>(&bytes).ok())
        .filter(|sealed| sealed.of == purpose && now_ms - sealed.at < LIFE_MS)
        .map(|sealed| sealed.next)
        .ok_or_else(|| Fault::invalid("The specified nextToken is invalid."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_for_its_purpose_and_for_a_day() {
        let token = seal((1, 2), "a", 0);
        assert_eq!(open::<(i64, i64)>(&token, "a", LIFE_MS - 1).unwrap(), (1, 2));
        assert!(open::<(i64, i64)>(&token, "a", LIFE_MS).is_err());
        assert!(open::<(i64, i64)>(&token, "b", 0).is_err());
        assert!(open::<(i64, i64)>("nonsense", "a", 0).is_err());
    }
}
