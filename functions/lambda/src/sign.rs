//! Signature Version 4 for the few requests that functions make: a path, a body, no query.
//!
//! The keys and the signature are `aws-sigv4`'s; the canonical form is written here, since in this
//! narrow case it is short and its fan-out of thousands of posts a second is worth the difference.

use std::sync::Mutex;
use std::time::SystemTime;

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use chatctl_domain::Fault;
use chatctl_protocol::LentCredentials;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use jiff::tz::TimeZone;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::settings::required;

/// What a canonical path encodes: everything but unreserved characters and the slash.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Whom the function acts as: credentials of its role, which last as long as the process.
#[derive(Debug)]
pub(crate) struct Identity {
    access_key: String,
    secret_key: String,
    session_token: Option<String>,
    pub(crate) region: String,
}

impl Identity {
    /// An identity that was lent to the function.
    pub(crate) fn lent(credentials: &LentCredentials, region: &str) -> Self {
        let LentCredentials { access_key_id, secret_access_key, session_token, expiration: _ } =
            credentials;
        Self {
            access_key: access_key_id.clone(),
            secret_key: secret_access_key.clone(),
            session_token: Some(session_token.clone()),
            region: region.to_owned(),
        }
    }

    /// The identity that Lambda put in the environment.
    pub(crate) fn from_env() -> Result<Self, Fault> {
        Ok(Self {
            access_key: required("AWS_ACCESS_KEY_ID")?,
            secret_key: required("AWS_SECRET_ACCESS_KEY")?,
            session_token: std::env::var("AWS_SESSION_TOKEN").ok(),
            region: required("AWS_REGION")?,
        })
    }
}

/// Signs for one service.
#[derive(Debug)]
pub(crate) struct Signer {
    service: &'static str,
    /// The day (`20240209`) and its key, derived once; held for a few instructions, never across an await.
    key: Mutex<(String, Vec<u8>)>,
}

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signable<'a> {
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    /// The path as it goes over the wire.
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
}

impl Signer {
    pub(crate) fn new(service: &'static str) -> Self {
        Self { service, key: Mutex::default() }
    }

    /// The service.
    pub(crate) fn service(&self) -> &'static str {
        self.service
    }

    /// The headers that make a request one of this identity at this time.
    pub(crate) fn sign(
        &self,
        identity: &Identity,
        request: Signable<'_>,
        now: SystemTime,
    ) -> Result<HeaderMap, Fault> {
        let date = stamp(now)?;
        let (canonical, signed) = canonical(identity, request, &date);
        let day = &date[..8];
        let scope = format!("{day}/{}/{}/aws4_request", identity.region, self.service);
        let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hash(canonical.as_bytes()));
        let signature = calculate_signature(self.key(identity, day, now), to_sign.as_bytes());
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed}, Signature={signature}",
            identity.access_key
        );
        // `host` is signed and not among these: the client sends it in each HTTP version's own way.
        let mut headers = HeaderMap::with_capacity(6);
        headers.insert(DATE, value(&date)?);
        if let Some(token) = &identity.session_token {
            headers.insert(TOKEN, value(token)?);
        }
        headers.insert(AUTHORIZATION, value(&authorization)?);
        Ok(headers)
    }

    fn key(&self, identity: &Identity, day: &str, now: SystemTime) -> Vec<u8> {
        let mut held = self.key.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if held.0 != day {
            let key =
                generate_signing_key(&identity.secret_key, now, &identity.region, self.service);
            *held = (day.to_owned(), key.as_ref().to_vec());
        }
        held.1.clone()
    }
}

/// What a query's names and values encode: everything but unreserved characters.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The address `base` (`scheme://host[:port]`) with these parameters, so that whoever opens it within
/// `expires_s` seconds does so as this identity.
pub(crate) fn signed_url(
    identity: &Identity,
    service: &'static str,
    base: &str,
    parameters: &[(&str, &str)],
    expires_s: u32,
    now: SystemTime,
) -> Result<String, Fault> {
    let date = stamp(now)?;
    let scope = format!("{}/{}/{service}/aws4_request", &date[..8], identity.region);
    let credential = format!("{}/{scope}", identity.access_key);
    let expires = expires_s.to_string();
    let mut all = parameters.to_vec();
    all.extend([
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", credential.as_str()),
        ("X-Amz-Date", date.as_str()),
        ("X-Amz-Expires", expires.as_str()),
        ("X-Amz-SignedHeaders", "host"),
    ]);
    all.extend(identity.session_token.as_deref().map(|token| ("X-Amz-Security-Token", token)));
    all.sort_unstable();
    let encoded = |text| utf8_percent_encode(text, QUERY).to_string();
    let pairs: Vec<String> =
        all.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    let query = pairs.join("&");
    let base = base.trim_end_matches('/');
    let host = base.split_once("://").map_or(base, |(_, host)| host);
    let canonical = format!("GET\n/\n{query}\nhost:{host}\n\nhost\n{}", hash(b""));
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hash(canonical.as_bytes()));
    let key = generate_signing_key(&identity.secret_key, now, &identity.region, service);
    let signature = calculate_signature(key, to_sign.as_bytes());
    Ok(format!("{base}/?{query}&X-Amz-Signature={signature}"))
}

