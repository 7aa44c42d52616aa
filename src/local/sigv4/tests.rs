//! AWS's published example, and requests that AWS's own signer signed.

use std::time::Duration;

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;

use super::*;
use crate::local::credentials::Keys;

/// 2015-08-30T12:36:00Z, the time of AWS's test suite.
const THEN_S: u64 = 1_440_938_160;

fn then() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(THEN_S)
}

/// The keys of AWS's test suite.
fn suite_keys() -> Keys {
    Keys {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: None,
    }
}

fn verifier(keys: &Keys) -> Verifier {
    Verifier::new(Credentials::new(keys.clone()), "us-east-1")
}

fn parts(request: http::request::Builder) -> Parts {
    request.body(()).unwrap().into_parts().0
}

/// A request as it would arrive, before it is signed.
struct Sample {
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: &'static str,
    service: &'static str,
}

impl Sample {
    fn new(method: &'static str, path: &'static str, service: &'static str) -> Self {
        Self { method, path, headers: vec![("host", "127.0.0.1:4566")], body: "", service }
    }

    fn settings(&self, presigned: Option<Duration>) -> SigningSettings {
        let mut settings = SigningSettings::default();
        if self.service == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        if presigned.is_some() {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = presigned;
            settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
        }
        settings
    }

    /// Signs as the SDKs do.
    fn signed(&self, keys: &Keys, presigned: Option<Duration>) -> Parts {
        let identity = aws_credential_types::Credentials::new(
            &keys.access_key_id,
            &keys.secret_access_key,
            keys.session_token.clone(),
            None,
            "test",
        )
        .into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name(self.service)
            .time(then())
            .settings(self.settings(presigned))
            .build()
            .unwrap()
            .into();
        let uri = format!("http://127.0.0.1:4566{}", self.path);
        let body = match (self.service, presigned) {
            ("s3", Some(_)) => SignableBody::UnsignedPayload,
            _ => SignableBody::Bytes(self.body.as_bytes()),
        };
        let headers = self.headers.iter().copied();
        let signable = SignableRequest::new(self.method, &uri, headers, body).unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        let mut request = http::Request::builder().method(self.method).uri(&uri);
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        instructions.apply_to_request_http1x(&mut request);
        request.into_parts().0
    }
}

fn samples() -> Vec<Sample> {
    let mut post = Sample::new("POST", "/local/@connections/JC1dgf9yoAMCK-g%3D", "execute-api");
    post.body = r#"{"action":"pong"}"#;
    let mut encoded =
        Sample::new("POST", "/local/%40connections/JC1dgf9yoAMCK-g%3D", "execute-api");
    encoded.body = "x";
    let mut item = Sample::new("POST", "/", "dynamodb");
    item.body = "{}";
    item.headers.push(("x-amz-target", "DynamoDB_20120810.GetItem"));
    item.headers.push(("content-type", "application/x-amz-json-1.0"));
    let mut spaced = Sample::new("POST", "/", "logs");
    spaced.headers.push(("x-amz-meta-note", "  two   spaces  "));
    let mut object = Sample::new("PUT", "/bucket/a%20folder/%C3%BC~%281%29.txt", "s3");
    object.body = "content";
    vec![
        post,
        encoded,
        item,
        spaced,
        object,
        Sample::new("GET", "/bucket?list-type=2&prefix=a%2Fb%20c&delimiter=%2F", "s3"),
        Sample::new("GET", "/bucket/a//b/../c", "s3"),
        Sample::new("GET", "/2015-03-31/functions/arn%3Aaws/invocations?b=2&a=1&a=0&c", "lambda"),
        Sample::new("GET", "/a//b/../c/./d/", "execute-api"),
        Sample::new("GET", "/local/@connections/*'()!", "execute-api"),
    ]
}

fn verify(verifier: &Verifier, parts: &Parts, body: &'static str) -> Result<(), SignatureError> {
    verifier.verify(parts, &Bytes::from_static(body.as_bytes()), then()).map(drop)
}

