//! S3: one bucket and its objects.

mod account;
mod upload;

use std::collections::BTreeSet;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::primitives::ByteStream;

use super::{AwsError, Cloud, failure};

pub use account::{Made, Standing};

/// A bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    name: String,
}

/// An object to put.
#[derive(Debug, Clone)]
pub struct Object<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its contents.
    pub body: Vec<u8>,
    /// The `Content-Type` that it is served with.
    pub content_type: &'a str,
    /// The `Cache-Control` that it is served with.
    pub cache_control: &'a str,
}

impl Bucket {
    /// The bucket of a name.
    pub fn new(cloud: &Cloud, name: &str) -> Self {
        let config = Builder::from(&cloud.sdk)
            // An endpoint of one's own is an address, which has no names below it.
            .force_path_style(cloud.endpoint().is_some())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        Self { client: Client::from_conf(config), name: name.to_owned() }
    }

    /// The bucket's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Puts an object, in place of one with its key.
    ///
    /// # Errors
    /// S3 refused or does not answer.
    pub async fn put(&self, object: Object<'_>) -> Result<(), AwsError> {
        let Object { key, body, content_type, cache_control } = object;
        let request =
            self.client.put_object().bucket(&self.name).key(key).body(ByteStream::from(body));
        let request = request.content_type(content_type).cache_control(cache_control);
        request.send().await.map(drop).map_err(failure("s3:PutObject"))
    }

    /// All keys.
    ///
    /// # Errors
    /// S3 refused or does not answer.
    pub async fn keys(&self) -> Result<BTreeSet<String>, AwsError> {
        self.keys_below("").await
    }

    /// All keys that begin with a prefix.
    ///
    /// # Errors
    /// S3 refused or does not answer.
    pub async fn keys_below(&self, prefix: &str) -> Result<BTreeSet<String>, AwsError> {
        let mut keys = BTreeSet::new();
        let mut next = None;
        loop {
            let request = self.client.list_objects_v2().bucket(&self.name).prefix(prefix);
            let request = request.set_continuation_token(next);
            let page = request.send().await.map_err(failure("s3:ListObjectsV2"))?;
            keys.extend(
                page.contents().iter().filter_map(|object| object.key().map(str::to_owned)),
            );
            next = page.next_continuation_token().map(str::to_owned);
            if next.is_none() {
                return Ok(keys);
            }
        }
    }

    /// An object's contents; none if there is no such object, or no such bucket.
    ///
    /// # Errors
    /// S3 refused or does not answer.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, AwsError> {
        let asked = self.client.get_object().bucket(&self.name).key(key).send().await;
        let object = match asked.map_err(failure("s3:GetObject")) {
            Ok(object) => object,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let body = object.body.collect().await;
        let body = body.map_err(|error| AwsError::away("s3:GetObject", &error.to_string()))?;
        Ok(Some(body.to_vec()))
    }

    /// Removes an object; one that is not there is removed already.
    ///
    /// # Errors
    /// S3 refused or does not answer.
    pub async fn delete(&self, key: &str) -> Result<(), AwsError> {
        let request = self.client.delete_object().bucket(&self.name).key(key);
        request.send().await.map(drop).map_err(failure("s3:DeleteObject"))
    }
}
