//! Objects: put, read, delete and copy.

use bytes::Bytes;
use s3s::dto::*;
use s3s::{Body, S3Request, S3Response, S3Result, s3_error};

use super::body::Claims;
use super::service::{Objects, check_key, etag, respond};
use super::store::{Attributes, Object as Stored};

/// The attributes of the inputs that carry them; they share no type.
macro_rules! attributes {
    ($input:expr) => {
        $crate::local::s3::store::Attributes {
            content_type: $input.content_type.clone(),
            cache_control: $input.cache_control.clone(),
            content_encoding: $input.content_encoding.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_language: $input.content_language.clone(),
            website_redirect: $input.website_redirect_location.clone(),
            metadata: $input.metadata.clone().unwrap_or_default().into_iter().collect(),
            checksums: std::collections::BTreeMap::new(),
        }
    };
}
pub(super) use attributes;

impl Objects {
    pub(super) async fn put(
        &self,
        req: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let mut input = req.input;
        self.need_bucket(&input.bucket)?;
        check_key(&input.key)?;
        let claims = Claims::of_object(&input, req.trailing_headers);
        let received = claims.receive(input.body.take()).await?;
        let there = self.store.find(&input.bucket, &input.key);
        check_write(there.as_ref(), input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let attributes = Attributes { checksums: received.sums.clone(), ..attributes!(input) };
        let place = (input.bucket, input.key);
        let object = self.store(place, received.md5, attributes, received.content).await?;
        respond(PutObjectOutput {
            e_tag: etag(&object),
            checksum_crc32: received.sums.get("crc32").cloned(),
            checksum_crc32c: received.sums.get("crc32c").cloned(),
            checksum_crc64nvme: received.sums.get("crc64nvme").cloned(),
            checksum_sha1: received.sums.get("sha1").cloned(),
            checksum_sha256: received.sums.get("sha256").cloned(),
            ..PutObjectOutput::default()
        })
    }

    pub(super) async fn get(
        &self,
        req: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        let (bucket, key) = (input.bucket.clone(), input.key.clone());
        let found = self.on_disk(move |store, _| store.read(&bucket, &key)).await?;
        let (object, content) = found.ok_or_else(|| self.missing(&input.bucket))?;
        check_read(&object, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let range = input.range.map(|range| range.check(object.size)).transpose()?;
        let content = Bytes::from(content);
        let (content, content_range) = match range {
            None => (content, None),
            Some(range) => {
                let shown = format!("bytes {}-{}/{}", range.start, range.end - 1, object.size);
                let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                (content.slice(index(range.start)..index(range.end)), Some(shown))
            }
        };
        let mode = input.checksum_mode.as_ref().filter(|_| content_range.is_none());
        let shown = &object.attributes;
        respond(GetObjectOutput {
            content_length: i64::try_from(content.len()).ok(),
            body: Some(StreamingBlob::from(Body::from(content))),
            content_range,
            accept_ranges: Some("bytes".to_owned()),
            e_tag: etag(&object),
            last_modified: Some(Timestamp::from(object.modified())),
            content_type: input.response_content_type.or_else(|| content_type(&object)),
            cache_control: input.response_cache_control.or_else(|| shown.cache_control.clone()),
            content_encoding: shown.content_encoding.clone(),
            content_disposition: input
                .response_content_disposition
                .or_else(|| shown.content_disposition.clone()),
            content_language: shown.content_language.clone(),
            website_redirect_location: shown.website_redirect.clone(),
            metadata: metadata(&object),
            checksum_crc32: sum(&object, mode, "crc32"),
            checksum_crc32c: sum(&object, mode, "crc32c"),
            checksum_crc64nvme: sum(&object, mode, "crc64nvme"),
            checksum_sha1: sum(&object, mode, "sha1"),
            checksum_sha256: sum(&object, mode, "sha256"),
            ..GetObjectOutput::default()
        })
    }

    pub(super) async fn head(
        &self,
        req: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = req.input;
        let object = self.described(&input.bucket, &input.key)?;
        check_read(&object, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let (shown, mode) = (&object.attributes, input.checksum_mode.as_ref());
        respond(HeadObjectOutput {
            content_length: i64::try_from(object.size).ok(),
            accept_ranges: Some("bytes".to_owned()),
            e_tag: etag(&object),
            last_modified: Some(Timestamp::from(object.modified())),
            content_type: content_type(&object),
            cache_control: shown.cache_control.clone(),
            content_encoding: shown.content_encoding.clone(),
            content_disposition: shown.content_disposition.clone(),
            content_language: shown.content_language.clone(),
            website_redirect_location: shown.website_redirect.clone(),
            metadata: metadata(&object),
            checksum_crc32: sum(&object, mode, "crc32"),
            checksum_crc32c: sum(&object, mode, "crc32c"),
            checksum_crc64nvme: sum(&object, mode, "crc64nvme"),
            checksum_sha1: sum(&object, mode, "sha1"),
            checksum_sha256: sum(&object, mode, "sha256"),
            ..HeadObjectOutput::default()
        })
    }

    pub(super) async fn delete_many(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let input = req.input;
        if input.delete.objects.len() > 1_000 {
            return Err(s3_error!(MalformedXML, "At most 1000 keys can be deleted at once."));
        }
        self.need_bucket(&input.bucket)?;
        let quiet = input.delete.quiet == Some(true);
        let keys: Vec<_> = input.delete.objects.into_iter().map(|object| object.key).collect();
        let keys = self
            .on_disk(move |store, _| {
                keys.iter().try_for_each(|key| store.remove(&input.bucket, key).map(drop))?;
                Ok(keys)
            })
            .await?;
        let gone = |key| DeletedObject { key: Some(key), ..DeletedObject::default() };
        let deleted = (!quiet).then(|| keys.into_iter().map(gone).collect());
        respond(DeleteObjectsOutput { deleted, ..DeleteObjectsOutput::default() })
    }

    pub(super) async fn copy(
        &self,
        req: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = req.input;
        let CopySource::Bucket { bucket, key, .. } = &input.copy_source else {
            return Err(s3_error!(NotImplemented));
        };
        self.need_bucket(&input.bucket)?;
        check_key(&input.key)?;
        let (from, source_key) = (bucket.to_string(), key.to_string());
        let found = self.on_disk(move |store, _| store.read(&from, &source_key)).await?;
        let (source, content) = found.ok_or_else(|| self.missing(bucket))?;
        let conditions =
            (input.copy_source_if_match.as_ref(), input.copy_source_if_none_match.as_ref());
        check_write(Some(&source), conditions.0, conditions.1)?;
        let replace = input
            .metadata_directive
            .as_ref()
            .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        let attributes = if replace { attributes!(input) } else { source.attributes };
        let place = (input.bucket, input.key);
        let object = self.store(place, source.etag, attributes, content.into()).await?;
        let copied = CopyObjectResult {
            e_tag: etag(&object),
            last_modified: Some(Timestamp::from(object.modified())),
            ..CopyObjectResult::default()
        };
        respond(CopyObjectOutput {
            copy_object_result: Some(copied),
            ..CopyObjectOutput::default()
        })
    }
}

/// S3's conditions on the object that is there, if one is.
pub(super) fn check_write(
    there: Option<&Stored>,
    if_match: Option<&IfMatch>,
    if_none_match: Option<&IfNoneMatch>,
) -> S3Result<()> {
    let fits = |condition: &ETagCondition| match (there, condition.as_etag()) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(object), Some(etag)) => etag.value() == object.etag,
    };
    if if_match.is_some_and(|condition| !fits(condition)) || if_none_match.is_some_and(fits) {
        return Err(s3_error!(
            PreconditionFailed,
            "At least one of the pre-conditions you specified did not hold"
        ));
    }
    Ok(())
}

/// For reading, a matching `If-None-Match` is no failure: the reader has it already.
fn check_read(
    object: &Stored,
    if_match: Option<&IfMatch>,
    if_none_match: Option<&IfNoneMatch>,
) -> S3Result<()> {
    check_write(Some(object), if_match, None)?;
    check_write(Some(object), None, if_none_match).map_err(|_| s3_error!(NotModified))
}

/// A checksum, where the reader asked for them.
fn sum(object: &Stored, mode: Option<&ChecksumMode>, name: &str) -> Option<String> {
    mode.and_then(|_| object.attributes.checksums.get(name).cloned())
}

fn metadata(object: &Stored) -> Option<Metadata> {
    let metadata = &object.attributes.metadata;
    (!metadata.is_empty()).then(|| metadata.clone().into_iter().collect())
}

/// S3 calls bytes without a type by this one.
fn content_type(object: &Stored) -> Option<String> {
    let stored = object.attributes.content_type.clone();
    Some(stored.unwrap_or_else(|| "binary/octet-stream".to_owned()))
}
