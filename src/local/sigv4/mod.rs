//! Verifies AWS Signature Version 4, in the `Authorization` header and in a presigned query.
//!
//! It says who signed a request and for which service; what the caller may do is decided in `iam`.
//! It runs for every message that is posted to a connection, so the canonical request is hashed as
//! it is written and signing keys are kept. The procedure is AWS's "Signature Version 4 signing
//! process" (IAM User Guide).

mod canonical;
mod keys;
mod refusal;
mod signed;
mod timestamp;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hmac::Mac;
use http::request::Parts;
use sha2::{Digest, Sha256};

use super::credentials::{Caller, Credentials};
use super::kinesisvideo;
use keys::Keyring;
use signed::{Form, Scope, Signed};

pub use refusal::SignatureError;
pub(super) use refusal::escape;

/// A service of the embedded cloud, as a credential's scope names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// `dynamodb`
    DynamoDb,
    /// `s3`
    S3,
    /// `ssm`
    Ssm,
    /// `sts`
    Sts,
    /// `lambda`
    Lambda,
    /// `logs`
    Logs,
    /// `execute-api`: the @connections API.
    ExecuteApi,
    /// `kinesisvideo`: signaling channels.
    KinesisVideo,
}

impl Service {
    const ALL: [Self; 8] = [
        Self::DynamoDb,
        Self::S3,
        Self::Ssm,
        Self::Sts,
        Self::Lambda,
        Self::Logs,
        Self::ExecuteApi,
        Self::KinesisVideo,
    ];

    /// The signing name.
    pub fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::S3 => "s3",
            Self::Ssm => "ssm",
            Self::Sts => "sts",
            Self::Lambda => "lambda",
            Self::Logs => "logs",
            Self::ExecuteApi => "execute-api",
            Self::KinesisVideo => "kinesisvideo",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// The service that a request means that is not signed; S3's cannot be told from the site's.
    fn by_shape(parts: &Parts) -> Option<Self> {
        let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let path = parts.uri.path();
        match target.and_then(|target| target.split(['_', '.']).next()) {
            Some("DynamoDB" | "DynamoDBStreams") => Some(Self::DynamoDb),
            Some("AmazonSSM") => Some(Self::Ssm),
            Some("Logs") => Some(Self::Logs),
            _ if path.contains("/@connections/") => Some(Self::ExecuteApi),
            _ if path.starts_with("/2015-03-31/") => Some(Self::Lambda),
            _ if kinesisvideo::is_operation(path) => Some(Self::KinesisVideo),
            _ => None,
        }
    }

    /// How far a signature's time may be from now. S3 documents 15 minutes, the others 5.
    fn skew_s(self) -> i64 {
        if self == Self::S3 { 900 } else { 300 }
    }
}

/// Which service a request is for, by its signature's scope, or unsigned by its shape; whether the
/// signature is right is not asked.
///
/// `None` for a request to no service, or to one that is not here.
pub fn service(parts: &Parts) -> Option<Service> {
    match signed::credential(parts) {
        Some(credential) => Service::named(Scope::parse(&credential)?.service),
        None => Service::by_shape(parts),
    }
}

/// Whether a request carries a SigV4 signature, right or wrong.
pub fn is_signed(parts: &Parts) -> bool {
    signed::credential(parts).is_some()
}

/// Verifies requests against the embedded cloud's credentials; clones share the kept keys.
#[derive(Clone)]
pub struct Verifier {
    region: Arc<str>,
    keyring: Arc<Keyring>,
}

impl Verifier {
    /// A verifier for the requests that are signed for `region`.
    pub fn new(credentials: Credentials, region: &str) -> Self {
        Self { region: region.into(), keyring: Arc::new(Keyring::new(credentials)) }
    }

    /// Who signed the request, and for which service.
    ///
    /// # Errors
    /// The request is not signed, not by anyone known, not rightly or not lately.
    pub fn verify(
        &self,
        parts: &Parts,
        body: &Bytes,
        now: SystemTime,
    ) -> Result<(Caller, Service), SignatureError> {
        let signed = Signed::read(parts)?;
        let scope = Scope::parse(&signed.credential).ok_or_else(|| {
            SignatureError::Incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term, got '{}'",
                signed.credential
            ))
        })?;
        let service = self.check_scope(&scope, &signed)?;
        let now = now.duration_since(UNIX_EPOCH).map_or(0, |past| past.as_secs().cast_signed());
        check_time(&signed, service, now)?;
        let key = self.keyring.find(&signed.credential, &scope)?;
        key.check_token(signed.token.as_deref())?;
        if key.caller.is_expired(now) {
            return Err(SignatureError::Expired);
        }
        let payload = payload_hash(parts, body, &signed, service)?;
        let request = canonical::Request { parts, signed: &signed, service, payload: &payload };
        let mut hasher = Sha256::new();
        request.write(&mut hasher);
        let digest = canonical::hex(&hasher.finalize().into());
        let mac = key.mac_of(&signed.date, scope.text, &digest);
        if mac.verify_slice(&signed.signature).is_err() {
            return Err(SignatureError::Mismatch { canonical: request.text() });
        }
        let caller = key.caller.clone();
        self.keyring.keep(&signed.credential, key);
        Ok((caller, service))
    }

    fn check_scope(
        &self,
        scope: &Scope<'_>,
        signed: &Signed<'_>,
    ) -> Result<Service, SignatureError> {
        let refuse = |message: String| Err(SignatureError::Scope(message));
        if scope.terminator != "aws4_request" {
            return refuse(
                "Credential should be scoped with a valid terminator: 'aws4_request'.".to_owned(),
            );
        }
        if scope.region != &*self.region {
            return refuse(format!(
                "Credential should be scoped to a valid region; this stage is in '{}', not '{}'.",
                self.region, scope.region
            ));
        }
        if !signed.date.starts_with(scope.date) || scope.date.len() != 8 {
            return refuse(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
                 from HTTP: '{}' != '{}'.",
                scope.date,
                signed.date.get(..8).unwrap_or(&signed.date)
            ));
        }
        Service::named(scope.service).ok_or_else(|| {
            SignatureError::Scope(format!(
                "Credential should be scoped to correct service; '{}' is not one of this stage's.",
                scope.service
            ))
        })
    }
}

fn check_time(signed: &Signed<'_>, service: Service, now: i64) -> Result<(), SignatureError> {
    let Some(at) = timestamp::parse(&signed.date) else {
        return Err(SignatureError::Incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{}'.",
            signed.date
        )));
    };
    let skew = service.skew_s();
    let expired = match signed.form {
        Form::Header => at < now - skew,
        Form::Query { expires_s } => at + expires_s < now,
    };
    if expired || at > now + skew {
        let minutes = skew / 60;
        return Err(SignatureError::Time { signed: at, now, minutes, future: !expired });
    }
    Ok(())
}

/// The payload's hash as the canonical request names it: the body's, unless the request was signed
/// without it.
fn payload_hash(
    parts: &Parts,
    body: &Bytes,
    signed: &Signed<'_>,
    service: Service,
) -> Result<[u8; 64], SignatureError> {
    let named = parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
    let presigned_object = service == Service::S3 && matches!(signed.form, Form::Query { .. });
    if named == Some(canonical::UNSIGNED) || (named.is_none() && presigned_object) {
        return Ok(canonical::unsigned_payload());
    }
    let hash = canonical::hex(&Sha256::digest(body).into());
    match named {
        Some(named) if named.as_bytes() != hash => Err(SignatureError::Payload),
        _ => Ok(hash),
    }
}

#[cfg(test)]
mod tests;
