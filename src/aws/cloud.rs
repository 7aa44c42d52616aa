//! Where AWS's APIs are, and who asks: the embedded cloud with its operator's keys, or AWS itself
//! with the credentials that AWS's own tools would use.

use std::borrow::Cow;
use std::sync::Arc;

use aws_config::identity::IdentityCache;
use aws_config::profile::ProfileSet;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::region::Region;
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::credentials::{Found, Search};
use super::source::ambient;
use super::{Identity, http};
use crate::config::is_region;
use crate::local::credentials::Keys;

/// AWS's APIs in one region, as one identity; cheap to clone. Every service of a cloud shares one
/// HTTP client and one cache of credentials.
#[derive(Debug, Clone)]
pub struct Cloud {
    pub(super) sdk: SdkConfig,
    pub(super) identity: Arc<OnceCell<Identity>>,
    region: String,
    profile: Option<String>,
    /// Credentials that were looked for; none where the keys are fixed.
    found: Option<Found>,
}

/// How AWS is to be reached, as far as flags, environment and configuration say; what they leave
/// out comes from where AWS's own tools look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// The profile; none for whatever AWS's tools would use.
    pub profile: Option<String>,
    /// The region; none for `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile's.
    pub region: Option<String>,
    /// One address for every service; none for `AWS_ENDPOINT_URL`, its per-service forms, the
    /// profile's, or AWS itself.
    pub endpoint: Option<String>,
}

/// There is no way to AWS.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Nothing names a region.
    #[error("no region is set, and none is ever guessed")]
    NoRegion,
    /// What names the region names none.
    #[error("`{0}` is not an AWS region")]
    BadRegion(String),
    /// The named profile is not in AWS's files.
    #[error("there is no AWS profile `{name}`{}", listed(.known))]
    NoProfile {
        /// The name.
        name: String,
        /// The profiles that there are.
        known: Vec<String>,
    },
    /// AWS's configuration files cannot be read.
    #[error("AWS's configuration files cannot be read: {0}")]
    Files(String),
    /// The certificates that `AWS_CA_BUNDLE` names cannot be read.
    #[error("AWS_CA_BUNDLE: {path}: {source}")]
    Roots {
        /// The file.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
}

fn listed(known: &[String]) -> String {
    match known {
        [] => String::new(),
        known => format!("; there are {}", known.join(", ")),
    }
}

impl Cloud {
    /// The APIs at an address, as the owner of fixed keys: the embedded cloud's operator.
    pub fn with_keys(endpoint: &str, region: &str, keys: Keys) -> Self {
        let Keys { access_key_id, secret_access_key, session_token } = keys;
        let keys = Credentials::new(access_key_id, secret_access_key, session_token, None, "local");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(http::client(None))
            .build();
        Self::new(sdk, region.to_owned())
    }

    /// AWS itself, or what stands in for it at an endpoint. Reads AWS's configuration files; asks
    /// nobody: credentials are fetched for the first request.
    ///
    /// # Errors
    /// No region is named, the profile is missing, or a file cannot be read.
    pub fn connect(access: &Access) -> Result<Self, AccessError> {
        // AWS's loader is asynchronous in name: it reads files and the environment, and waits for
        // nothing, so it needs no runtime and may run inside one.
        pollster::block_on(Self::load(access))
    }

    async fn load(access: &Access) -> Result<Self, AccessError> {
        let Access { profile, region, endpoint } = access;
        let ambient = ambient(profile.as_deref())?;
        if let Some(name) = profile.as_ref().filter(|name| !ambient.profiles.contains(name)) {
            return Err(AccessError::NoProfile { name: name.clone(), known: ambient.profiles });
        }
        let region = region.clone().or_else(|| ambient.region.map(|(region, _)| region));
        let region = region.ok_or(AccessError::NoRegion)?;
        if !is_region(&region) {
            return Err(AccessError::BadRegion(region));
        }
        let http = http::client(extra_roots()?);
        let sought = Region::new(region.clone());
        let found = Found::new(Search {
            profile: profile.clone(),
            region: sought.clone(),
            http: http.clone(),
        });
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(sought)
            .http_client(http)
            .identity_cache(IdentityCache::no_cache())
            .credentials_provider(SharedCredentialsProvider::new(found.clone()));
        if let Some(name) = profile {
            loader = loader.profile_name(name);
        }
        if let Some(url) = endpoint {
            loader = loader.endpoint_url(url);
        }
        Ok(Self {
            found: Some(found),
            profile: profile.clone(),
            ..Self::new(loader.load().await, region)
        })
    }

    fn new(sdk: SdkConfig, region: String) -> Self {
        Self { sdk, identity: Arc::new(OnceCell::new()), region, profile: None, found: None }
    }

    /// When the credentials that sign requests now expire, as far as they say; they are renewed then
    /// by whatever gave them, if it can. Known after the first request.
    pub fn expiry(&self) -> Option<Timestamp> {
        let expiry = self.found.as_ref()?.expiry()?;
        Timestamp::try_from(expiry).ok()
    }

    /// Has the next request of any service look for credentials anew: somebody may have renewed them in
    /// AWS's files. Tells whether there is anywhere to look.
    pub fn renew(&self) -> bool {
        self.found.as_ref().map(Found::forget).is_some()
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The address of every service, if they have one in common that is not AWS's own.
    pub fn endpoint(&self) -> Option<&str> {
        self.sdk.endpoint_url()
    }

    /// The profile that was named, if one was.
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }
}

/// AWS's configuration and credentials files, with a profile chosen.
pub(super) async fn profiles(chosen: Option<&str>) -> Result<ProfileSet, AccessError> {
    let chosen = chosen.map(|name| Cow::Owned(name.to_owned()));
    aws_config::profile::load(&Fs::real(), &Env::real(), &Default::default(), chosen)
        .await
        .map_err(|error| AccessError::Files(error.to_string()))
}

fn extra_roots() -> Result<Option<Vec<u8>>, AccessError> {
    let Some(path) = std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let read = std::fs::read(&path).map(Some);
    read.map_err(|source| AccessError::Roots { path: path.to_string_lossy().into_owned(), source })
}
