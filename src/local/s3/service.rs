//! The operations that are served, between `s3s`'s types and the store.

use std::io;
use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use s3s::dto::*;
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};

use super::buckets;
use super::store::{Attributes, Object as Stored, Removal, Store};
use super::uploads::{Upload, Uploads};

/// A key has 1,024 bytes at most.
const KEY_BYTES: usize = 1_024;

/// The operations over a store.
pub struct Objects {
    pub(super) store: Arc<Store>,
    uploads: Uploads,
}

impl Objects {
    /// The operations of this store.
    pub fn new(store: Arc<Store>) -> Self {
        Self { uploads: Uploads(store.clone()), store }
    }

    /// Runs on a thread where waiting for the disk holds nobody up.
    pub(super) async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store, &Uploads) -> io::Result<T> + Send + 'static,
    ) -> S3Result<T> {
        let (store, uploads) = (self.store.clone(), self.uploads.clone());
        let outcome = tokio::task::spawn_blocking(move || work(&store, &uploads)).await;
        outcome.map_err(S3Error::internal_error)?.map_err(S3Error::internal_error)
    }

    pub(super) fn described(&self, bucket: &str, key: &str) -> S3Result<Stored> {
        self.store.find(bucket, key).ok_or_else(|| self.missing(bucket))
    }

    pub(super) fn missing(&self, bucket: &str) -> S3Error {
        if self.store.has_bucket(bucket) {
            s3_error!(NoSuchKey, "The specified key does not exist.")
        } else {
            no_such_bucket()
        }
    }

    pub(super) fn need_bucket(&self, bucket: &str) -> S3Result<()> {
        if self.store.has_bucket(bucket) { Ok(()) } else { Err(no_such_bucket()) }
    }

    pub(super) async fn upload(&self, id: &str, bucket: &str, key: &str) -> S3Result<Upload> {
        self.need_bucket(bucket)?;
        let (id, bucket, key) = (id.to_owned(), bucket.to_owned(), key.to_owned());
        let found = self.on_disk(move |_, uploads| Ok(uploads.find(&id, &bucket, &key))).await?;
        found.ok_or_else(|| {
            s3_error!(
                NoSuchUpload,
                "The specified upload does not exist. The upload ID may be invalid, or the upload \
                 may have been aborted or completed."
            )
        })
    }

    pub(super) async fn store(
        &self,
        (bucket, key): (String, String),
        etag: String,
        attributes: Attributes,
        content: Bytes,
    ) -> S3Result<Stored> {
        let stored = self
            .on_disk(move |store, _| {
                store.put(&bucket, &key, &etag, attributes, |file| file.write_all(&content))
            })
            .await?;
        stored.ok_or_else(no_such_bucket)
    }
}

pub(super) fn no_such_bucket() -> S3Error {
    s3_error!(NoSuchBucket, "The specified bucket does not exist")
}

pub(super) fn check_key(key: &str) -> S3Result<()> {
    if key.len() > KEY_BYTES {
        return Err(s3_error!(KeyTooLongError, "Your key is too long"));
    }
    Ok(())
}

pub(super) fn etag(object: &Stored) -> Option<ETag> {
    Some(ETag::Strong(object.etag.clone()))
}

pub(super) fn respond<T>(output: T) -> S3Result<S3Response<T>> {
    Ok(S3Response::new(output))
}

#[async_trait::async_trait]
impl S3 for Objects {
    async fn create_bucket(
        &self,
        req: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let location = Some(format!("/{}", req.input.bucket));
        // In us-east-1 one's own bucket may be made again.
        self.on_disk(move |store, _| store.create_bucket(&req.input.bucket)).await?;
        respond(CreateBucketOutput { location })
    }

    async fn delete_bucket(
        &self,
        req: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        match self.on_disk(move |store, _| store.remove_bucket(&req.input.bucket)).await? {
            Removal::Removed => respond(DeleteBucketOutput {}),
            Removal::NoSuchBucket => Err(no_such_bucket()),
            Removal::NotEmpty => {
                Err(s3_error!(BucketNotEmpty, "The bucket you tried to delete is not empty"))
            }
        }
    }

    async fn head_bucket(
        &self,
        req: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.need_bucket(&req.input.bucket)?;
        respond(HeadBucketOutput::default())
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.need_bucket(&req.input.bucket)?;
        respond(GetBucketLocationOutput::default())
    }

    async fn list_buckets(
        &self,
        _: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        respond(buckets::list(&self.store))
    }

    async fn list_objects(
        &self,
        req: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        respond(buckets::objects_v1(&self.store, req.input)?)
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        respond(buckets::objects(&self.store, req.input)?)
    }

    async fn put_object(
        &self,
        req: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        self.put(req).await
    }

    async fn get_object(
        &self,
        req: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        self.get(req).await
    }

    async fn head_object(
        &self,
        req: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        self.head(req).await
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = req.input;
        let removed = self.on_disk(move |store, _| store.remove(&input.bucket, &input.key)).await?;
        removed.ok_or_else(no_such_bucket)?;
        respond(DeleteObjectOutput::default())
    }

    async fn delete_objects(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        self.delete_many(req).await
    }

    async fn copy_object(
        &self,
        req: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        self.copy(req).await
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        self.begin_upload(req).await
    }

    async fn upload_part(
        &self,
        req: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        self.take_part(req).await
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        self.complete_upload(req).await
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.abort_upload(req).await
    }

    async fn list_parts(
        &self,
        req: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        self.parts(req).await
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        self.uploads_of(req).await
    }
}
