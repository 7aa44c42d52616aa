//! AWS's services as this program uses them: one file a service, the only place that sees an SDK.
//!
//! SDK types never leave it. The stage's endpoint is plain HTTP, so no TLS roots are ever loaded.

mod dynamodb;
mod logs;
mod s3;

use std::fmt::Debug;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder;

pub use dynamodb::{Condition, Cursor, Row, ScanPage, ScanRequest, Tables};
pub use logs::{LogEvent, LogPage, Logs};
pub use s3::{Bucket, Object};

use crate::local::credentials::Keys;

/// Where AWS's APIs are and who asks.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// The endpoint's URL.
    pub endpoint: String,
    /// The region.
    pub region: String,
    /// The operator's keys.
    pub keys: Keys,
}

impl Cloud {
    fn credentials(&self) -> Credentials {
        let Keys { access_key_id, secret_access_key, session_token } = self.keys.clone();
        Credentials::new(access_key_id, secret_access_key, session_token, None, "chatctl")
    }
}

/// An HTTP client without TLS.
fn http_client() -> aws_sdk_dynamodb::config::SharedHttpClient {
    Builder::new().build_http()
}

/// A service refused, or could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {message}{}", .code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
pub struct AwsError {
    /// The operation.
    pub operation: &'static str,
    /// The service's error code.
    pub code: Option<String>,
    /// The service's words, or why it could not be asked.
    pub message: String,
    /// The request's id.
    pub request_id: Option<String>,
    away: bool,
}

impl AwsError {
    /// Whether the credentials were the reason.
    pub fn is_credentials(&self) -> bool {
        const CODES: [&str; 6] = [
            "AccessDeniedException",
            "InvalidSignatureException",
            "UnrecognizedClientException",
            "ExpiredTokenException",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
        ];
        self.code.as_deref().is_some_and(|code| CODES.contains(&code))
    }

    /// Whether nothing answered.
    pub fn is_away(&self) -> bool {
        self.away
    }

    /// Whether what was asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        const CODES: [&str; 3] = ["ResourceNotFoundException", "NoSuchBucket", "NoSuchKey"];
        self.code.as_deref().is_some_and(|code| CODES.contains(&code))
    }
}

/// An SDK's error as this program tells it.
fn failure<E, R>(operation: &'static str) -> impl Fn(SdkError<E, R>) -> AwsError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: Debug + 'static,
{
    move |error| {
        let away = matches!(error, SdkError::DispatchFailure(_) | SdkError::TimeoutError(_));
        let code = error.code().map(str::to_owned);
        let request_id = error.meta().extra("aws_request_id").map(str::to_owned);
        let message = match error.message() {
            Some(message) => message.to_owned(),
            None => DisplayErrorContext(&error).to_string(),
        };
        AwsError { operation, code, message, request_id, away }
    }
}
