//! Signing keys by credential: derived once a day, key and service, then kept.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::refusal::SignatureError;
use super::signed::Scope;
use crate::local::credentials::{Caller, Credentials};

/// More than any day's keys; above it all are derived anew.
const KEPT: usize = 4_096;

/// A derived signing key and whose it is.
#[derive(Clone)]
pub struct SigningKey {
    /// The owner.
    pub caller: Caller,
    mac: Hmac<Sha256>,
    token: Option<Arc<str>>,
}

impl SigningKey {
    /// Temporary keys come with their token, others without one.
    ///
    /// # Errors
    /// The token is not the keys' own.
    pub fn check_token(&self, token: Option<&str>) -> Result<(), SignatureError> {
        if self.token.as_deref() == token { Ok(()) } else { Err(SignatureError::Token) }
    }

    /// The code of the string to sign, ready to be compared in constant time.
    pub fn mac_of(&self, date: &str, scope: &str, digest: &[u8; 64]) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        mac.update(b"AWS4-HMAC-SHA256\n");
        mac.update(date.as_bytes());
        mac.update(b"\n");
        mac.update(scope.as_bytes());
        mac.update(b"\n");
        mac.update(digest);
        mac
    }
}

/// The keys in use.
pub struct Keyring {
    credentials: Credentials,
    kept: RwLock<HashMap<Box<str>, SigningKey>>,
}

impl Keyring {
    /// Derives from these credentials.
    pub fn new(credentials: Credentials) -> Self {
        Self { credentials, kept: RwLock::default() }
    }

    /// The key of a credential.
    ///
    /// # Errors
    /// Nobody has this access key id.
    pub fn find(&self, credential: &str, scope: &Scope<'_>) -> Result<SigningKey, SignatureError> {
        let kept =
            self.kept.read().unwrap_or_else(PoisonError::into_inner).get(credential).cloned();
        if let Some(key) = kept {
            return Ok(key);
        }
        let (keys, caller) =
            self.credentials.find(scope.key_id).ok_or(SignatureError::UnknownKey)?;
        let token = keys.session_token.as_deref().map(Arc::from);
        Ok(SigningKey { caller, mac: derive(&keys.secret_access_key, scope), token })
    }

    /// Keeps the key of a credential that signed rightly; others would let anyone fill the memory.
    pub fn keep(&self, credential: &str, key: SigningKey) {
        let known =
            self.kept.read().unwrap_or_else(PoisonError::into_inner).contains_key(credential);
        if known {
            return;
        }
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(credential.into(), key);
    }
}

fn derive(secret: &str, scope: &Scope<'_>) -> Hmac<Sha256> {
    let first = format!("AWS4{secret}");
    let steps = [scope.date, scope.region, scope.service, scope.terminator];
    steps.iter().fold(keyed(first.as_bytes()), |mut mac, step| {
        mac.update(step.as_bytes());
        keyed(&mac.finalize().into_bytes())
    })
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}