#[test]
fn aws_published_example_is_verified() {
    let request = http::Request::get("/?Action=ListUsers&Version=2010-05-08")
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .header("host", "iam.amazonaws.com")
        .header("x-amz-date", "20150830T123600Z");
    let signed = Signed {
        credential: "AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request".into(),
        headers: "content-type;host;x-amz-date".into(),
        signature: [0; 32],
        date: "20150830T123600Z".into(),
        token: None,
        form: Form::Header,
    };
    let parts = parts(request);
    let payload = canonical::hex(&Sha256::digest(b"").into());
    let request = canonical::Request {
        parts: &parts,
        signed: &signed,
        service: Service::Sts,
        payload: &payload,
    };
    let digest = canonical::hex(&Sha256::digest(request.text()).into());
    assert_eq!(
        std::str::from_utf8(&digest).unwrap(),
        "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
    );
    let scope = Scope::parse(&signed.credential).unwrap();
    let key =
        Keyring::new(Credentials::new(suite_keys())).find(&signed.credential, &scope).unwrap();
    let mac = key.mac_of(&signed.date, scope.text, &digest).finalize().into_bytes();
    assert_eq!(
        std::str::from_utf8(&canonical::hex(&mac.into())).unwrap(),
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    );
}

#[test]
fn what_the_sdks_sign_is_verified_in_both_forms() {
    let keys = suite_keys();
    let verifier = verifier(&keys);
    for sample in samples() {
        for presigned in [None, Some(Duration::from_secs(60))] {
            let parts = sample.signed(&keys, presigned);
            let body = Bytes::from_static(sample.body.as_bytes());
            // The second time the key is a kept one.
            for _ in 0..2 {
                let verified = verifier.verify(&parts, &body, then());
                let expected = Service::named(sample.service).unwrap();
                assert_eq!(verified, Ok((Caller::Operator, expected)), "{}", sample.path);
            }
            assert_eq!(service(&parts), Service::named(sample.service));
        }
    }
}

#[test]
fn nothing_signed_may_be_changed() {
    let keys = suite_keys();
    let verifier = verifier(&keys);
    for sample in samples() {
        let signed = sample.signed(&keys, None);
        let changed = |change: fn(&mut Parts)| {
            let mut parts = signed.clone();
            change(&mut parts);
            verify(&verifier, &parts, sample.body)
        };
        assert_eq!(changed(|_| {}), Ok(()));
        assert!(changed(|parts| parts.method = http::Method::PATCH).is_err());
        assert!(changed(|parts| parts.uri = "/elsewhere".parse().unwrap()).is_err());
        assert!(
            changed(|parts| {
                parts.headers.insert("host", "example.org".parse().unwrap());
            })
            .is_err()
        );
        assert!(verify(&verifier, &signed, "another body").is_err(), "{}", sample.path);
    }
}

#[test]
fn a_wrong_secret_and_an_unknown_key_are_told_apart() {
    let sample = Sample::new("POST", "/", "dynamodb");
    let mut wrong = suite_keys();
    wrong.secret_access_key.push('x');
    let outcome = verify(&verifier(&suite_keys()), &sample.signed(&wrong, None), "");
    assert!(matches!(outcome, Err(SignatureError::Mismatch { .. })), "{outcome:?}");
    let mut unknown = suite_keys();
    unknown.access_key_id = "AKIDNOBODY".to_owned();
    let outcome = verify(&verifier(&suite_keys()), &sample.signed(&unknown, None), "");
    assert_eq!(outcome, Err(SignatureError::UnknownKey));
}

#[test]
fn temporary_keys_need_their_own_token() {
    let credentials = Credentials::new(suite_keys());
    let keys = credentials.mint_function("fn").unwrap();
    let verifier = Verifier::new(credentials, "us-east-1");
    let sample = Sample::new("POST", "/", "dynamodb");
    let caller = verifier.verify(&sample.signed(&keys, None), &Bytes::new(), then());
    assert_eq!(caller, Ok((Caller::Function("fn".into()), Service::DynamoDb)));
    for token in [None, Some("another".to_owned())] {
        let keys = Keys { session_token: token, ..keys.clone() };
        let outcome = verify(&verifier, &sample.signed(&keys, None), "");
        assert_eq!(outcome, Err(SignatureError::Token));
    }
}

