//! The artifact bucket: the functions' zips and the templates that were deployed, each under the
//! hash of its contents, one folder a stage.

use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::stage::Stage;
use crate::aws::{Bucket, Made, Standing};
use crate::deploy::{DeployError, Event, OnEvent};
use crate::package::fingerprint::hex;

/// The bucket, as one stage uses it.
#[derive(Debug, Clone)]
pub(super) struct Artifacts {
    bucket: Bucket,
    folder: String,
    url: String,
    /// Whether this deployment made the bucket; known once it was looked for.
    made: Arc<OnceCell<Made>>,
}

impl Artifacts {
    pub(super) fn of(stage: &Stage) -> Self {
        let name = stage.artifact_bucket();
        let region = stage.cloud.region();
        let url = match stage.cloud.endpoint() {
            Some(endpoint) => format!("{}/{name}", endpoint.trim_end_matches('/')),
            None => format!("https://{name}.s3.{region}.amazonaws.com"),
        };
        let (bucket, folder) = (Bucket::new(&stage.cloud, &name), stage.name.clone());
        Self { bucket, folder, url, made: Arc::default() }
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

    /// Makes the bucket where it is missing; looks for it once.
    pub(super) async fn ensure(
        &self,
        stage: &Stage,
        on_event: OnEvent<'_>,
    ) -> Result<(), DeployError> {
        self.made.get_or_try_init(|| self.make(stage, on_event)).await.map(drop)
    }

    async fn make(&self, stage: &Stage, on_event: OnEvent<'_>) -> Result<Made, DeployError> {
        let taken = |source| DeployError::ArtifactBucket { name: stage.artifact_bucket(), source };
        let made = match self.bucket.standing(&stage.account).await.map_err(taken)? {
            Standing::Secured => return Ok(Made::Before),
            // An earlier run ended before it had done what follows.
            Standing::Begun => Made::Before,
            Standing::Missing => self.bucket.make(stage.cloud.region()).await.map_err(taken)?,
        };
        if made == Made::Now {
            on_event(Event::BucketMade { name: stage.artifact_bucket() });
        }
        self.bucket.secure(&stage.shared_tags()).await?;
        Ok(made)
    }

    /// Uploads what is not there yet.
    pub(super) async fn put(
        &self,
        key: &str,
        kind: &str,
        body: Bytes,
        on_event: OnEvent<'_>,
    ) -> Result<(), DeployError> {
        // A bucket that was made just now has nothing in it.
        let is_new = self.made.get() == Some(&Made::Now);
        if !is_new && self.bucket.has(key, body.len()).await? {
            return Ok(());
        }
        let bytes = body.len();
        self.bucket.upload(key, kind, body).await?;
        on_event(Event::Uploaded { key: key.to_owned(), bytes });
        Ok(())
    }
}
