//! How connections end, and what the client and `$disconnect` are told of it.

use std::time::Duration;

use chatctl::local::gateway::GatewayLimits;
use http::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::support::{Api, Raw, frame, until};

const KB: usize = 1024;
const TEXT: u8 = 0x81;
const TEXT_TO_BE_CONTINUED: u8 = 0x01;
const CONTINUED: u8 = 0x00;
const LAST: u8 = 0x80;

/// The code and the reason that `$disconnect` was told, which has to have run exactly once.
async fn told(api: &Api) -> (u64, String) {
    let event = api.event("DISCONNECT").await;
    until(|| api.gateway.connections() == 0).await;
    assert_eq!(api.events("DISCONNECT").len(), 1);
    let context = &event["requestContext"];
    let code = context["disconnectStatusCode"].as_u64().unwrap();
    (code, context["disconnectReason"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_over_32_kb_closes_with_1009() {
    let api = Api::new().await;
    let mut raw = Raw::connect(&api).await;
    raw.say(frame(TEXT, &vec![b'x'; 32 * KB])).await;
    let event = api.event("MESSAGE").await;
    assert_eq!(event["body"].as_str().unwrap().len(), 32 * KB, "32 KB are a frame");
    raw.say(frame(TEXT, &vec![b'x'; 32 * KB + 1])).await;
    assert_eq!(raw.close_code().await, 1009);
    assert_eq!(told(&api).await.0, 1009);
    assert_eq!(api.events("MESSAGE").len(), 1);
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_over_128_kb_closes_with_1009() {
    let api = Api::new().await;
    let mut raw = Raw::connect(&api).await;
    let part = vec![b'x'; 32 * KB];
    for first in [TEXT_TO_BE_CONTINUED, CONTINUED, CONTINUED, LAST] {
        raw.say(frame(first, &part)).await;
    }
    let event = api.event("MESSAGE").await;
    assert_eq!(event["body"].as_str().unwrap().len(), 128 * KB, "128 KB are a message");
    for first in [TEXT_TO_BE_CONTINUED, CONTINUED, CONTINUED, CONTINUED] {
        raw.say(frame(first, &part)).await;
    }
    raw.say(frame(LAST, b"x")).await;
    assert_eq!(raw.close_code().await, 1009);
    assert_eq!(told(&api).await.0, 1009);
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binary_frame_closes_with_1003() {
    let api = Api::new().await;
    let mut client = api.connect("").await;
    client.try_send(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(client.closed_with().await.0, 1003);
    assert_eq!(told(&api).await.0, 1003);
    assert!(api.events("MESSAGE").is_empty());
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_is_not_utf8_closes_with_1007() {
    let api = Api::new().await;
    let mut raw = Raw::connect(&api).await;
    raw.say(frame(TEXT, b"caf\xe9")).await;
    assert_eq!(raw.close_code().await, 1007);
    assert_eq!(told(&api).await.0, 1007);
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_frame_closes_with_1002() {
    let cases: [&[u8]; 4] = [
        &[0xc1, 0x80, 0, 0, 0, 0],
        &[0x81, 0x01, b'x'],
        &[0x80, 0x80, 0, 0, 0, 0],
        &[0x88, 0x81, 0, 0, 0, 0, 3],
    ];
    let api = Api::new().await;
    for (n, bytes) in cases.into_iter().enumerate() {
        let mut raw = Raw::connect(&api).await;
        raw.say(bytes).await;
        assert_eq!(raw.close_code().await, 1002, "{bytes:?}");
        let event = api.nth_event("DISCONNECT", n + 1).await;
        assert_eq!(event["requestContext"]["disconnectStatusCode"], 1002, "{bytes:?}");
    }
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed_with_1001_and_pings_do_not_count() {
    assert_eq!(GatewayLimits::default().idle, Duration::from_secs(600));
    let idle = Duration::from_millis(1500);
    let api = Api::limited(GatewayLimits { idle, ..Default::default() }).await;
    let mut client = api.connect("").await;
    let began = std::time::Instant::now();
    let mut pongs = 0;
    let closed = loop {
        client.try_send(Message::Ping("still here".into())).await;
        match client.next().await {
            Message::Pong(echo) => {
                assert_eq!(&echo[..], b"still here", "pings are answered");
                pongs += 1;
            }
            Message::Close(frame) => break frame.unwrap(),
            other => panic!("{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((u16::from(closed.code), closed.reason.as_str()), (1001, "Going away"));
    assert!(pongs > 5, "{pongs}");
    assert!(began.elapsed() < 3 * idle, "{:?}", began.elapsed());
    assert_eq!(told(&api).await, (1001, "Going away".to_owned()));
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_in_either_direction_keep_a_connection_open() {
    let idle = Duration::from_millis(1500);
    let api = Api::limited(GatewayLimits { idle, ..Default::default() }).await;
    let mut client = api.connect("").await;
    let id = client.id(&api).await;
    for _ in 0..10 {
        client.send("still here").await;
        tokio::time::sleep(idle / 5).await;
    }
    for _ in 0..10 {
        assert_eq!(api.post(&id, "still there").await, 200);
        tokio::time::sleep(idle / 5).await;
    }
    assert_eq!(api.gateway.connections(), 1);
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_connection_is_closed_with_1001_however_busy() {
    assert_eq!(GatewayLimits::default().max_duration, Duration::from_secs(7200));
    let max_duration = Duration::from_secs(2);
    let api = Api::limited(GatewayLimits { max_duration, ..Default::default() }).await;
    let mut client = api.connect("").await;
    for _ in 0..12 {
        client.try_send(Message::text("busy")).await;
        tokio::time::sleep(max_duration / 10).await;
    }
    assert_eq!(client.closed_with().await, (1001, "Going away".to_owned()));
    assert_eq!(told(&api).await, (1001, "Going away".to_owned()));
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_close_code_is_told_to_disconnect() {
    let api = Api::new().await;
    let frame = CloseFrame { code: 4001.into(), reason: "off to lunch".into() };
    api.connect("").await.close(Some(frame)).await;
    assert_eq!(told(&api).await, (4001, "off to lunch".to_owned()));
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_frame_without_a_code_is_1005() {
    let api = Api::new().await;
    api.connect("").await.close(None).await;
    let expected = (1005, "Client-side close frame status not set".to_owned());
    assert_eq!(told(&api).await, expected);
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_breaks_is_1006() {
    let api = Api::new().await;
    drop(Raw::connect(&api).await);
    assert_eq!(told(&api).await.0, 1006);
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_disconnect_event_has_four_headers() {
    let api = Api::new().await;
    let client = api.try_connect("?userId=Ann", &[("origin", "http://here")]).await.unwrap();
    client.close(None).await;
    let event = api.event("DISCONNECT").await;
    let host = api.address.to_string();
    let expected = json!({"Host": host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""});
    assert_eq!(event["headers"], expected);
    let lists = json!({
        "Host": [host], "x-api-key": [""], "X-Forwarded-For": [""], "x-restapi": [""]
    });
    assert_eq!(event["multiValueHeaders"], lists);
    assert_eq!(event.get("queryStringParameters"), None);
    assert_eq!(event.get("body"), None);
    assert_eq!(event["requestContext"]["routeKey"], "$disconnect");
    assert_eq!(event["requestContext"].as_object().unwrap().len(), 15, "{event}");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnect_runs_exactly_once_whoever_closes_first() {
    let api = Api::new().await;
    for _ in 0..10 {
        let mut client = api.connect("").await;
        let id = client.id(&api).await;
        tokio::join!(client.close(None), api.call(Method::DELETE, &id, ""));
    }
    api.nth_event("DISCONNECT", 10).await;
    until(|| api.gateway.connections() == 0).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let events = api.events("DISCONNECT");
    let ids: std::collections::HashSet<String> = events
        .iter()
        .map(|event: &Value| event["requestContext"]["connectionId"].to_string())
        .collect();
    assert_eq!((events.len(), ids.len()), (10, 10));
    api.end().await;
}
