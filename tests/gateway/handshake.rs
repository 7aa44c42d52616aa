//! Handshakes: nothing is answered before `$connect` has returned.

use std::time::Duration;

use chatctl::local::gateway::GatewayLimits;
use serde_json::{Value, json};

use super::support::{Api, PATIENCE, Raw, handshake, until};

const WEB_SOCKET_PROTOCOL: &str = "sec-websocket-protocol";

/// Ids look like `JC1dgf9yoAMCK-g=`.
pub fn assert_id(id: &Value) {
    let id = id.as_str().unwrap_or_else(|| panic!("{id} is no id"));
    let body = id.strip_suffix('=').unwrap_or_else(|| panic!("{id} needs no percent-encoding"));
    assert_eq!(body.len(), 15, "{id}");
    assert!(body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{id}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_holds_the_101_until_connect_returns_and_answers_410_before() {
    let api = Api::new().await;
    let mut raw = Raw::open(&api).await;
    raw.say(handshake("/local?do=sleep&seconds=1.5")).await;
    let event = api.event("CONNECT").await;
    let id = event["requestContext"]["connectionId"].as_str().unwrap();
    assert_eq!(api.post(id, "too early").await, 410);
    raw.hears_nothing(300).await;
    let head = raw.head().await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "the RFC's own example: {head}");
    assert_eq!(api.post(id, "hello").await, 200);
    assert_eq!(raw.frame().await, (0x81, b"hello".to_vec()), "and nothing that was too early");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_of_connect_other_than_2xx_becomes_the_handshakes() {
    let api = Api::new().await;
    for status in [400, 401, 403, 404, 429, 500, 503, 302] {
        let refused = api.try_connect(&format!("?do=status&status={status}"), &[]).await;
        assert_eq!(refused.err().expect("a refusal").status, status);
    }
    for status in [200, 201, 204, 299] {
        api.connect(&format!("?do=status&status={status}")).await;
    }
    until(|| api.gateway.connections() == 0).await;
    let refused = 8;
    assert_eq!(api.events("CONNECT").len(), refused + 4);
    api.nth_event("DISCONNECT", 4).await;
    assert_eq!(api.events("DISCONNECT").len(), 4, "who was refused was never there");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_connect_is_a_502() {
    let api = Api::new().await;
    for wish in ["raise", "crash", "null", "status&status=101", "status&status=1000"] {
        let refused = api.try_connect(&format!("?do={wish}"), &[]).await.err().expect("a refusal");
        assert_eq!(refused.status, 502, "{wish}");
    }
    assert_eq!(api.gateway.connections(), 0);
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connect_beyond_the_integration_timeout_is_a_502() {
    assert_eq!(GatewayLimits::default().integration_timeout, Duration::from_secs(29));
    let integration_timeout = Duration::from_secs(2);
    let api = Api::limited(GatewayLimits { integration_timeout, ..Default::default() }).await;
    api.connect("").await;
    let began = std::time::Instant::now();
    let refused = api.try_connect("?do=sleep&seconds=8", &[]).await.err().expect("a refusal");
    assert_eq!(refused.status, 502);
    let took = began.elapsed();
    assert!((1.9..5.0).contains(&took.as_secs_f64()), "{took:?}");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_subprotocol_is_echoed_only_if_connect_returned_it() {
    let api = Api::new().await;
    let asked = [(WEB_SOCKET_PROTOCOL, "chat, other")];
    let echoed = api.try_connect("?do=protocol&protocol=chat", &asked).await.unwrap();
    assert_eq!(echoed.headers.get(WEB_SOCKET_PROTOCOL).unwrap(), "chat");
    let mut raw = Raw::open(&api).await;
    let silent =
        handshake("/local").replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n\r\n");
    raw.say(silent).await;
    let head = raw.head().await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(!head.to_lowercase().contains(WEB_SOCKET_PROTOCOL), "{head}");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connect_event_has_awss_shape() {
    let api = Api::new().await;
    let before = jiff::Timestamp::now().as_millisecond();
    let headers = [("user-agent", "Firefox/1"), ("origin", "http://here")];
    let _client = api.try_connect("?userId=Ann%20B&x=1&x=2", &headers).await.unwrap();
    let event = api.event("CONNECT").await;
    let names: Vec<_> = event.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "headers",
            "isBase64Encoded",
            "multiValueHeaders",
            "multiValueQueryStringParameters",
            "queryStringParameters",
            "requestContext"
        ]
    );
    assert_eq!(event["isBase64Encoded"], false);
    assert_eq!(event["queryStringParameters"], json!({"userId": "Ann B", "x": "2"}));
    assert_eq!(
        event["multiValueQueryStringParameters"],
        json!({"userId": ["Ann B"], "x": ["1", "2"]})
    );
    let host = api.address.to_string();
    assert_eq!(event["headers"]["Host"], host.as_str());
    assert_eq!(event["headers"]["Origin"], "http://here");
    assert_eq!(event["headers"]["Sec-WebSocket-Version"], "13");
    assert_eq!(event["headers"]["X-Forwarded-For"], "127.0.0.1");
    assert_eq!(event["multiValueHeaders"]["User-Agent"], json!(["Firefox/1"]));
    assert_eq!(event["headers"].get("Upgrade"), None);

    let context = &event["requestContext"];
    let mut expected = context.clone();
    for (name, value) in [
        ("routeKey", json!("$connect")),
        ("eventType", json!("CONNECT")),
        ("messageDirection", json!("IN")),
        ("stage", json!("local")),
        ("apiId", json!("local")),
        ("domainName", json!(host)),
        ("identity", json!({"sourceIp": "127.0.0.1", "userAgent": "Firefox/1"})),
        ("extendedRequestId", context["requestId"].clone()),
    ] {
        expected[name] = value;
    }
    assert_eq!(*context, expected);
    assert_eq!(context.as_object().unwrap().len(), 13, "{context}");
    assert_id(&context["connectionId"]);
    assert_id(&context["requestId"]);
    assert_ne!(context["connectionId"], context["requestId"]);
    let now = jiff::Timestamp::now().as_millisecond();
    for time in ["connectedAt", "requestTimeEpoch"] {
        let time = context[time].as_i64().unwrap();
        assert!((before..=now).contains(&time), "{time} of {before} to {now}");
    }
    let time = context["requestTime"].as_str().unwrap();
    let parsed = jiff::Zoned::strptime("%d/%b/%Y:%H:%M:%S %z", time).unwrap();
    assert_eq!(
        parsed.timestamp().as_second(),
        context["requestTimeEpoch"].as_i64().unwrap() / 1000
    );
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_handshake_of_this_stage_is_refused() {
    let api = Api::new().await;
    let good = handshake("/local");
    let cases = [
        (handshake("/"), 403),
        (handshake("/production"), 403),
        (handshake(&format!("/local?q={}", "x".repeat(4096))), 414),
        (good.replace("GET", "POST"), 400),
        (good.replace("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"), 426),
        (good.replace("Upgrade: websocket", "Upgrade: h2c"), 426),
        (good.replace("keep-alive, Upgrade", "keep-alive"), 426),
        (good.replace("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="), 400),
        (good.replace("dGhlIHNhbXBsZSBub25jZQ==", "!"), 400),
        (good.replace("Sec-WebSocket-Key", "X-Key"), 400),
    ];
    for (request, status) in cases {
        let mut raw = Raw::open(&api).await;
        raw.say(&request).await;
        let head = raw.head().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{request}{head}");
    }
    assert!(api.records().is_empty(), "no function was asked");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_during_connect_is_disconnected() {
    let api = Api::new().await;
    let mut raw = Raw::open(&api).await;
    raw.say(handshake("/local?do=sleep&seconds=1")).await;
    let connected = api.event("CONNECT").await;
    drop(raw);
    let gone = api.event("DISCONNECT").await;
    assert_eq!(gone["requestContext"]["disconnectStatusCode"], 1006);
    let id = |event: &Value| event["requestContext"]["connectionId"].clone();
    assert_eq!(id(&gone), id(&connected));
    assert_eq!(api.gateway.connections(), 0);
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_closes_all_with_1001_and_admits_nobody() {
    let api = Api::new().await;
    let mut clients = [api.connect("").await, api.connect("").await];
    let gateway = api.gateway.clone();
    let ended = tokio::spawn(async move { gateway.shutdown().await });
    for client in &mut clients {
        assert_eq!(client.closed_with().await, (1001, "Going away".to_owned()));
    }
    drop(clients);
    tokio::time::timeout(PATIENCE, ended).await.unwrap().unwrap();
    assert_eq!(api.events("DISCONNECT").len(), 2, "each has run when the end has come");
    assert_eq!(api.try_connect("", &[]).await.err().expect("a refusal").status, 503);
    api.end().await;
}
