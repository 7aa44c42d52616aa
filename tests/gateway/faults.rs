//! Faults on demand.

use std::time::{Duration, Instant};

use chatctl::local::faults::FaultSettings;
use serde_json::Value;

use super::support::{Api, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_disconnect_never_arrives() {
    let api = Api::new().await;
    let client = api.connect("").await;
    api.faults.set(FaultSettings { drop_disconnect: 1.0, ..FaultSettings::default() });
    client.close(None).await;
    until(|| api.gateway.connections() == 0).await;
    // The connection is forgotten a moment before its event is due.
    tokio::time::sleep(Duration::from_millis(100)).await;
    api.faults.set(FaultSettings::default());
    api.connect("").await.close(None).await;
    let told = api.event("DISCONNECT").await;
    let second = api.nth_event("CONNECT", 2).await;
    let id = |event: &Value| event["requestContext"]["connectionId"].clone();
    assert_eq!(id(&told), id(&second), "the first one was lost");
    assert_eq!(api.events("DISCONNECT").len(), 1);
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicated_message_arrives_twice() {
    let api = Api::new().await;
    let mut client = api.connect("").await;
    api.faults.set(FaultSettings { duplicate_messages: 1.0, ..FaultSettings::default() });
    client.send("hello").await;
    let (first, second) = (api.nth_event("MESSAGE", 1).await, api.nth_event("MESSAGE", 2).await);
    assert_eq!(first["body"], second["body"]);
    let id = |event: &Value| event["requestContext"]["messageId"].clone();
    assert_eq!(id(&first), id(&second), "it is the same message");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn throttled_posts_are_429() {
    let api = Api::new().await;
    let mut client = api.connect("").await;
    let id = client.id(&api).await;
    api.faults.set(FaultSettings { post_throttle: 1.0, ..FaultSettings::default() });
    let throttled = api.call(http::Method::POST, &id, "lost").await;
    assert_eq!(throttled.status, 429);
    assert_eq!(throttled.header("x-amzn-errortype"), "LimitExceededException");
    api.faults.set(FaultSettings::default());
    assert_eq!(api.post(&id, "hello").await, 200);
    assert_eq!(client.text().await, "hello");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reordered_messages_overtake_one_another() {
    let api = Api::new().await;
    let mut client = api.connect("").await;
    api.faults.set(FaultSettings { reorder_messages: 1.0, ..FaultSettings::default() });
    const COUNT: usize = 40;
    for n in 0..COUNT {
        client.send(n.to_string()).await;
    }
    until(|| api.events("MESSAGE").len() == COUNT).await;
    let bodies = |event: &Value| event["body"].as_str().unwrap().parse().unwrap();
    let mut order: Vec<usize> = api.events("MESSAGE").iter().map(bodies).collect();
    assert!(!order.is_sorted(), "{order:?}");
    order.sort_unstable();
    assert!(order.into_iter().eq(0..COUNT), "none is lost");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_comes_before_every_invocation() {
    let api = Api::new().await;
    api.connect("").await;
    api.faults.set(FaultSettings { latency_ms: 700, ..FaultSettings::default() });
    let began = Instant::now();
    let mut client = api.connect("").await;
    assert!(began.elapsed() >= Duration::from_millis(700), "{:?}", began.elapsed());
    let sent = jiff::Timestamp::now().as_millisecond();
    client.send("hello").await;
    api.event("MESSAGE").await;
    let arrived = jiff::Timestamp::now().as_millisecond();
    assert!(arrived - sent >= 700, "{} ms", arrived - sent);
    api.end().await;
}
