//! The events that functions receive, in the shapes of API Gateway's Lambda proxy integration.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::GatewaySettings;
use super::connection::Identity;

type Map = BTreeMap<String, String>;
type MultiMap = BTreeMap<String, Vec<String>>;

/// A proxy event; absent parts are absent on the wire.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event<'a> {
    /// `REQUEST`, for authorizers only.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// The ARN to decide on, for authorizers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method_arn: Option<String>,
    /// Always empty, for authorizers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_variables: Option<Map>,
    #[serde(flatten)]
    pub http: Http<'a>,
    pub request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<&'a str>,
    pub is_base64_encoded: bool,
}

/// The handshake's headers and query; absent on messages.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Http<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<&'a Map>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_value_headers: Option<&'a MultiMap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_string_parameters: Option<&'a Map>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_value_query_string_parameters: Option<&'a MultiMap>,
}

/// What every event tells of its connection and itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestContext<'a> {
    pub route_key: &'a str,
    pub event_type: &'static str,
    pub extended_request_id: &'a str,
    pub request_time: String,
    pub message_direction: &'static str,
    pub stage: &'a str,
    pub connected_at: i64,
    pub request_time_epoch: i64,
    pub identity: &'a Identity,
    pub request_id: &'a str,
    pub domain_name: &'a str,
    pub connection_id: &'a str,
    pub api_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorizer: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disconnect_status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disconnect_reason: Option<&'a str>,
}

/// Whose event it is.
pub struct Subject<'a> {
    pub connection_id: &'a str,
    pub connected_at: i64,
    pub identity: &'a Identity,
    pub domain: &'a str,
    pub authorizer: Option<&'a Value>,
}

impl<'a> RequestContext<'a> {
    /// The context of an event that happens now.
    pub fn new(
        settings: &'a GatewaySettings,
        subject: &Subject<'a>,
        route_key: &'a str,
        event_type: &'static str,
        request_id: &'a str,
    ) -> Self {
        let now = Timestamp::now();
        Self {
            route_key,
            event_type,
            extended_request_id: request_id,
            request_time: now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            message_direction: "IN",
            stage: &settings.stage,
            connected_at: subject.connected_at,
            request_time_epoch: now.as_millisecond(),
            identity: subject.identity,
            request_id,
            domain_name: subject.domain,
            connection_id: subject.connection_id,
            api_id: &settings.api_id,
            authorizer: subject.authorizer,
            message_id: None,
            disconnect_status_code: None,
            disconnect_reason: None,
        }
    }
}

impl Event<'_> {
    /// The event as a function receives it.
    pub fn payload(&self) -> Bytes {
        serde_json::to_vec(self).map(Bytes::from).unwrap_or_default()
    }
}

/// The handshake's headers and query, kept while the handshake lasts.
#[derive(Debug, Default)]
pub struct HandshakeParts {
    headers: Map,
    multi_headers: MultiMap,
    query: Map,
    multi_query: MultiMap,
}

impl HandshakeParts {
    /// Reads them off a request. Where a name occurs twice, the last value is the single one.
    pub fn read(headers: &HeaderMap, query: Option<&str>) -> Self {
        let mut parts = Self::default();
        for (name, value) in headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let name = header_case(name.as_str());
            parts.multi_headers.entry(name.clone()).or_default().push(value.clone());
            parts.headers.insert(name, value);
        }
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name), decoded(value));
            parts.multi_query.entry(name.clone()).or_default().push(value.clone());
            parts.query.insert(name, value);
        }
        parts
    }

    /// A query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A header, by its name in API Gateway's case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// As part of an event; an empty query is absent.
    pub fn http(&self) -> Http<'_> {
        let asked = !self.query.is_empty();
        Http {
            headers: Some(&self.headers),
            multi_value_headers: Some(&self.multi_headers),
            query_string_parameters: asked.then_some(&self.query),
            multi_value_query_string_parameters: asked.then_some(&self.multi_query),
        }
    }
}

/// `sec-websocket-key` as API Gateway hands it on: `Sec-WebSocket-Key`.
fn header_case(name: &str) -> String {
    let word = |word: &str| match word {
        "websocket" => "WebSocket".to_owned(),
        _ => word[..1].to_ascii_uppercase() + &word[1..],
    };
    let words: Vec<String> = name
        .split('-')
        .map(|part| if part.is_empty() { String::new() } else { word(part) })
        .collect();
    words.join("-")
}

fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// The headers of a `$disconnect` event.
pub fn disconnect_headers(domain: &str) -> HandshakeParts {
    let pairs = [("Host", domain), ("x-api-key", ""), ("X-Forwarded-For", ""), ("x-restapi", "")];
    let headers: Map =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let multi_headers =
        headers.iter().map(|(name, value)| (name.clone(), vec![value.clone()])).collect();
    HandshakeParts { headers, multi_headers, ..HandshakeParts::default() }
}
