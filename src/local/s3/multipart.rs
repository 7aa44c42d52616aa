//! Uploads in parts: begin, take parts, complete or abort.

use std::time::{Duration, UNIX_EPOCH};

use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::body::Claims;
use super::objects::{attributes, check_write};
use super::service::{Objects, check_key, etag, no_such_bucket, respond};
use super::uploads::{Incomplete, Part as Arrived, Upload};

impl Objects {
    pub(super) async fn begin_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = req.input;
        self.need_bucket(&input.bucket)?;
        check_key(&input.key)?;
        let attributes = attributes!(input);
        let (bucket, key) = (input.bucket.clone(), input.key.clone());
        let id = self.on_disk(move |_, uploads| uploads.begin(&bucket, &key, attributes)).await?;
        respond(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            ..CreateMultipartUploadOutput::default()
        })
    }

    pub(super) async fn take_part(
        &self,
        req: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let mut input = req.input;
        let upload = self.upload(&input.upload_id, &input.bucket, &input.key).await?;
        let number = u32::try_from(input.part_number).unwrap_or_default();
        if !(1..=10_000).contains(&number) {
            return Err(s3_error!(
                InvalidArgument,
                "Part number must be an integer between 1 and 10000, inclusive"
            ));
        }
        let claims = Claims::of_part(&input, req.trailing_headers);
        let received = claims.receive(input.body.take()).await?;
        let (md5, content) = (received.md5.clone(), received.content);
        self.on_disk(move |_, uploads| uploads.put_part(&upload.id, number, &md5, &content))
            .await?;
        respond(UploadPartOutput {
            e_tag: Some(ETag::Strong(received.md5)),
            checksum_crc32: received.sums.get("crc32").cloned(),
            checksum_crc32c: received.sums.get("crc32c").cloned(),
            checksum_crc64nvme: received.sums.get("crc64nvme").cloned(),
            checksum_sha1: received.sums.get("sha1").cloned(),
            checksum_sha256: received.sums.get("sha256").cloned(),
            ..UploadPartOutput::default()
        })
    }

    pub(super) async fn complete_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = req.input;
        let upload = self.upload(&input.upload_id, &input.bucket, &input.key).await?;
        let there = self.store.find(&input.bucket, &input.key);
        check_write(there.as_ref(), input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let parts = input.multipart_upload.and_then(|parts| parts.parts).unwrap_or_default();
        let named: Vec<_> = parts
            .into_iter()
            .map(|part| {
                let number = part.part_number.and_then(|number| u32::try_from(number).ok());
                (number.unwrap_or_default(), part.e_tag.map(ETag::into_value))
            })
            .collect();
        let outcome = self.on_disk(move |_, uploads| Ok(uploads.complete(&upload, &named))).await?;
        let object = outcome.map_err(incomplete)?;
        respond(CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", input.bucket, input.key)),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: etag(&object),
            ..CompleteMultipartUploadOutput::default()
        })
    }

    pub(super) async fn abort_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = req.input;
        let upload = self.upload(&input.upload_id, &input.bucket, &input.key).await?;
        self.on_disk(move |_, uploads| uploads.end(&upload.id)).await?;
        respond(AbortMultipartUploadOutput::default())
    }

    pub(super) async fn parts(
        &self,
        req: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let input = req.input;
        let upload = self.upload(&input.upload_id, &input.bucket, &input.key).await?;
        let parts = self.on_disk(move |_, uploads| uploads.parts(&upload.id)).await?;
        let shown = |part: Arrived| Part {
            part_number: i32::try_from(part.number).ok(),
            e_tag: Some(ETag::Strong(part.etag)),
            size: i64::try_from(part.size).ok(),
            last_modified: Some(Timestamp::from(part.modified)),
            ..Part::default()
        };
        respond(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            is_truncated: Some(false),
            parts: Some(parts.into_iter().map(shown).collect()),
            ..ListPartsOutput::default()
        })
    }

    pub(super) async fn uploads_of(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let bucket = req.input.bucket;
        self.need_bucket(&bucket)?;
        let of = bucket.clone();
        let uploads = self.on_disk(move |_, uploads| uploads.list(&of)).await?;
        let shown = |upload: Upload| MultipartUpload {
            initiated: Some(Timestamp::from(UNIX_EPOCH + Duration::from_millis(upload.begun_ms))),
            key: Some(upload.key),
            upload_id: Some(upload.id),
            ..MultipartUpload::default()
        };
        respond(ListMultipartUploadsOutput {
            bucket: Some(bucket),
            is_truncated: Some(false),
            uploads: Some(uploads.into_iter().map(shown).collect()),
            ..ListMultipartUploadsOutput::default()
        })
    }
}

fn incomplete(why: Incomplete) -> S3Error {
    match why {
        Incomplete::Order => s3_error!(
            InvalidPartOrder,
            "The list of parts was not in ascending order. Parts must be ordered by part number."
        ),
        Incomplete::Part => s3_error!(
            InvalidPart,
            "One or more of the specified parts could not be found. The part may not have been \
             uploaded, or the specified entity tag may not match the part's entity tag."
        ),
        Incomplete::Small => s3_error!(
            EntityTooSmall,
            "Your proposed upload is smaller than the minimum allowed size"
        ),
        Incomplete::Bucket => no_such_bucket(),
        Incomplete::Io(error) => S3Error::internal_error(error),
    }
}
