//! What was deployed when: one small object a deployment, in the artifact bucket. It is what a
//! rollback chooses from; the stack's own state is CloudFormation's.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::artifacts::Artifacts;
use crate::deploy::DeployError;

/// A deployment that ended well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployed {
    /// When.
    pub at: Timestamp,
    /// By which version of the program.
    pub version: String,
    /// The template's key in the artifact bucket.
    pub template: String,
    /// The code's SHA-256, in hex.
    pub code_sha256: String,
}

/// Writes a deployment down.
pub(super) async fn remember(
    artifacts: &Artifacts,
    template: &str,
    code_sha256: &str,
) -> Result<(), DeployError> {
    let deployed = Deployed {
        at: Timestamp::now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        template: artifacts.template_key(template),
        code_sha256: code_sha256.to_owned(),
    };
    // Names in order of time.
    let key = format!("{}{}.json", folder(artifacts), deployed.at.as_millisecond());
    let text = Bytes::from(serde_json::to_vec(&deployed).unwrap_or_default());
    Ok(artifacts.bucket().upload(&key, "application/json", text).await?)
}

fn folder(artifacts: &Artifacts) -> String {
    artifacts.folder() + "deployments/"
}

/// How many deployments are kept to go back to.
const KEPT: usize = 20;

impl Deployed {
    /// What a person calls it by: the beginning of its code's hash.
    pub fn name(&self) -> &str {
        &self.code_sha256
    }
}

impl std::fmt::Display for Deployed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { at, version, template: _, code_sha256 } = self;
        let name = code_sha256.get(..12).unwrap_or(code_sha256);
        write!(f, "{name}  {at:.0}  by chatctl {version}")
    }
}

/// The last deployment.
pub(super) async fn last(artifacts: &Artifacts) -> Result<Option<Deployed>, DeployError> {
    let keys = artifacts.bucket().keys_below(&folder(artifacts)).await?;
    let Some(key) = keys.last() else { return Ok(None) };
    let text = artifacts.bucket().get(key).await?.unwrap_or_default();
    Ok(serde_json::from_slice(&text).ok())
}

/// The deployments that can be gone back to, latest first.
pub(super) async fn all(artifacts: &Artifacts) -> Result<Vec<Deployed>, DeployError> {
    let keys = artifacts.bucket().keys_below(&folder(artifacts)).await?;
    let mut all = Vec::new();
    for key in keys.iter().rev().take(KEPT) {
        let text = artifacts.bucket().get(key).await?.unwrap_or_default();
        all.extend(serde_json::from_slice::<Deployed>(&text).ok());
    }
    Ok(all)
}