#[test]
fn a_signature_lives_for_minutes_and_a_presigned_one_for_what_it_says() {
    let keys = suite_keys();
    let verifier = verifier(&keys);
    let at = |parts: &Parts, seconds: i64| {
        let now = UNIX_EPOCH + Duration::from_secs(THEN_S.saturating_add_signed(seconds));
        verifier.verify(parts, &Bytes::new(), now).is_ok()
    };
    let header = Sample::new("GET", "/b", "dynamodb").signed(&keys, None);
    assert_eq!([-301, -300, 300, 301].map(|s| at(&header, s)), [false, true, true, false]);
    let object = Sample::new("GET", "/b", "s3").signed(&keys, None);
    assert_eq!([-901, -900, 900, 901].map(|s| at(&object, s)), [false, true, true, false]);
    let query = Sample::new("GET", "/b/k", "s3").signed(&keys, Some(Duration::from_secs(60)));
    assert_eq!([0, 60, 61].map(|s| at(&query, s)), [true, true, false]);
}

#[test]
fn another_region_day_or_service_is_refused() {
    let keys = suite_keys();
    let other = Verifier::new(Credentials::new(keys.clone()), "eu-west-1");
    let signed = Sample::new("GET", "/", "dynamodb").signed(&keys, None);
    assert!(matches!(verify(&other, &signed, ""), Err(SignatureError::Scope(_))));
    let unknown = Sample::new("GET", "/", "sqs").signed(&keys, None);
    assert!(matches!(verify(&verifier(&keys), &unknown, ""), Err(SignatureError::Scope(_))));
}

#[test]
fn what_is_not_signed_at_all_or_only_half_is_named() {
    let verifier = verifier(&suite_keys());
    let bare = parts(http::Request::get("/").header("host", "h"));
    assert_eq!(verify(&verifier, &bare, ""), Err(SignatureError::Missing));
    assert!(!is_signed(&bare));
    for authorization in [
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA256 Credential=A/b/c/d, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/s3/aws4_request, SignedHeaders=host",
    ] {
        let half = parts(
            http::Request::get("/")
                .header("host", "h")
                .header("x-amz-date", "20150830T123600Z")
                .header("authorization", authorization),
        );
        let outcome = verify(&verifier, &half, "");
        assert!(matches!(outcome, Err(SignatureError::Incomplete(_))), "{outcome:?}");
    }
}

#[test]
fn an_unsigned_request_is_refused_by_the_service_that_it_means() {
    let target = |target: &str| parts(http::Request::post("/").header("x-amz-target", target));
    assert_eq!(service(&target("DynamoDB_20120810.GetItem")), Some(Service::DynamoDb));
    assert_eq!(service(&target("AmazonSSM.GetParameter")), Some(Service::Ssm));
    assert_eq!(service(&target("Logs_20140328.FilterLogEvents")), Some(Service::Logs));
    assert_eq!(service(&target("Other.Thing")), None);
    let post = parts(http::Request::post("/local/@connections/JC1dgf9yoAMCK-g%3D"));
    assert_eq!(service(&post), Some(Service::ExecuteApi));
    assert_eq!(SignatureError::Missing.answer(service(&post)).status().as_u16(), 403);
    assert_eq!(service(&parts(http::Request::get("/index.html"))), None);
}

#[test]
fn each_protocol_names_the_error_its_own_way() {
    let name = |error: &SignatureError, service| {
        let answer = error.answer(Some(service));
        let header = answer.headers().get("x-amzn-errortype").map(|code| code.to_str().unwrap());
        (answer.status().as_u16(), header.map(str::to_owned))
    };
    let mismatch = SignatureError::Mismatch { canonical: String::new() };
    assert_eq!(name(&mismatch, Service::DynamoDb), (400, None));
    assert_eq!(name(&mismatch, Service::Sts), (403, None));
    let rest = Some("InvalidSignatureException".to_owned());
    assert_eq!(name(&mismatch, Service::ExecuteApi), (403, rest));
    let rest = Some("UnrecognizedClientException".to_owned());
    assert_eq!(name(&SignatureError::UnknownKey, Service::Lambda), (403, rest));
}
