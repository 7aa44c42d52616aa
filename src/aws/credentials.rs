//! The credentials that sign requests: fetched once for every service, again when they are about to
//! expire, and again for whoever was refused with them and says so, because somebody may have renewed
//! them in AWS's files.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, future};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::region::Region;

/// Credentials that expire sooner are fetched anew: a request takes its time.
const AHEAD: Duration = Duration::from_secs(10);
/// A program that gives credentials may ask a person for a code first.
const LONGEST_LOOK: Duration = Duration::from_secs(120);

/// Where credentials are looked for.
#[derive(Debug, Clone)]
pub(super) struct Search {
    /// The profile, where one is named; otherwise whatever AWS's tools would take.
    pub(super) profile: Option<String>,
    /// The region that credentials are asked for in, where a service gives them.
    pub(super) region: Region,
    /// What that service is asked by.
    pub(super) http: SharedHttpClient,
}

impl Search {
    /// Looks, reading AWS's files as they are now.
    async fn fetch(&self) -> Result {
        let conf = ProviderConfig::without_region()
            .with_region(Some(self.region.clone()))
            .with_http_client(self.http.clone());
        match &self.profile {
            // A profile that somebody named comes before keys that happen to be in the environment.
            Some(name) => {
                let profile = ProfileFileCredentialsProvider::builder().profile_name(name);
                profile.configure(&conf).build().provide_credentials().await
            }
            None => {
                // Without a region the chain would look for one by itself, on the network at last.
                let chain = DefaultCredentialsChain::builder().region(self.region.clone());
                chain.configure(conf).build().await.provide_credentials().await
            }
        }
    }
}

/// What was found, for all services of a cloud; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Found(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    search: Search,
    /// One looks at a time, and the others wait for what it finds.
    looking: tokio::sync::Mutex<()>,
    found: Mutex<Option<Credentials>>,
}

impl Found {
    /// Nothing yet: the first request looks.
    pub(super) fn new(search: Search) -> Self {
        Self(Arc::new(Shared { search, looking: Default::default(), found: Mutex::default() }))
    }

    /// When they expire; none if they do not say, or were not looked for yet.
    pub(super) fn expiry(&self) -> Option<SystemTime> {
        self.now().and_then(|credentials| credentials.expiry())
    }

    /// Has the next request look again.
    pub(super) fn forget(&self) {
        self.keep(None);
    }

    fn now(&self) -> Option<Credentials> {
        self.0.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, found: Option<Credentials>) {
        *self.0.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    async fn credentials(&self) -> Result {
        let lasting = |found: &Credentials| {
            found.expiry().is_none_or(|expiry| expiry > SystemTime::now() + AHEAD)
        };
        let _looking = self.0.looking.lock().await;
        if let Some(found) = self.now().filter(lasting) {
            return Ok(found);
        }
        let look = tokio::time::timeout(LONGEST_LOOK, self.0.search.fetch()).await;
        let found = look.map_err(|_| CredentialsError::provider_timed_out(LONGEST_LOOK))??;
        self.keep(Some(found.clone()));
        Ok(found)
    }
}

impl ProvideCredentials for Found {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}
