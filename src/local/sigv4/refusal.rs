//! What is wrong with a signature, in the words and shapes of each service's protocol.

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::{Service, timestamp};
use crate::local::answer::{Answer, answer};

/// Why a request is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not signed at all.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// A part of the signature is missing or malformed.
    #[error("{0}")]
    Incomplete(String),
    /// Signed for another day, region or service.
    #[error("{0}")]
    Scope(String),
    /// Nobody has this access key id.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The session token is missing, superfluous or another one's.
    #[error("The security token included in the request is invalid.")]
    Token,
    /// The session of temporary keys has ended.
    #[error("The security token included in the request is expired")]
    Expired,
    /// Signed too long ago, or for a time to come.
    #[error("{}", time_message(*signed, *now, *minutes, *future))]
    Time {
        /// The signature's time, in seconds since the epoch.
        signed: i64,
        /// The time here.
        now: i64,
        /// The tolerance.
        minutes: i64,
        /// Whether it lies in the future.
        future: bool,
    },
    /// The body is not the one that was signed.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    Payload,
    /// The signature is not the one that the secret key makes.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your \
         AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n\
         The Canonical String for this request should have been\n'{canonical}'\n"
    )]
    Mismatch {
        /// The request as it was understood here.
        canonical: String,
    },
}

fn time_message(signed: i64, now: i64, minutes: i64, future: bool) -> String {
    let (signed, at) = (timestamp::format(signed), timestamp::format(now));
    if future {
        let limit = timestamp::format(now + minutes * 60);
        format!(
            "Signature not yet current: {signed} is still later than {limit} ({at} + {minutes} min.)"
        )
    } else {
        let limit = timestamp::format(now - minutes * 60);
        format!("Signature expired: {signed} is now earlier than {limit} ({at} - {minutes} min.)")
    }
}

/// How a service writes errors.
#[derive(Clone, Copy)]
enum Dialect {
    /// `__type` in a JSON body.
    Json,
    /// `x-amzn-ErrorType` beside a JSON body.
    Rest,
    /// `ErrorResponse` in XML.
    Query,
    /// `Error` in XML.
    Object,
}

fn dialect(service: Option<Service>) -> Dialect {
    match service {
        Some(Service::S3) => Dialect::Object,
        Some(Service::Sts) => Dialect::Query,
        Some(Service::Lambda | Service::ExecuteApi | Service::KinesisVideo) => Dialect::Rest,
        Some(Service::DynamoDb | Service::Ssm | Service::Logs) | None => Dialect::Json,
    }
}

impl SignatureError {
    /// The answer, in the protocol of the service that the request was for.
    pub fn answer(&self, service: Option<Service>) -> Answer {
        let message = self.to_string();
        match dialect(service) {
            Dialect::Json => {
                let code = self.json_code();
                let body = json!({"__type": format!("com.amazon.coral.service#{code}"),
                    "message": message});
                answer(StatusCode::BAD_REQUEST, "application/x-amz-json-1.0", body.to_string())
            }
            Dialect::Rest => {
                let body = json!({ "message": message });
                let mut answer =
                    answer(StatusCode::FORBIDDEN, "application/json", body.to_string());
                let code = HeaderValue::from_static(self.json_code());
                answer.headers_mut().insert("x-amzn-errortype", code);
                answer
            }
            Dialect::Query => xml(
                self.query_status(),
                &format!(
                    "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
                     <Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>\
                     <RequestId>{}</RequestId></ErrorResponse>",
                    self.query_code(),
                    escape(&message),
                    ulid::Ulid::new()
                ),
            ),
            Dialect::Object => xml(
                StatusCode::FORBIDDEN,
                &format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code>\
                     <Message>{}</Message><RequestId>{}</RequestId></Error>",
                    self.object_code(),
                    escape(&message),
                    ulid::Ulid::new()
                ),
            ),
        }
    }

    fn json_code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::UnknownKey | Self::Token => "UnrecognizedClientException",
            Self::Expired => "ExpiredTokenException",
            Self::Scope(_) | Self::Time { .. } | Self::Payload | Self::Mismatch { .. } => {
                "InvalidSignatureException"
            }
        }
    }

    fn query_code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationToken",
            Self::Incomplete(_) => "IncompleteSignature",
            Self::UnknownKey | Self::Token => "InvalidClientTokenId",
            Self::Expired => "ExpiredToken",
            Self::Scope(_) | Self::Time { .. } | Self::Payload | Self::Mismatch { .. } => {
                "SignatureDoesNotMatch"
            }
        }
    }

    fn query_status(&self) -> StatusCode {
        match self {
            Self::Incomplete(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::FORBIDDEN,
        }
    }

    fn object_code(&self) -> &'static str {
        match self {
            Self::Missing => "AccessDenied",
            Self::Incomplete(_) | Self::Scope(_) => "AuthorizationHeaderMalformed",
            Self::UnknownKey => "InvalidAccessKeyId",
            Self::Token => "InvalidToken",
            Self::Expired => "ExpiredToken",
            Self::Time { .. } => "RequestTimeTooSkewed",
            Self::Payload => "XAmzContentSHA256Mismatch",
            Self::Mismatch { .. } => "SignatureDoesNotMatch",
        }
    }
}

fn xml(status: StatusCode, body: &str) -> Answer {
    answer(status, "text/xml", Bytes::copy_from_slice(body.as_bytes()))
}

/// Text for an XML element.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
