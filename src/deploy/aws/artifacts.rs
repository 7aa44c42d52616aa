//! The artifact bucket: the functions' zips and the templates that were deployed, each under the
//! hash of its contents, one folder a stage.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::stage::Stage;
use crate::aws::{Bucket, Made};
use crate::deploy::{DeployError, Event, OnEvent};
use crate::package::fingerprint::hex;

/// The bucket, as one stage uses it.
#[derive(Debug, Clone)]
pub(super) struct Artifacts {
    bucket: Bucket,
    folder: String,
    url: String,
}

impl Artifacts {
    pub(super) fn of(stage: &Stage) -> Self {
        let name = stage.artifact_bucket();
        let region = stage.cloud.region();
        let url = match stage.cloud.endpoint() {
            Some(endpoint) => format!("{}/{name}", endpoint.trim_end_matches('/')),
            None => format!("https://{name}.s3.{region}.amazonaws.com"),
        };
        Self { bucket: Bucket::new(&stage.cloud, &name), folder: stage.name.clone(), url }
    }

    /// The bucket.
    pub(super) fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// What every key of the stage begins with.
    pub(super) fn folder(&self) -> String {
        format!("{}/", self.folder)
    }

    /// The key of a zip.
    pub(super) fn code_key(&self, sha256: &str) -> String {
        format!("{}/code/{sha256}.zip", self.folder)
    }

    /// The key of a template's text.
    pub(super) fn template_key(&self, text: &str) -> String {
        format!("{}/templates/{}.json", self.folder, hex(&Sha256::digest(text)))
    }

    /// Where CloudFormation finds a key.
    pub(super) fn url(&self, key: &str) -> String {
        format!("{}/{key}", self.url)
    }

    /// Makes the bucket where it is missing.
    pub(super) async fn ensure(
        &self,
        stage: &Stage,
        on_event: OnEvent<'_>,
    ) -> Result<(), DeployError> {
        let taken = |source| DeployError::ArtifactBucket { name: stage.artifact_bucket(), source };
        if self.bucket.exists(&stage.account).await.map_err(taken)? {
            return Ok(());
        }
        let taken = |source| DeployError::ArtifactBucket { name: stage.artifact_bucket(), source };
        if self.bucket.make(stage.cloud.region()).await.map_err(taken)? == Made::Now {
            on_event(Event::BucketMade { name: stage.artifact_bucket() });
        }
        Ok(self.bucket.secure(&stage.shared_tags()).await?)
    }

    /// Uploads what is not there yet.
    pub(super) async fn put(
        &self,
        key: &str,
        kind: &str,
        body: Bytes,
        on_event: OnEvent<'_>,
    ) -> Result<(), DeployError> {
        if self.bucket.has(key, body.len()).await? {
            return Ok(());
        }
        let bytes = body.len();
        self.bucket.upload(key, kind, body).await?;
        on_event(Event::Uploaded { key: key.to_owned(), bytes });
        Ok(())
    }
}
