//! Buckets as a whole: made for one purpose, emptied to the last version, removed.

use std::collections::BTreeMap;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLocationConstraint,
    BucketVersioningStatus, CreateBucketConfiguration, Delete, ExpirationStatus, LifecycleRule,
    LifecycleRuleFilter, NoncurrentVersionExpiration, ObjectIdentifier,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging,
    VersioningConfiguration,
};

use super::Bucket;
use crate::aws::{AwsError, failure};

/// The region in which buckets are made without naming it.
const FIRST_REGION: &str = "us-east-1";
/// How long what was replaced or removed can be brought back.
const KEPT_DAYS: i32 = 30;
/// How many versions S3 removes in one call.
const AT_ONCE: i32 = 1000;

/// What became of the attempt to make a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It is new.
    Now,
    /// The account had it already.
    Before,
}

/// How far a bucket is that this program makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    Missing,
    /// It is there, and whoever made it did not get to the end of [`Bucket::secure`].
    Begun,
    /// It is there and secured.
    Secured,
}

impl Bucket {
    /// How far the bucket is: its tags are put last.
    ///
    /// # Errors
    /// It belongs to somebody else, or S3 does not answer.
    pub async fn standing(&self, account: &str) -> Result<Standing, AwsError> {
        let asked =
            self.client.get_bucket_tagging().bucket(&self.name).expected_bucket_owner(account);
        match asked.send().await {
            Ok(_) => Ok(Standing::Secured),
            Err(error) => match error.code() {
                Some("NoSuchTagSet") => Ok(Standing::Begun),
                Some("NoSuchBucket") => Ok(Standing::Missing),
                _ => Err(failure("s3:GetBucketTagging")(error)),
            },
        }
    }

