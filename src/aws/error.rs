//! What a service, or the way to it, answered instead of what was asked.

use std::error::Error;
use std::fmt::Debug;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

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
    reason: Reason,
}

/// Why there is no answer, as far as callers tell the cases apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// The service said no.
    Refused,
    /// Nothing answered.
    Away,
    /// There was nobody to sign the request as.
    NoCredentials,
}

/// Codes of keys that are wrong or no longer valid.
const BAD_KEYS: [&str; 12] = [
    "InvalidSignatureException",
    "UnrecognizedClientException",
    "UnrecognizedClient",
    "ExpiredTokenException",
    "ExpiredToken",
    "RequestExpired",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "AuthFailure",
    "InvalidToken",
];

/// Codes of keys that are valid and may not do this.
const DENIED: [&str; 4] =
    ["AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "NotAuthorized"];

/// Codes of a request too many.
const THROTTLED: [&str; 8] = [
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "SlowDown",
];

/// Codes of a service that failed by itself.
const FAILED: [&str; 5] = [
    "ServiceUnavailableException",
    "ServiceUnavailable",
    "InternalFailure",
    "InternalServerError",
    "InternalError",
];

impl AwsError {
    /// Whether the credentials were the reason: missing, wrong, expired or not permitted.
    pub fn is_credentials(&self) -> bool {
        self.is_bad_keys() || self.is_denied()
    }

    /// Whether the keys are missing, wrong or expired, so that new ones would help.
    pub fn is_bad_keys(&self) -> bool {
        self.reason == Reason::NoCredentials || self.is(&BAD_KEYS)
    }

    /// Whether the keys are valid, and not permitted to do this.
    pub fn is_denied(&self) -> bool {
        self.is(&DENIED)
    }

    /// Whether nothing answered.
    pub fn is_away(&self) -> bool {
        self.reason == Reason::Away
    }

    /// Whether the service refused it as one request too many.
    pub fn is_throttled(&self) -> bool {
        self.is(&THROTTLED)
    }

    /// Whether the same request may succeed in a moment: a connection broke, or the service failed.
    pub fn is_passing(&self) -> bool {
        self.is_away() || self.is(&FAILED)
    }

    /// Whether what was asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        const CODES: [&str; 5] = [
            "ResourceNotFoundException",
            "ResourceNotFound",
            "DashboardNotFoundError",
            "NoSuchBucket",
            "NoSuchKey",
        ];
        self.is(&CODES)
    }

    /// Whether the service is busy with what it was to change.
    pub fn is_in_use(&self) -> bool {
        self.is(&["ResourceInUseException"])
    }

    /// An answer that broke off.
    pub(super) fn away(operation: &'static str, message: &str) -> Self {
        let message = message.to_owned();
        Self { operation, code: None, message, request_id: None, reason: Reason::Away }
    }

    /// A refusal that was part of an answer.
    pub(super) fn refused(operation: &'static str, code: Option<&str>, message: &str) -> Self {
        let (code, message) = (code.map(str::to_owned), message.to_owned());
        Self { operation, code, message, request_id: None, reason: Reason::Refused }
    }

    fn is(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }
}

/// An SDK's error as this program tells it.
pub(super) fn failure<E, R>(operation: &'static str) -> impl Fn(SdkError<E, R>) -> AwsError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug + 'static,
{
    move |error| {
        if let Some(cause) = credentials_cause(&error) {
            return no_credentials(operation, cause);
        }
        let away = matches!(error, SdkError::DispatchFailure(_) | SdkError::TimeoutError(_));
        let message = match error.message() {
            Some(message) => message.to_owned(),
            None => DisplayErrorContext(&error).to_string(),
        };
        AwsError {
            operation,
            code: error.code().map(str::to_owned),
            message,
            request_id: error.meta().extra("aws_request_id").map(str::to_owned),
            reason: if away { Reason::Away } else { Reason::Refused },
        }
    }
}

/// The failure of an operation that needed somebody to sign as.
pub(super) fn no_credentials(operation: &'static str, cause: &CredentialsError) -> AwsError {
    let message = match cause {
        CredentialsError::CredentialsNotLoaded(_) => "no AWS credentials were found".to_owned(),
        other => format!("no AWS credentials could be had: {}", innermost(other)),
    };
    AwsError { operation, code: None, message, request_id: None, reason: Reason::NoCredentials }
}

fn credentials_cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CredentialsError> {
    causes(error).find_map(|error| error.downcast_ref::<CredentialsError>())
}

/// The last cause says what happened; those above it say only that something did.
fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}
