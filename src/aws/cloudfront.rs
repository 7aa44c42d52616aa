//! CloudFront: copies at the edge that are out of date are dropped.

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};

use super::{AwsError, Cloud, failure};

/// CloudFront.
#[derive(Debug, Clone)]
pub struct CloudFront(Client);

impl CloudFront {
    /// The service in a cloud.
    pub fn new(cloud: &Cloud) -> Self {
        Self(Client::new(&cloud.sdk))
    }

    /// Drops the copies of some paths. The same token twice is one invalidation.
    ///
    /// # Errors
    /// There is no such distribution, too many invalidations are in progress, or the service does
    /// not answer.
    pub async fn invalidate(
        &self,
        distribution: &str,
        paths: &[String],
        token: &str,
    ) -> Result<(), AwsError> {
        let count = i32::try_from(paths.len()).unwrap_or(i32::MAX);
        let paths = Paths::builder().quantity(count).set_items(Some(paths.to_vec())).build();
        let batch = paths.ok().and_then(|paths| {
            InvalidationBatch::builder().paths(paths).caller_reference(token).build().ok()
        });
        let request = self.0.create_invalidation().distribution_id(distribution);
        let sent = request.set_invalidation_batch(batch).send().await;
        sent.map(drop).map_err(failure("cloudfront:CreateInvalidation"))
    }
}
