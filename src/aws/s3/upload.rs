//! Large objects: uploaded in parts, in parallel, going on where an earlier attempt stopped.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Bucket;
use crate::aws::{AwsError, failure};

/// The size of a part; S3 takes none below 5 MiB but the last.
const PART: usize = 8 * 1024 * 1024;
/// How many parts travel at once.
const PARALLEL: usize = 4;

impl Bucket {
    /// Whether an object of a key and length is there.
    ///
    /// # Errors
    /// S3 refused or does not answer.
    pub async fn has(&self, key: &str, length: usize) -> Result<bool, AwsError> {
        let asked = self.client.head_object().bucket(&self.name).key(key).send().await;
        match asked {
            Ok(head) => Ok(head.content_length() == i64::try_from(length).ok()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_not_found()) => Ok(false),
            Err(error) => Err(failure("s3:HeadObject")(error)),
        }
    }

    /// Uploads an object whose key tells its contents.
    ///
    /// # Errors
    /// S3 refused or does not answer.
    pub async fn upload(&self, key: &str, kind: &str, body: Bytes) -> Result<(), AwsError> {
        if body.len() <= PART {
            let request = self.client.put_object().bucket(&self.name).key(key);
            let sent = request.content_type(kind).body(ByteStream::from(body)).send().await;
            return sent.map(drop).map_err(failure("s3:PutObject"));
        }
        let (id, done) = self.unfinished(key, kind).await?;
        let parts = (1..).zip((0..body.len()).step_by(PART)).map(|(number, from)| {
            let bytes = body.slice(from..body.len().min(from + PART));
            let there = done.iter().find(|part| {
                part.number == number && part.size == i64::try_from(bytes.len()).unwrap_or(-1)
            });
            self.part(key, &id, number, bytes, there.map(|part| part.tag.clone()))
        });
        let mut parts: Vec<CompletedPart> =
            stream::iter(parts).buffer_unordered(PARALLEL).try_collect().await?;
        parts.sort_by_key(CompletedPart::part_number);
        let all = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self.client.complete_multipart_upload().bucket(&self.name).key(key);
        let sent = request.upload_id(&id).multipart_upload(all).send().await;
        sent.map(drop).map_err(failure("s3:CompleteMultipartUpload"))
    }

    async fn part(
        &self,
        key: &str,
        upload: &str,
        number: i32,
        body: Bytes,
        there: Option<String>,
    ) -> Result<CompletedPart, AwsError> {
        let part = CompletedPart::builder().part_number(number);
        if let Some(tag) = there {
            return Ok(part.e_tag(tag).build());
        }
        let request = self.client.upload_part().bucket(&self.name).key(key).upload_id(upload);
        let sent = request.part_number(number).body(ByteStream::from(body)).send().await;
        let sent = sent.map_err(failure("s3:UploadPart"))?;
        Ok(part.set_e_tag(sent.e_tag).build())
    }

    /// The upload that an earlier attempt began, with its parts, or a new one.
    async fn unfinished(&self, key: &str, kind: &str) -> Result<(String, Vec<Part>), AwsError> {
        let asked = self.client.list_multipart_uploads().bucket(&self.name).prefix(key).send();
        let begun = asked.await.map_err(failure("s3:ListMultipartUploads"))?;
        let same = begun.uploads().iter().find(|upload| upload.key() == Some(key));
        if let Some(id) = same.and_then(|upload| upload.upload_id()) {
            let asked = self.client.list_parts().bucket(&self.name).key(key).upload_id(id).send();
            let parts = asked.await.map_err(failure("s3:ListParts"))?;
            let part = |part: &aws_sdk_s3::types::Part| {
                let tag = part.e_tag()?.to_owned();
                Some(Part { number: part.part_number()?, size: part.size()?, tag })
            };
            return Ok((id.to_owned(), parts.parts().iter().filter_map(part).collect()));
        }
        let request = self.client.create_multipart_upload().bucket(&self.name).key(key);
        let made = request.content_type(kind).send().await;
        let made = made.map_err(failure("s3:CreateMultipartUpload"))?;
        Ok((made.upload_id.unwrap_or_default(), Vec::new()))
    }
}

/// A part that is there.
#[derive(Debug)]
struct Part {
    number: i32,
    size: i64,
    tag: String,
}
