//! The events that functions receive, in the shapes of API Gateway's Lambda proxy integration.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, header};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use ulid::Ulid;

use super::connection::{Identity, Person};
use super::settings::GatewaySettings;

type Map = BTreeMap<String, String>;
type MultiMap = BTreeMap<String, Vec<String>>;

/// An event; absent parts are absent on the wire.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event<'a> {
    #[serde(flatten)]
    authorization: Option<Authorization<'a>>,
    #[serde(flatten)]
    http: Http<'a>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_base64_encoded: Option<bool>,
}

/// What only authorizers are told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Authorization<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    method_arn: &'a str,
    stage_variables: Map,
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
    pub person: &'a Person,
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
        let Subject { person, authorizer } = *subject;
        Self {
            route_key,
            event_type,
            extended_request_id: request_id,
            request_time: request_time(now),
            message_direction: "IN",
            stage: &settings.stage,
            connected_at: person.connected_at,
            request_time_epoch: now.as_millisecond(),
            identity: &person.identity,
            request_id,
            domain_name: &person.domain,
            connection_id: &person.id,
            api_id: &settings.api_id,
            authorizer,
            message_id: None,
            disconnect_status_code: None,
            disconnect_reason: None,
        }
    }
}

impl<'a> Event<'a> {
    /// An event for a route's function.
    pub fn new(http: Http<'a>, request_context: RequestContext<'a>, body: Option<&'a str>) -> Self {
        Self { authorization: None, http, request_context, body, is_base64_encoded: Some(false) }
    }

    /// An event for an authorizer, which is to decide on this ARN.
    pub fn to_authorize(
        method_arn: &'a str,
        http: Http<'a>,
        request_context: RequestContext<'a>,
    ) -> Self {
        let authorization =
            Some(Authorization { kind: "REQUEST", method_arn, stage_variables: Map::new() });
        Self { authorization, http, request_context, body: None, is_base64_encoded: None }
    }

    /// The event as a function receives it.
    pub fn payload(&self) -> Bytes {
        // Texts, numbers and maps with text keys: nothing that JSON cannot hold.
        serde_json::to_vec(self).map(Bytes::from).unwrap_or_default()
    }
}

/// `09/Feb/2024:18:23:28 +0000`.
pub(super) fn request_time(now: Timestamp) -> String {
    now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
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
    /// Reads them off a request. Where a name occurs twice, the last value is the single one. What
    /// concerns only the hop to the gateway is left out.
    pub fn read(headers: &HeaderMap, query: Option<&str>) -> Self {
        let mut parts = Self::default();
        for (name, value) in headers {
            if name != header::CONNECTION && name != header::UPGRADE {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                parts.push_header(header_case(name.as_str()), value);
            }
        }
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name), decoded(value));
            parts.multi_query.entry(name.clone()).or_default().push(value.clone());
            parts.query.insert(name, value);
        }
        parts
    }

    /// Adds what API Gateway's front door adds.
    pub fn forwarded(&mut self, source_ip: &str) {
        let port = self.header("Host").and_then(|host| host.rsplit_once(':')).map(|(_, port)| port);
        let port = port.unwrap_or("80").to_owned();
        let hops = match self.headers.remove("X-Forwarded-For") {
            Some(before) => format!("{before}, {source_ip}"),
            None => source_ip.to_owned(),
        };
        for (name, value) in [
            ("X-Forwarded-For", hops),
            ("X-Forwarded-Port", port),
            ("X-Forwarded-Proto", "http".to_owned()),
            ("X-Amzn-Trace-Id", trace_id(Timestamp::now())),
        ] {
            self.multi_headers.remove(name);
            self.push_header(name.to_owned(), value);
        }
    }

    /// Those of a `$disconnect` event: the host, and three that are always empty.
    pub fn of_disconnect(domain: &str) -> Self {
        let mut parts = Self::default();
        for (name, value) in
            [("Host", domain), ("x-api-key", ""), ("X-Forwarded-For", ""), ("x-restapi", "")]
        {
            parts.push_header(name.to_owned(), value.to_owned());
        }
        parts
    }

    fn push_header(&mut self, name: String, value: String) {
        self.multi_headers.entry(name.clone()).or_default().push(value.clone());
        self.headers.insert(name, value);
    }

    /// A query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(&header_case(&name.to_ascii_lowercase())).map(String::as_str)
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

/// `sec-websocket-key` as clients write it and API Gateway hands it on: `Sec-WebSocket-Key`.
fn header_case(name: &str) -> String {
    let word = |word: &str| match word {
        "websocket" => "WebSocket".to_owned(),
        _ => {
            let mut characters = word.chars();
            let first = characters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(characters).collect()
        }
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// A trace of its own for each request, in X-Ray's form.
pub(super) fn trace_id(now: Timestamp) -> String {
    let random = Ulid::new().random();
    format!("Root=1-{:08x}-{:024x}", now.as_second(), random)
}

/// A query's name or value, decoded as forms are.
pub(super) fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    #[test]
    fn headers_have_the_case_that_clients_write() {
        let cases = [
            ("sec-websocket-key", "Sec-WebSocket-Key"),
            ("host", "Host"),
            ("user-agent", "User-Agent"),
            ("x--y", "X--Y"),
            ("-", "-"),
        ];
        for (name, written) in cases {
            assert_eq!(header_case(name), written);
        }
    }

    #[test]
    fn the_time_has_the_form_of_access_logs() {
        let time: Timestamp = "2024-02-09T18:23:28.5Z".parse().unwrap();
        assert_eq!(request_time(time), "09/Feb/2024:18:23:28 +0000");
    }

    #[test]
    fn of_values_with_one_name_the_last_is_the_single_one() {
        let mut headers = HeaderMap::new();
        headers.append("x-a", HeaderValue::from_static("1"));
        headers.append("x-a", HeaderValue::from_static("2"));
        headers.append("upgrade", HeaderValue::from_static("websocket"));
        let parts = HandshakeParts::read(&headers, Some("a=1&b&a=2%20+%C3%A9&&c=%zz"));
        assert_eq!(
            serde_json::to_value(parts.http()).unwrap(),
            json!({
                "headers": {"X-A": "2"},
                "multiValueHeaders": {"X-A": ["1", "2"]},
                "queryStringParameters": {"a": "2  é", "b": "", "c": "%zz"},
                "multiValueQueryStringParameters": {"a": ["1", "2  é"], "b": [""], "c": ["%zz"]},
            })
        );
    }

    #[test]
    fn the_front_door_adds_where_the_request_came_from() {
        let mut headers = HeaderMap::new();
        headers.append("host", HeaderValue::from_static("127.0.0.1:4000"));
        headers.append("x-forwarded-for", HeaderValue::from_static("10.0.0.1"));
        let mut parts = HandshakeParts::read(&headers, None);
        parts.forwarded("127.0.0.1");
        assert_eq!(parts.header("x-forwarded-for"), Some("10.0.0.1, 127.0.0.1"));
        assert_eq!(parts.header("X-Forwarded-Port"), Some("4000"));
        assert_eq!(parts.header("X-Forwarded-Proto"), Some("http"));
        let trace = parts.header("X-Amzn-Trace-Id").unwrap();
        let lengths: Vec<_> = trace.split('-').map(str::len).collect();
        assert_eq!(lengths, ["Root=1".len(), 8, 24], "{trace}");
        let event = serde_json::to_value(parts.http()).unwrap();
        assert_eq!(event["multiValueHeaders"]["X-Forwarded-For"], json!(["10.0.0.1, 127.0.0.1"]));
        assert!(event.get("queryStringParameters").is_none());
    }
}
