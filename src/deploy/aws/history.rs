//! What was deployed when: one small object a deployment, in the artifact bucket. It is what a
//! rollback chooses from; the stack's own state is CloudFormation's.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::artifacts::Artifacts;
use super::prepare::{Prepared, Target};
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
pub(super) async fn remember(prepared: &Prepared, target: &Target) -> Result<(), DeployError> {
    let artifacts = &prepared.artifacts;
    let deployed = Deployed {
        at: Timestamp::now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        template: artifacts.template_key(&target.template),
        code_sha256: target.code.sha256.hex(),
    };
    write(artifacts, &deployed).await
}

pub(super) async fn write(artifacts: &Artifacts, deployed: &Deployed) -> Result<(), DeployError> {
    // Names in order of time.
    let key = format!("{}{}.json", folder(artifacts), deployed.at.as_millisecond());
    let text = Bytes::from(serde_json::to_vec(deployed).unwrap_or_default());
    Ok(artifacts.bucket().upload(&key, "application/json", text).await?)
}

fn folder(artifacts: &Artifacts) -> String {
    artifacts.folder() + "deployments/"
}
