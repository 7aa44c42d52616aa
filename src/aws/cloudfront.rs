//! CloudFront: which distributions there are; copies at the edge that are out of date are dropped.

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types::{DistributionSummary, InvalidationBatch, Paths};

use super::{AwsError, Cloud, failure};

/// CloudFront.
#[derive(Debug, Clone)]
pub struct CloudFront(Client);

impl CloudFront {
    /// The service in a cloud.
    pub fn new(cloud: &Cloud) -> Self {
        Self(Client::new(&cloud.sdk))
    }

    /// Ids of the distributions that serve from a bucket.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn distributions_of(&self, bucket: &str) -> Result<Vec<String>, AwsError> {
        let origin = format!("{bucket}.");
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let asked = self.0.list_distributions().set_marker(next).send().await;
            let page = asked.map_err(failure("cloudfront:ListDistributions"))?;
            let Some(list) = page.distribution_list else { return Ok(all) };
            let serves = |one: &&DistributionSummary| {
                let origins = one.origins().map(|all| all.items()).unwrap_or_default();
                origins.iter().any(|from| from.domain_name().starts_with(&origin))
            };
            all.extend(list.items().iter().filter(serves).map(|one| one.id().to_owned()));
            next = list.next_marker.filter(|marker| list.is_truncated && !marker.is_empty());
            if next.is_none() {
                return Ok(all);
            }
        }
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
