//! Credentials that say when they expire: whoever fetches them has it written down, so that a person can
//! be told beforehand without their being fetched twice.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

/// When the credentials that were fetched last expire.
#[derive(Debug, Clone, Default)]
pub(super) struct Expiry(Arc<Mutex<Option<SystemTime>>>);

impl Expiry {
    /// The time; none if they do not say, or were not fetched yet.
    pub(super) fn get(&self) -> Option<SystemTime> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, expiry: Option<SystemTime>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = expiry;
    }
}

/// Credentials of another provider, with their expiry written down.
#[derive(Debug)]
pub(super) struct Noted {
    /// Who fetches them.
    pub(super) source: SharedCredentialsProvider,
    /// Where it is written.
    pub(super) expiry: Expiry,
}

impl ProvideCredentials for Noted {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let credentials = self.source.provide_credentials().await?;
            self.expiry.set(credentials.expiry());
            Ok(credentials)
        })
    }
}
