//! A TURN server of the stage's own: credentials that end by themselves, made from a shared secret as
//! coturn's `use-auth-secret` checks them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chatctl_domain::Ice;
use chatctl_protocol::IceServer;
use hmac::{Hmac, Mac};
use sha1::Sha1;

/// How long credentials are good for new allocations, seconds.
const LIFETIME_S: u64 = 3600;

/// Credentials for one client from `now_ms` on.
pub(crate) fn own(urls: Vec<String>, secret: &str, client_id: &str, now_ms: u64) -> Ice {
    let expires_s = now_ms / 1000 + LIFETIME_S;
    let username = format!("{expires_s}:{client_id}");
    let mut mac =
        Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(username.as_bytes());
    let credential = STANDARD.encode(mac.finalize().into_bytes());
    let server = IceServer { urls, username: Some(username), credential: Some(credential) };
    Ice { servers: vec![server], expires_at: Some(expires_s * 1000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_those_that_coturn_expects() {
        let ice = own(vec!["turn:t:3478".into()], "north", "c-1", 1_433_891_906_000);
        let server = &ice.servers[0];
        assert_eq!(server.username.as_deref(), Some("1433895506:c-1"));
        // printf 1433895506:c-1 | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(server.credential.as_deref(), Some("z8NoAzodNE8o0joGE0mOF6Sqorg="));
        assert_eq!(ice.expires_at, Some(1_433_895_506_000));
    }
}
