//! Buckets and listings, as `s3s` speaks of them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{
    Bucket, CommonPrefix, ETag, EncodingType, ListBucketsOutput, ListObjectsInput,
    ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, Object as Listed,
    ObjectStorageClass, Timestamp,
};
use s3s::{S3Result, s3_error};

use super::listing::{Ask, Page, page};
use super::store::{Object, Store};

/// A page holds a thousand at most.
const PAGE: i32 = 1_000;

/// What `encoding-type=url` leaves as it is.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');

/// The answer to ListBuckets.
pub fn list(store: &Store) -> ListBucketsOutput {
    let bucket = |(name, made)| Bucket {
        name: Some(name),
        creation_date: Some(Timestamp::from(made)),
        ..Bucket::default()
    };
    let buckets = store.buckets().into_iter().map(bucket).collect();
    ListBucketsOutput { buckets: Some(buckets), ..ListBucketsOutput::default() }
}

/// The answer to ListObjectsV2.
pub fn objects(store: &Store, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
    let token = input.continuation_token.as_deref().map(decode_token).transpose()?;
    let max_keys = limit(input.max_keys)?;
    let ask = Ask {
        prefix: input.prefix.as_deref().unwrap_or_default(),
        delimiter: input.delimiter.as_deref().unwrap_or_default(),
        after: token.as_deref().or(input.start_after.as_deref()).unwrap_or_default(),
        limit: usize::try_from(max_keys).unwrap_or_default(),
    };
    let page = find(store, &input.bucket, ask)?;
    let write = Writer::new(input.encoding_type.as_ref());
    let count = page.objects.len() + page.prefixes.len();
    Ok(ListObjectsV2Output {
        key_count: i32::try_from(count).ok(),
        max_keys: Some(max_keys),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_deref().map(|key| URL_SAFE_NO_PAD.encode(key)),
        contents: Some(write.objects(&page.objects)),
        common_prefixes: Some(write.prefixes(&page.prefixes)),
        name: Some(input.bucket),
        prefix: Some(write.text(input.prefix.as_deref().unwrap_or_default())),
        delimiter: input.delimiter.as_deref().map(|text| write.text(text)),
        start_after: input.start_after.as_deref().map(|text| write.text(text)),
        continuation_token: input.continuation_token,
        encoding_type: input.encoding_type,
        ..ListObjectsV2Output::default()
    })
}

/// The answer to the older ListObjects.
pub fn objects_v1(store: &Store, input: ListObjectsInput) -> S3Result<ListObjectsOutput> {
    let max_keys = limit(input.max_keys)?;
    let ask = Ask {
        prefix: input.prefix.as_deref().unwrap_or_default(),
        delimiter: input.delimiter.as_deref().unwrap_or_default(),
        after: input.marker.as_deref().unwrap_or_default(),
        limit: usize::try_from(max_keys).unwrap_or_default(),
    };
    let page = find(store, &input.bucket, ask)?;
    let write = Writer::new(input.encoding_type.as_ref());
    // S3 names the next marker only for folded listings; otherwise it is the last key.
    let folded = input.delimiter.is_some();
    Ok(ListObjectsOutput {
        max_keys: Some(max_keys),
        is_truncated: Some(page.next.is_some()),
        next_marker: page.next.as_deref().filter(|_| folded).map(|key| write.text(key)),
        contents: Some(write.objects(&page.objects)),
        common_prefixes: Some(write.prefixes(&page.prefixes)),
        name: Some(input.bucket),
        prefix: Some(write.text(input.prefix.as_deref().unwrap_or_default())),
        delimiter: input.delimiter.as_deref().map(|text| write.text(text)),
        marker: Some(write.text(input.marker.as_deref().unwrap_or_default())),
        encoding_type: input.encoding_type,
        ..ListObjectsOutput::default()
    })
}

fn find(store: &Store, bucket: &str, ask: Ask<'_>) -> S3Result<Page> {
    store.look(bucket, |objects| page(objects, ask)).ok_or_else(|| s3_error!(NoSuchBucket))
}

fn limit(asked: Option<i32>) -> S3Result<i32> {
    match asked.unwrap_or(PAGE) {
        asked @ 0.. => Ok(asked.min(PAGE)),
        _ => Err(s3_error!(InvalidArgument, "Argument maxKeys must be an integer of 0 or more")),
    }
}

fn decode_token(token: &str) -> S3Result<String> {
    let key = URL_SAFE_NO_PAD.decode(token).ok().and_then(|key| String::from_utf8(key).ok());
    key.ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
}

/// Writes keys plainly or percent-encoded, as the client asked.
struct Writer {
    encoded: bool,
}

impl Writer {
    fn new(encoding: Option<&EncodingType>) -> Self {
        Self { encoded: encoding.is_some_and(|encoding| encoding.as_str() == EncodingType::URL) }
    }

    fn text(&self, text: &str) -> String {
        if self.encoded { utf8_percent_encode(text, PLAIN).to_string() } else { text.to_owned() }
    }

    fn objects(&self, objects: &[Object]) -> Vec<Listed> {
        let listed = |object: &Object| Listed {
            key: Some(self.text(&object.key)),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            size: i64::try_from(object.size).ok(),
            last_modified: Some(Timestamp::from(object.modified())),
            storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
            ..Listed::default()
        };
        objects.iter().map(listed).collect()
    }

    fn prefixes(&self, prefixes: &[String]) -> Vec<CommonPrefix> {
        let listed = |prefix: &String| CommonPrefix { prefix: Some(self.text(prefix)) };
        prefixes.iter().map(listed).collect()
    }
}
