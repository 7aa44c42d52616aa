//! The event of a request, in payload format 2.0.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Serialize;

use crate::local::gateway::event::{decoded, request_time, trace_id};
use crate::stack::LOCAL_API_ID;

/// The stage that is no part of addresses.
const STAGE: &str = "$default";

type Map = BTreeMap<String, String>;

/// A request that a route takes.
pub struct Asked<'a> {
    pub parts: &'a Parts,
    pub body: &'a Bytes,
    /// Who asks.
    pub source: IpAddr,
    /// The request's id.
    pub id: &'a str,
    /// The parameters of its path, as they stand there.
    pub parameters: &'a [(&'a str, &'a str)],
}

/// An event; absent parts are absent on the wire.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event<'a> {
    version: &'static str,
    route_key: &'a str,
    raw_path: String,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: Map,
    #[serde(skip_serializing_if = "Map::is_empty")]
    query_string_parameters: Map,
    #[serde(skip_serializing_if = "Map::is_empty")]
    path_parameters: Map,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'a str,
    api_id: &'static str,
    domain_name: String,
    domain_prefix: &'static str,
    http: Http<'a>,
    request_id: &'a str,
    route_key: &'a str,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: String,
    protocol: String,
    source_ip: String,
    user_agent: String,
}

impl<'a> Event<'a> {
    /// The event of a request that happens now.
    pub fn new(account: &'a str, route_key: &'a str, asked: &Asked<'a>) -> Self {
        let Asked { parts, body, source, id, parameters } = *asked;
        let now = Timestamp::now();
        let query = parts.uri.query().unwrap_or_default();
        let (body, is_base64_encoded) = told(&parts.headers, body);
        Self {
            version: "2.0",
            route_key,
            raw_path: in_plain(parts.uri.path()),
            raw_query_string: query,
            cookies: cookies(&parts.headers),
            headers: headers(&parts.headers, source, now),
            query_string_parameters: parameters_of(query),
            path_parameters: parameters
                .iter()
                .map(|(name, value)| ((*name).to_owned(), in_plain(value)))
                .collect(),
            request_context: RequestContext {
                account_id: account,
                api_id: LOCAL_API_ID,
                domain_name: text(&parts.headers, &HOST),
                domain_prefix: LOCAL_API_ID,
                http: Http {
                    method: parts.method.as_str(),
                    path: in_plain(parts.uri.path()),
                    protocol: format!("{:?}", parts.version),
                    source_ip: source.to_string(),
                    user_agent: text(&parts.headers, &USER_AGENT),
                },
                request_id: id,
                route_key,
                stage: STAGE,
                time: request_time(now),
                time_epoch: now.as_millisecond(),
            },
            body,
            is_base64_encoded,
        }
    }

    /// The event as a function receives it.
    pub fn payload(&self) -> Bytes {
        // Texts, numbers and maps with text keys: nothing that JSON cannot hold.
        serde_json::to_vec(self).map(Bytes::from).unwrap_or_default()
    }
}

/// A header, its values joined; empty if it is missing.
fn text(headers: &HeaderMap, name: &HeaderName) -> String {
    let values =
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    values.collect::<Vec<_>>().join(",")
}

/// Headers by their names in lower case, with what API Gateway's front door adds. Cookies have a place
/// of their own.
fn headers(given: &HeaderMap, source: IpAddr, now: Timestamp) -> Map {
    let names = given.keys().filter(|name| **name != COOKIE && **name != CONNECTION);
    let mut all: Map = names.map(|name| (name.to_string(), text(given, name))).collect();
    let host = text(given, &HOST);
    let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
    let hops = match all.get("x-forwarded-for") {
        Some(before) => format!("{before}, {source}"),
        None => source.to_string(),
    };
    all.extend(
        [
            ("x-forwarded-for", hops),
            ("x-forwarded-port", port.to_owned()),
            ("x-forwarded-proto", "http".to_owned()),
            ("x-amzn-trace-id", trace_id(now)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    all
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|text| text.split(';')).map(|one| one.trim().to_owned()).collect()
}

/// The parameters of a query; of a name that occurs more than once, all values with commas between.
fn parameters_of(query: &str) -> Map {
    let mut all = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded(value);
        all.entry(decoded(name))
            .and_modify(|before| *before = format!("{before},{value}"))
            .or_insert(value);
    }
    all
}

/// The body as the event has it, and whether that is base64. Text is what says so; a form is not
/// among it.
fn told(headers: &HeaderMap, body: &Bytes) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let kind = text(headers, &CONTENT_TYPE).to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_text = kind.starts_with("text/")
        || ["application/json", "application/xml", "application/javascript"].contains(&kind);
    match is_text {
        true => (Some(String::from_utf8_lossy(body).into_owned()), false),
        false => (Some(STANDARD.encode(body)), true),
    }
}