/// The canonical request and the names of its signed headers.
fn canonical(identity: &Identity, request: Signable<'_>, date: &str) -> (String, &'static str) {
    let Signable { method, host, path, body } = request;
    let path = utf8_percent_encode(path, PATH);
    let body = hash(body);
    match &identity.session_token {
        Some(token) => (
            format!(
                "{method}\n{path}\n\nhost:{host}\nx-amz-date:{date}\nx-amz-security-token:{token}\n\nhost;x-amz-date;x-amz-security-token\n{body}"
            ),
            "host;x-amz-date;x-amz-security-token",
        ),
        None => (
            format!(
                "{method}\n{path}\n\nhost:{host}\nx-amz-date:{date}\n\nhost;x-amz-date\n{body}"
            ),
            "host;x-amz-date",
        ),
    }
}

fn stamp(now: SystemTime) -> Result<String, Fault> {
    let time = jiff::Timestamp::try_from(now).map_err(|error| Fault(error.to_string()))?;
    let time = time.to_zoned(TimeZone::UTC);
    Ok(format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    ))
}

fn value(text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(text).map_err(|error| Fault(error.to_string()))
}

fn hash(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = Sha256::digest(bytes);
    digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_credential_types::Credentials;
    use aws_sigv4::http_request::{
        PayloadChecksumKind, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
        sign,
    };
    use aws_sigv4::sign::v4::SigningParams;

    use super::*;

    /// What `aws-sigv4` itself puts in `authorization`.
    fn reference(token: Option<&str>, request: Signable<'_>, now: SystemTime) -> String {
        let identity =
            Credentials::new("AKID", "secret", token.map(str::to_owned), None, "test").into();
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
        let params = SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name("execute-api")
            .time(now)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let url = format!("http://{}{}", request.host, request.path);
        let body = SignableBody::Bytes(request.body);
        let signable = SignableRequest::new(request.method, url, std::iter::empty(), body).unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        let mut built = http::Request::builder().uri("/").body(()).unwrap();
        instructions.apply_to_request_http1x(&mut built);
        built.headers()[AUTHORIZATION].to_str().unwrap().to_owned()
    }

    #[test]
    fn signed_addresses_are_those_of_aws_sigv4() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_707_503_008);
        let lent = LentCredentials {
            access_key_id: "AKID".into(),
            secret_access_key: "secret".into(),
            session_token: "session/token==".into(),
            expiration: String::new(),
        };
        let ours = Identity::lent(&lent, "eu-west-1");
        let parameters = [
            ("X-Amz-ChannelARN", "arn:aws:kinesisvideo:eu-west-1:1:channel/x/1"),
            ("X-Amz-ClientId", "c-1"),
        ];
        let found =
            signed_url(&ours, "kinesisvideo", "wss://v-1.example", &parameters, 299, now).unwrap();

        let identity =
            Credentials::new("AKID", "secret", Some("session/token==".into()), None, "test").into();
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(299));
        let params = SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name("kinesisvideo")
            .time(now)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let query: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, QUERY)))
            .collect();
        let url = format!("wss://v-1.example/?{}", query.join("&"));
        let signable =
            SignableRequest::new("GET", url, std::iter::empty(), SignableBody::Bytes(b"")).unwrap();
        let (_, signature) = sign(signable, &params).unwrap().into_parts();
        assert!(found.ends_with(&format!("&X-Amz-Signature={signature}")), "{found}");
    }

    #[test]
    fn signatures_are_those_of_aws_sigv4() {
        let signer = Signer::new("execute-api");
        for (days, token) in [(0, None), (0, Some("session/token==")), (1, None)] {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_707_503_008 + days * 86_400);
            let identity = Identity {
                access_key: "AKID".into(),
                secret_key: "secret".into(),
                session_token: token.map(str::to_owned),
                region: "eu-west-1".into(),
            };
            let request = Signable {
                method: "POST",
                host: "127.0.0.1:4510",
                path: "/local/@connections/JC1dgf9yoAMCK-g%3D",
                body: b"{\"action\":\"pong\"}",
            };
            let headers = signer.sign(&identity, request, now).unwrap();
            assert_eq!(headers[AUTHORIZATION], reference(token, request, now).as_str());
        }
    }
}
