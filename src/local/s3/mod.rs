//! S3: AWS's protocol by `s3s`, with this stage's keys and IAM, over objects in a folder.
//!
//! `s3s` reads and writes HTTP, verifies signatures (headers, presigned URLs, chunks, POST policies)
//! and calls the operations in `service`. Objects are whole in memory while they pass; versions,
//! tags and bucket policies are not served.

mod access;
mod body;
mod buckets;
mod listing;
mod multipart;
mod objects;
mod service;
mod store;
mod uploads;

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use s3s::service::{S3Service, S3ServiceBuilder};

use super::answer::{Answer, empty};
use super::credentials::Credentials;
use super::iam::Access;
use access::Guard;
use service::Objects;
use store::Store;

/// The buckets of a stage; clones share them.
#[derive(Clone)]
pub struct S3 {
    store: Arc<Store>,
    service: S3Service,
}

/// An object for the site: its content and what it says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// The content.
    pub content: Bytes,
    /// The entity tag, without quotes.
    pub etag: String,
    /// The media type that it was stored with.
    pub content_type: Option<String>,
    /// The cache rule that it was stored with.
    pub cache_control: Option<String>,
}

impl S3 {
    /// Opens the folder of the buckets, or makes it.
    ///
    /// # Errors
    /// The folder cannot be read or is not what was written.
    pub fn open(root: &Path, credentials: Credentials, access: Access) -> io::Result<Self> {
        let store = Arc::new(Store::open(root)?);
        let guard = Guard::new(credentials, access);
        let mut builder = S3ServiceBuilder::new(Objects::new(store.clone()));
        builder.set_auth(guard.clone());
        builder.set_access(guard);
        Ok(Self { store, service: builder.build() })
    }

    /// Answers a request as it came: signatures are verified here, for S3 signs bodies in its own
    /// ways.
    pub async fn handle<B>(&self, request: Request<B>) -> Answer
    where
        s3s::Body: From<B>,
    {
        let Ok(response) = self.service.call(request.map(s3s::Body::from)).await else {
            return empty(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let (mut parts, body) = response.into_parts();
        let id = format!("{}", ulid::Ulid::new());
        if let Ok(id) = HeaderValue::from_str(&id) {
            parts.headers.insert("x-amz-request-id", id);
        }
        match body.collect().await {
            Ok(body) => Response::from_parts(parts, Full::new(explained(body.to_bytes()))),
            Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// Makes a bucket unless there is one; says whether it did.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn ensure_bucket(&self, name: &str) -> io::Result<bool> {
        self.store.create_bucket(name)
    }

    /// An object, for the site's own server.
    ///
    /// # Errors
    /// The object's file cannot be read.
    pub fn read_object(&self, bucket: &str, key: &str) -> io::Result<Option<StoredObject>> {
        let Some((object, content)) = self.store.read(bucket, key)? else { return Ok(None) };
        Ok(Some(StoredObject {
            content: content.into(),
            etag: object.etag,
            content_type: object.attributes.content_type,
            cache_control: object.attributes.cache_control,
        }))
    }
}

/// s3s names a wrong signature by its code alone; S3 says in words what to check.
fn explained(body: Bytes) -> Bytes {
    const CODE: &str = "<Code>SignatureDoesNotMatch</Code>";
    const MESSAGE: &str = "<Message>The request signature we calculated does not match the \
                           signature you provided. Check your key and signing method.</Message>";
    match std::str::from_utf8(&body) {
        Ok(text) if text.contains(CODE) && !text.contains("<Message>") => {
            text.replacen(CODE, &format!("{CODE}{MESSAGE}"), 1).into()
        }
        _ => body,
    }
}

#[cfg(test)]
impl S3 {
    /// Puts an object past the protocol.
    pub fn put_for_tests(&self, bucket: &str, key: &str, content: &str) {
        use std::io::Write;
        let etag = store::hex(content.as_bytes());
        let write = |file: &mut std::fs::File| file.write_all(content.as_bytes());
        self.store.put(bucket, key, &etag, store::Attributes::default(), write).unwrap().unwrap();
    }
}

#[cfg(test)]
mod tests;
