//! Who may do what: this stage's keys for `s3s`, and its operations as IAM's actions.

use jiff::Timestamp;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::{CopyObjectInput, CopySource, DeleteObjectsInput, UploadPartCopyInput};
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use crate::local::credentials::{Caller, Credentials};
use crate::local::iam::Access;

/// Verifies keys and asks IAM.
#[derive(Clone)]
pub struct Guard {
    credentials: Credentials,
    access: Access,
}

impl Guard {
    /// A guard with these keys and documents.
    pub fn new(credentials: Credentials, access: Access) -> Self {
        Self { credentials, access }
    }

    fn allow(&self, caller: &Caller, action: &str, resource: &str) -> S3Result<()> {
        let resource = format!("arn:aws:s3:::{resource}");
        self.access
            .check(caller, action, &resource)
            .map_err(|denied| S3Error::with_message(S3ErrorCode::AccessDenied, denied.message))
    }

    /// A copy reads its source too.
    fn allow_source<T>(&self, request: &S3Request<T>, source: &CopySource) -> S3Result<()> {
        let CopySource::Bucket { bucket, key, .. } = source else {
            return Err(s3_error!(NotImplemented, "Only objects of this stage can be copied."));
        };
        self.allow(caller(&request.extensions)?, "s3:GetObject", &format!("{bucket}/{key}"))
    }
}

/// The caller, which `check` has found.
fn caller(extensions: &http::Extensions) -> S3Result<&Caller> {
    extensions.get().ok_or_else(|| s3_error!(AccessDenied))
}

#[async_trait::async_trait]
impl S3Auth for Guard {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match self.credentials.find(access_key) {
            Some((keys, _)) => Ok(keys.secret_access_key.into()),
            None => Err(s3_error!(
                InvalidAccessKeyId,
                "The AWS Access Key Id you provided does not exist in our records."
            )),
        }
    }
}

#[async_trait::async_trait]
impl S3Access for Guard {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let key = context.credentials().ok_or_else(|| s3_error!(AccessDenied, "Access Denied"))?;
        let found = self.credentials.find(&key.access_key);
        let (keys, caller) = found.ok_or_else(|| s3_error!(InvalidAccessKeyId))?;
        // Temporary keys come with their token; `s3s` does not look at it.
        if token(context) != keys.session_token {
            return Err(s3_error!(
                InvalidToken,
                "The provided token is malformed or otherwise invalid."
            ));
        }
        if caller.is_expired(Timestamp::now().as_second()) {
            return Err(s3_error!(ExpiredToken, "The provided token has expired."));
        }
        let operation = context.s3_op().name().to_owned();
        let resource = resource(context.s3_path());
        // The keys to delete are in the body: `delete_objects` asks for each.
        if operation != "DeleteObjects" {
            self.allow(&caller, &action(&operation), &resource)?;
        }
        context.extensions_mut().insert(caller);
        Ok(())
    }

    async fn delete_objects(&self, request: &mut S3Request<DeleteObjectsInput>) -> S3Result<()> {
        let caller = caller(&request.extensions)?;
        let bucket = &request.input.bucket;
        request.input.delete.objects.iter().try_for_each(|object| {
            self.allow(caller, "s3:DeleteObject", &format!("{bucket}/{}", object.key))
        })
    }

    async fn copy_object(&self, request: &mut S3Request<CopyObjectInput>) -> S3Result<()> {
        self.allow_source(request, &request.input.copy_source)
    }

    async fn upload_part_copy(&self, request: &mut S3Request<UploadPartCopyInput>) -> S3Result<()> {
        self.allow_source(request, &request.input.copy_source)
    }
}

fn token(context: &S3AccessContext<'_>) -> Option<String> {
    let header = context.headers().get("x-amz-security-token");
    if let Some(token) = header.and_then(|token| token.to_str().ok()) {
        return Some(token.to_owned());
    }
    let mut pairs = context.uri().query()?.split('&').filter_map(|pair| pair.split_once('='));
    let (_, token) = pairs.find(|(name, _)| *name == "X-Amz-Security-Token")?;
    Some(percent_encoding::percent_decode_str(token).decode_utf8_lossy().into_owned())
}

fn resource(path: &S3Path) -> String {
    match path {
        S3Path::Root => "*".to_owned(),
        S3Path::Bucket { bucket } => bucket.to_string(),
        S3Path::Object { bucket, key } => format!("{bucket}/{key}"),
    }
}

/// IAM's action for an operation; where they differ the S3 User Guide has the list.
fn action(operation: &str) -> String {
    let action = match operation {
        "HeadObject" => "GetObject",
        "CopyObject"
        | "CreateMultipartUpload"
        | "UploadPart"
        | "UploadPartCopy"
        | "CompleteMultipartUpload"
        | "PostObject" => "PutObject",
        "ListObjects" | "ListObjectsV2" | "HeadBucket" => "ListBucket",
        "ListBuckets" => "ListAllMyBuckets",
        "ListParts" => "ListMultipartUploadParts",
        "ListMultipartUploads" => "ListBucketMultipartUploads",
        other => other,
    };
    format!("s3:{action}")
}
