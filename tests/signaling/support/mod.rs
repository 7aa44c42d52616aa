//! A host of a test's own, channels on it, and peers that sign as the published library does.

mod peer;

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SignatureLocation, SigningInstructions,
    SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use chatctl::local::credentials::Keys;
use chatctl::local::gateway::GatewayLimits;
use chatctl::local::host::{HostSettings, run};
use chatctl::local::kinesisvideo::{Scheme, SignalingLimits};
use chatctl::local::state::StateDir;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tempfile::TempDir;

pub use peer::Peer;

/// How long anything may take that is to happen.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running host.
pub struct Cloud {
    _folder: TempDir,
    pub state: StateDir,
    pub port: u16,
    pub keys: Keys,
}

impl Cloud {
    pub async fn new() -> Self {
        Self::limited(SignalingLimits { connects_per_second: 100, ..SignalingLimits::default() })
            .await
    }

    pub async fn limited(signaling: SignalingLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = HostSettings {
            state_dir: folder.path().join("state"),
            port: 0,
            limits: GatewayLimits::default(),
            signaling,
            scheme: Scheme::Plain,
        };
        let state = StateDir::new(&settings.state_dir);
        tokio::spawn(async move { run(settings).await.unwrap() });
        let ready = async {
            loop {
                if let Some(record) = state.host().unwrap() {
                    break record.port;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let port = tokio::time::timeout(PATIENCE, ready).await.expect("the host starts");
        let keys = state.operator().unwrap();
        Self { _folder: folder, state, port, keys }
    }

    /// Calls an operation of Kinesis Video as the operator; its status and its body.
    pub async fn call(&self, path: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let (status, body) = self.request(&self.keys, "kinesisvideo", path, body).await;
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// Posts to a service as the owner of some keys.
    pub async fn request(
        &self,
        keys: &Keys,
        service: &str,
        path: &str,
        body: String,
    ) -> (u16, Bytes) {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let mut request =
            http::Request::post(&url).body(Full::new(Bytes::from(body.clone()))).unwrap();
        let what = Signable { method: "POST", url: &url, body: body.as_bytes(), service };
        what.signed(keys, SigningSettings::default()).apply_to_request_http1x(&mut request);
        let client = Client::builder(TokioExecutor::new()).build_http();
        let (parts, body) = client.request(request).await.unwrap().into_parts();
        (parts.status.as_u16(), body.collect().await.unwrap().to_bytes())
    }

    /// Makes a channel; its ARN.
    pub async fn channel(&self, name: &str) -> String {
        let (status, body) =
            self.call("/createSignalingChannel", &json!({"ChannelName": name})).await;
        assert_eq!(status, 200, "{body}");
        body["ChannelARN"].as_str().unwrap().to_owned()
    }

    /// The URL that lets in, for a while; without a client id it is the master's.
    pub fn url(&self, channel: &str, client: Option<&str>) -> String {
        self.url_with(channel, client, &self.keys, 299)
    }

    pub fn url_with(
        &self,
        channel: &str,
        client: Option<&str>,
        keys: &Keys,
        expires_s: u64,
    ) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut url =
            format!("http://127.0.0.1:{}/?X-Amz-ChannelARN={}", self.port, encode(channel));
        if let Some(client) = client {
            url.push_str(&format!("&X-Amz-ClientId={}", encode(client)));
        }
        self.presigned(&url, keys, expires_s)
    }

    pub fn presigned(&self, url: &str, keys: &Keys, expires_s: u64) -> String {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(expires_s));
        settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
        let what = Signable { method: "GET", url, body: b"", service: "kinesisvideo" };
        let mut request = http::Request::get(url).body(()).unwrap();
        what.signed(keys, settings).apply_to_request_http1x(&mut request);
        request.uri().to_string().replacen("http://", "ws://", 1)
    }

    pub async fn master(&self, channel: &str) -> Peer {
        self.connect(channel, None).await
    }

    pub async fn viewer(&self, channel: &str, client: &str) -> Peer {
        self.connect(channel, Some(client)).await
    }

    async fn connect(&self, channel: &str, client: Option<&str>) -> Peer {
        Peer::connect(&self.url(channel, client)).await.unwrap_or_else(|it| panic!("{it:?}"))
    }
}

struct Signable<'a> {
    method: &'static str,
    url: &'a str,
    body: &'a [u8],
    service: &'a str,
}

impl Signable<'_> {
    fn signed(&self, keys: &Keys, settings: SigningSettings) -> SigningInstructions {
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
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .unwrap();
        let body = SignableBody::Bytes(self.body);
        let request =
            SignableRequest::new(self.method, self.url, std::iter::empty(), body).unwrap();
        sign(request, &params.into()).unwrap().into_parts().0
    }
}