fn in_plain(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(request: http::request::Builder, body: &'static str) -> Value {
        let parts = request.body(()).unwrap().into_parts().0;
        let asked = Asked {
            parts: &parts,
            body: &Bytes::from_static(body.as_bytes()),
            source: [127, 0, 0, 1].into(),
            id: "JKJaXmPLvHcESHA=",
            parameters: &[("roomId", "a%20b")],
        };
        let event = Event::new("000000000000", "POST /rooms/{roomId}/join", &asked);
        serde_json::from_slice(&event.payload()).unwrap()
    }

    #[test]
    fn a_request_is_told_in_format_2() {
        let request = http::Request::post("/rooms/a%20b/join?x=1&x=2&y=%C3%A9+z")
            .header("host", "127.0.0.1:4510")
            .header("user-agent", "test")
            .header("accept", "a")
            .header("accept", "b")
            .header("cookie", "c=1; d=2")
            .header("content-type", "application/json; charset=utf-8");
        let mut event = event(request, "{}");
        let trace = event["headers"]["x-amzn-trace-id"].take();
        assert!(trace.as_str().unwrap().starts_with("Root=1-"), "{trace}");
        let time = event["requestContext"]["timeEpoch"].take();
        assert!(time.as_i64().unwrap() > 1_700_000_000_000, "{time}");
        assert!(event["requestContext"]["time"].take().as_str().unwrap().ends_with(" +0000"));
        let expected = json!({
            "version": "2.0",
            "routeKey": "POST /rooms/{roomId}/join",
            "rawPath": "/rooms/a b/join",
            "rawQueryString": "x=1&x=2&y=%C3%A9+z",
            "cookies": ["c=1", "d=2"],
            "headers": {
                "accept": "a,b",
                "content-type": "application/json; charset=utf-8",
                "host": "127.0.0.1:4510",
                "user-agent": "test",
                "x-amzn-trace-id": null,
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-port": "4510",
                "x-forwarded-proto": "http",
            },
            "queryStringParameters": {"x": "1,2", "y": "é z"},
            "pathParameters": {"roomId": "a b"},
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": "127.0.0.1:4510",
                "domainPrefix": "local",
                "http": {
                    "method": "POST",
                    "path": "/rooms/a b/join",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "test",
                },
                "requestId": "JKJaXmPLvHcESHA=",
                "routeKey": "POST /rooms/{roomId}/join",
                "stage": "$default",
                "time": null,
                "timeEpoch": null,
            },
            "body": "{}",
            "isBase64Encoded": false,
        });
        assert_eq!(event, expected);
    }

    #[test]
    fn only_what_says_that_it_is_text_is_told_as_text() {
        let asked = |kind: &str, body| {
            let event = event(http::Request::post("/").header("content-type", kind), body);
            (event["body"].clone(), event["isBase64Encoded"].clone())
        };
        for kind in ["text/plain", "TEXT/HTML; charset=utf-8", "application/xml"] {
            assert_eq!(asked(kind, "hi"), (json!("hi"), json!(false)), "{kind}");
        }
        for kind in ["", "application/x-www-form-urlencoded", "application/octet-stream"] {
            assert_eq!(asked(kind, "hi"), (json!("aGk="), json!(true)), "{kind}");
        }
        assert_eq!(asked("text/plain", ""), (Value::Null, json!(false)));
    }
}
