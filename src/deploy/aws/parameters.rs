//! The stage's secrets: made of random bytes where they are missing, and never read here.
//!
//! CloudFormation cannot make encrypted parameters, so they are made beside it, before the first
//! function could ask for them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::try_join_all;

use crate::aws::{AwsError, Cloud, Parameters};
use crate::deploy::{DeployError, Event, OnEvent};
use crate::stack::{Parameter, Stack};

/// Makes the parameters that are missing.
pub(super) async fn ensure(
    cloud: &Cloud,
    stack: &Stack,
    path: &str,
    tags: &BTreeMap<String, String>,
    on_event: OnEvent<'_>,
) -> Result<(), DeployError> {
    if stack.parameters.is_empty() {
        return Ok(());
    }
    let store = Parameters::new(cloud);
    let there = store.below(path).await?;
    let missing = stack.parameters.iter().filter(|one| !there.contains(&one.physical));
    let made = missing.map(|one| make(&store, one, tags, on_event));
    try_join_all(made).await?;
    Ok(())
}

async fn make(
    store: &Parameters,
    parameter: &Parameter,
    tags: &BTreeMap<String, String>,
    on_event: OnEvent<'_>,
) -> Result<(), DeployError> {
    let Parameter { logical, physical, bytes } = parameter;
    let mut secret = vec![0; usize::from(*bytes)];
    getrandom::fill(&mut secret).map_err(|error| DeployError::Io {
        what: "random bytes".to_owned(),
        source: std::io::Error::other(error.to_string()),
    })?;
    let made: Result<(), AwsError> =
        store.make_secret(physical, &STANDARD.encode(secret), tags).await;
    made?;
    on_event(Event::SecretMade { name: logical.clone() });
    Ok(())
}
