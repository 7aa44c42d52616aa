//! Reads what a request says about its own signature; believes none of it.

use std::borrow::Cow;

use http::request::Parts;
use percent_encoding::percent_decode_str;

use super::refusal::SignatureError;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Where the signature stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the query, good for so many seconds.
    Query {
        /// Seconds after the signature's date.
        expires_s: i64,
    },
}

/// A signature and what was signed, as the request claims.
#[derive(Debug)]
pub struct Signed<'a> {
    /// `keyid/date/region/service/aws4_request`
    pub credential: Cow<'a, str>,
    /// Lower-case header names, separated by semicolons.
    pub headers: Cow<'a, str>,
    /// The claimed signature.
    pub signature: [u8; 32],
    /// `YYYYMMDDTHHMMSSZ`
    pub date: Cow<'a, str>,
    /// The session token of temporary keys.
    pub token: Option<Cow<'a, str>>,
    /// Header or query.
    pub form: Form,
}

/// A credential's parts.
#[derive(Debug)]
pub struct Scope<'a> {
    /// The access key id.
    pub key_id: &'a str,
    /// Everything after the key id.
    pub text: &'a str,
    /// `YYYYMMDD`
    pub date: &'a str,
    /// The region.
    pub region: &'a str,
    /// The service's signing name.
    pub service: &'a str,
    /// `aws4_request`
    pub terminator: &'a str,
}

impl<'a> Scope<'a> {
    /// The parts of a credential; `None` unless there are exactly five.
    pub fn parse(credential: &'a str) -> Option<Self> {
        let (key_id, text) = credential.split_once('/')?;
        let mut parts = text.split('/');
        let scope = Self {
            key_id,
            text,
            date: parts.next()?,
            region: parts.next()?,
            service: parts.next()?,
            terminator: parts.next()?,
        };
        parts.next().is_none().then_some(scope)
    }
}

/// The credential that a request names, in either form.
pub fn credential(parts: &Parts) -> Option<Cow<'_, str>> {
    match authorization(parts) {
        Some(fields) => field(fields, "Credential").map(Cow::Borrowed),
        None => query_value(parts, "X-Amz-Credential"),
    }
}

impl<'a> Signed<'a> {
    /// Reads the signature of a request.
    ///
    /// # Errors
    /// There is none, or a part of it is missing.
    pub fn read(parts: &'a Parts) -> Result<Self, SignatureError> {
        let signed = match authorization(parts) {
            Some(fields) => Self::from_header(parts, fields)?,
            None if query_value(parts, "X-Amz-Algorithm").is_some() => Self::from_query(parts)?,
            None => return Err(SignatureError::Missing),
        };
        if !signed.headers.split(';').any(|name| name == "host") {
            return Err(SignatureError::Incomplete(
                "'Host' must be a 'SignedHeader' in the AWS Authorization.".to_owned(),
            ));
        }
        Ok(signed)
    }

    fn from_header(parts: &'a Parts, fields: &'a str) -> Result<Self, SignatureError> {
        let required = |name: &'static str| {
            field(fields, name).ok_or_else(|| {
                SignatureError::Incomplete(format!(
                    "Authorization header requires '{name}' parameter."
                ))
            })
        };
        let date = header(parts, "x-amz-date").ok_or_else(|| {
            SignatureError::Incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' \
                 header."
                    .to_owned(),
            )
        })?;
        Ok(Self {
            credential: required("Credential")?.into(),
            headers: required("SignedHeaders")?.into(),
            signature: signature(required("Signature")?)?,
            date: date.into(),
            token: header(parts, "x-amz-security-token").map(Cow::Borrowed),
            form: Form::Header,
        })
    }

    fn from_query(parts: &'a Parts) -> Result<Self, SignatureError> {
        let required = |name: &'static str| {
            query_value(parts, name).ok_or_else(|| {
                SignatureError::Incomplete(format!(
                    "AWS query-string parameters must include '{name}'."
                ))
            })
        };
        if required("X-Amz-Algorithm")? != ALGORITHM {
            return Err(SignatureError::Incomplete(format!(
                "X-Amz-Algorithm only supports \"{ALGORITHM}\"."
            )));
        }
        Ok(Self {
            credential: required("X-Amz-Credential")?,
            headers: required("X-Amz-SignedHeaders")?,
            signature: signature(&required("X-Amz-Signature")?)?,
            date: required("X-Amz-Date")?,
            token: query_value(parts, "X-Amz-Security-Token"),
            form: Form::Query { expires_s: expires(&required("X-Amz-Expires")?)? },
        })
    }
}

/// A presigned request lives for a week at most.
fn expires(text: &str) -> Result<i64, SignatureError> {
    const WEEK_S: i64 = 604_800;
    match text.parse() {
        Ok(seconds @ 0..=WEEK_S) => Ok(seconds),
        _ => Err(SignatureError::Incomplete(
            "X-Amz-Expires must be a number of seconds, less than a week.".to_owned(),
        )),
    }
}

fn authorization(parts: &Parts) -> Option<&str> {
    header(parts, "authorization")?.strip_prefix(ALGORITHM)
}

fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}

/// `Name=value` among fields that commas or spaces separate.
fn field<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    fields
        .split([',', ' '])
        .find_map(|part| part.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')))
}

/// The decoded value of the first query parameter of this name.
fn query_value<'a>(parts: &'a Parts, name: &str) -> Option<Cow<'a, str>> {
    let mut pairs = parts.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    percent_decode_str(value).decode_utf8().ok()
}

fn signature(hex: &str) -> Result<[u8; 32], SignatureError> {
    decode_hex(hex.as_bytes()).ok_or_else(|| {
        SignatureError::Incomplete("Signature must be 64 hexadecimal digits.".to_owned())
    })
}

fn decode_hex(digits: &[u8]) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