    /// Whether the bucket is there and may be used.
    ///
    /// # Errors
    /// It belongs to somebody else, or S3 does not answer.
    pub async fn exists(&self, account: &str) -> Result<bool, AwsError> {
        let asked = self.client.head_bucket().bucket(&self.name).expected_bucket_owner(account);
        match asked.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_not_found()) => Ok(false),
            Err(error) => Err(failure("s3:HeadBucket")(error)),
        }
    }

    /// Makes the bucket in a region.
    ///
    /// # Errors
    /// The name is taken by another account, or S3 refused or does not answer.
    pub async fn make(&self, region: &str) -> Result<Made, AwsError> {
        let place = (region != FIRST_REGION).then(|| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region))
                .build()
        });
        let request = self.client.create_bucket().bucket(&self.name);
        let made = request.set_create_bucket_configuration(place).send().await;
        match made {
            Ok(_) => Ok(Made::Now),
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_bucket_already_owned_by_you()) =>
            {
                Ok(Made::Before)
            }
            Err(error) => Err(failure("s3:CreateBucket")(error)),
        }
    }

    /// Makes the bucket private, encrypted, versioned and self-cleaning; then tags it, by which
    /// [`Self::standing`] knows that it is all of that.
    ///
    /// # Errors
    /// S3 refused or does not answer.
    pub async fn secure(&self, tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
        tokio::try_join!(
            self.block_public_access(),
            self.encrypt(),
            self.keep_versions(),
            self.expire(),
        )?;
        self.tag(tags).await
    }

    async fn block_public_access(&self) -> Result<(), AwsError> {
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let request = self.client.put_public_access_block().bucket(&self.name);
        let sent = request.public_access_block_configuration(block).send().await;
        sent.map(drop).map_err(failure("s3:PutPublicAccessBlock"))
    }

    async fn encrypt(&self) -> Result<(), AwsError> {
        let by_default =
            ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256);
        let Ok(by_default) = by_default.build() else { return Ok(()) };
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(by_default)
            .build();
        let rules = ServerSideEncryptionConfiguration::builder().rules(rule);
        let Ok(rules) = rules.build() else { return Ok(()) };
        let request = self.client.put_bucket_encryption().bucket(&self.name);
        let sent = request.server_side_encryption_configuration(rules).send().await;
        sent.map(drop).map_err(failure("s3:PutBucketEncryption"))
    }

    async fn keep_versions(&self) -> Result<(), AwsError> {
        let versioning =
            VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let request = self.client.put_bucket_versioning().bucket(&self.name);
        let sent = request.versioning_configuration(versioning).send().await;
        sent.map(drop).map_err(failure("s3:PutBucketVersioning"))
    }

    async fn expire(&self) -> Result<(), AwsError> {
        let rule = LifecycleRule::builder()
            .id("chatctl")
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().prefix("").build())
            .noncurrent_version_expiration(
                NoncurrentVersionExpiration::builder().noncurrent_days(KEPT_DAYS).build(),
            )
            .abort_incomplete_multipart_upload(
                AbortIncompleteMultipartUpload::builder().days_after_initiation(1).build(),
            );
        let Ok(rule) = rule.build() else { return Ok(()) };
        let rules = BucketLifecycleConfiguration::builder().rules(rule);
        let Ok(rules) = rules.build() else { return Ok(()) };
        let request = self.client.put_bucket_lifecycle_configuration().bucket(&self.name);
        let sent = request.lifecycle_configuration(rules).send().await;
        sent.map(drop).map_err(failure("s3:PutLifecycleConfiguration"))
    }

    async fn tag(&self, tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
        let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
        let Ok(tags) = tags.iter().map(tag).collect::<Result<Vec<_>, _>>() else { return Ok(()) };
        let Ok(tags) = Tagging::builder().set_tag_set(Some(tags)).build() else { return Ok(()) };
        let request = self.client.put_bucket_tagging().bucket(&self.name).tagging(tags);
        request.send().await.map(drop).map_err(failure("s3:PutBucketTagging"))
    }

    /// Removes every version, delete marker and unfinished upload whose key begins with a prefix.
    /// Returns how many versions and markers went. A bucket that is not there is empty.
    ///
    /// # Errors
    /// S3 refused one of them, or does not answer.
    pub async fn empty(&self, prefix: &str) -> Result<usize, AwsError> {
        let mut gone = 0;
        loop {
            // Always the first page: what was on it before is gone.
            let asked = self.client.list_object_versions().bucket(&self.name).prefix(prefix);
            let page = match asked.max_keys(AT_ONCE).send().await {
                Ok(page) => page,
                Err(error) => {
                    let error = failure("s3:ListObjectVersions")(error);
                    return if error.is_not_found() { Ok(gone) } else { Err(error) };
                }
            };
            let name = |key: Option<&str>, version: Option<&str>| {
                let name = ObjectIdentifier::builder().key(key.unwrap_or_default());
                name.set_version_id(version.map(str::to_owned)).build().ok()
            };
            let versions = page.versions().iter().map(|one| (one.key(), one.version_id()));
            let markers = page.delete_markers().iter().map(|one| (one.key(), one.version_id()));
            let names: Vec<_> =
                versions.chain(markers).filter_map(|(key, id)| name(key, id)).collect();
            if names.is_empty() {
                break;
            }
            gone += names.len();
            self.remove(names).await?;
        }
        self.abort_uploads(prefix).await?;
        Ok(gone)
    }

    async fn remove(&self, names: Vec<ObjectIdentifier>) -> Result<(), AwsError> {
        let Ok(names) = Delete::builder().set_objects(Some(names)).quiet(true).build() else {
            return Ok(());
        };
        let request = self.client.delete_objects().bucket(&self.name).delete(names);
        let answer = request.send().await.map_err(failure("s3:DeleteObjects"))?;
        // The call as a whole succeeds even where it removed nothing.
        match answer.errors().first() {
            Some(refused) => Err(AwsError::refused(
                "s3:DeleteObjects",
                refused.code(),
                &format!(
                    "{}: {}",
                    refused.key().unwrap_or_default(),
                    refused.message().unwrap_or("not removed")
                ),
            )),
            None => Ok(()),
        }
    }

    async fn abort_uploads(&self, prefix: &str) -> Result<(), AwsError> {
        let asked = self.client.list_multipart_uploads().bucket(&self.name).prefix(prefix);
        let page = match asked.send().await {
            Ok(page) => page,
            Err(error) => {
                let error = failure("s3:ListMultipartUploads")(error);
                return if error.is_not_found() { Ok(()) } else { Err(error) };
            }
        };
        for upload in page.uploads() {
            let request = self.client.abort_multipart_upload().bucket(&self.name);
            let request = request.set_key(upload.key().map(str::to_owned));
            let request = request.set_upload_id(upload.upload_id().map(str::to_owned));
            match request.send().await.map_err(failure("s3:AbortMultipartUpload")) {
                Err(error) if error.code.as_deref() != Some("NoSuchUpload") => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether the bucket has no version or marker at all whose key begins with a prefix.
    ///
    /// # Errors
    /// S3 refused or does not answer.
    pub async fn is_empty(&self, prefix: &str) -> Result<bool, AwsError> {
        let asked = self.client.list_object_versions().bucket(&self.name).prefix(prefix);
        let page = asked.max_keys(1).send().await.map_err(failure("s3:ListObjectVersions"))?;
        Ok(page.versions().is_empty() && page.delete_markers().is_empty())
    }

    /// Removes the bucket, which must be empty; one that is not there is removed already.
    ///
    /// # Errors
    /// It is not empty, or S3 refused or does not answer.
    pub async fn remove_bucket(&self) -> Result<(), AwsError> {
        let sent = self.client.delete_bucket().bucket(&self.name).send().await;
        match sent.map_err(failure("s3:DeleteBucket")) {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }
}
