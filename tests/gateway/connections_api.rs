//! The @connections API.

use std::collections::HashMap;
use std::time::Duration;

use chatctl::local::gateway::GatewayLimits;
use chatctl::stack::{Effect, PolicyDocument, Statement};
use http::Method;
use jiff::Timestamp;

use super::support::{Answered, Api, FUNCTION, Raw};

const KB: usize = 1024;

/// That an answer is the error of this name and status, as botocore reads it.
fn assert_error(answered: &Answered, status: u16, kind: &str) {
    assert_eq!(answered.status, status, "{answered:?}");
    assert_eq!(answered.header("x-amzn-errortype"), kind);
    assert_eq!(answered.header("content-type"), "application/json");
    assert!(!answered.header("x-amzn-requestid").is_empty());
    assert!(answered.json()["message"].is_string(), "{answered:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn post_sends_a_text_frame() {
    let api = Api::new().await;
    let mut client = api.connect("").await;
    let id = client.id(&api).await;
    for text in ["hello", "", "grüße 👋", &"x".repeat(128 * KB)] {
        let posted = api.call(Method::POST, &id, text.to_owned()).await;
        assert_eq!((posted.status, posted.body.len()), (200, 0));
        assert_eq!(client.text().await, text);
    }
    let bare = format!("/@connections/{}", id.replace('=', "%3D"));
    let posted = api.call_as("operator", Method::POST, &bare, "without the stage").await;
    assert_eq!(posted.status, 200);
    assert_eq!(client.text().await, "without the stage");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_post_arrives_in_frames_of_32_kb() {
    let api = Api::new().await;
    let mut raw = Raw::connect(&api).await;
    let id = api.event("CONNECT").await["requestContext"]["connectionId"].clone();
    assert_eq!(api.post(id.as_str().unwrap(), &"x".repeat(70 * KB)).await, 200);
    let mut frames = Vec::new();
    for _ in 0..3 {
        let (first, payload) = raw.frame().await;
        frames.push((first, payload.len()));
    }
    assert_eq!(frames, [(0x01, 32 * KB), (0x00, 32 * KB), (0x80, 6 * KB)]);
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_arrive_in_the_order_of_their_answers() {
    let api = Api::new().await;
    let mut client = api.connect("").await;
    let id = client.id(&api).await;
    for n in 0..100 {
        assert_eq!(api.post(&id, &n.to_string()).await, 200);
    }
    for n in 0..100 {
        assert_eq!(client.text().await, n.to_string());
    }
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn get_tells_of_the_connection() {
    let api = Api::new().await;
    let before = Timestamp::now();
    let headers = [("user-agent", "Firefox/1")];
    let mut client = api.try_connect("", &headers).await.unwrap();
    let id = client.id(&api).await;
    let time = |answered: &Answered, name: &str| -> Timestamp {
        answered.json()[name].as_str().unwrap().parse().unwrap()
    };
    let first = api.call(Method::GET, &id, "").await;
    assert_eq!(first.status, 200);
    let identity = serde_json::json!({"sourceIp": "127.0.0.1", "userAgent": "Firefox/1"});
    assert_eq!(first.json()["identity"], identity);
    assert_eq!(first.json().as_object().unwrap().len(), 3);
    let connected = time(&first, "connectedAt");
    assert!(before.as_millisecond() <= connected.as_millisecond() && connected <= Timestamp::now());

    tokio::time::sleep(Duration::from_millis(20)).await;
    client.send("hello").await;
    api.nth_event("MESSAGE", 2).await;
    let second = api.call(Method::GET, &id, "").await;
    assert_eq!(time(&second, "connectedAt"), connected);
    assert!(time(&second, "lastActiveAt") > time(&first, "lastActiveAt"));
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_closes_with_1000_and_the_connection_is_gone() {
    let api = Api::new().await;
    let mut client = api.connect("").await;
    let id = client.id(&api).await;
    assert_eq!(api.post(&id, "why you have to go").await, 200);
    let deleted = api.call(Method::DELETE, &id, "").await;
    assert_eq!((deleted.status, deleted.body.len()), (204, 0));
    for method in [Method::POST, Method::GET, Method::DELETE] {
        assert_error(&api.call(method, &id, "").await, 410, "GoneException");
    }
    assert_eq!(client.text().await, "why you have to go", "what waited comes first");
    assert_eq!(client.closed_with().await, (1000, "Connection Closed Normally".to_owned()));
    let event = api.event("DISCONNECT").await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1000);
    assert_eq!(event["requestContext"]["disconnectReason"], "Connection Closed Normally");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_never_was_or_is_no_more_is_410() {
    let api = Api::new().await;
    assert_error(&api.call(Method::POST, "JC1dgf9yoAMCK-g=", "").await, 410, "GoneException");
    let mut client = api.connect("").await;
    let id = client.id(&api).await;
    client.close(None).await;
    api.event("DISCONNECT").await;
    assert_error(&api.call(Method::POST, &id, "").await, 410, "GoneException");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_id_is_400() {
    let api = Api::new().await;
    for id in ["x", "JC1dgf9yoAMCK-g", "JC1dgf9yoAMCK+g=", "3f0c9a52-6d1b-4d8e-9f57-b8b7f2c5d6e1"] {
        let answered = api.call(Method::POST, id, "").await;
        assert_error(&answered, 400, "BadRequestException");
        assert_eq!(answered.json()["message"], format!("Invalid connectionId: {id}"));
    }
    let twice = "/local/@connections/JC1dgf9yoAMCK-g%253D";
    let answered = api.call_as("operator", Method::POST, twice, "").await;
    assert_error(&answered, 400, "BadRequestException");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_text_is_400() {
    let api = Api::new().await;
    let mut client = api.connect("").await;
    let id = client.id(&api).await;
    let answered = api.call(Method::POST, &id, vec![0xff, 0xfe]).await;
    assert_error(&answered, 400, "BadRequestException");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn iam_decides_who_may_call() {
    let api = Api::new().await;
    let mut client = api.connect("").await;
    let id = client.id(&api).await;
    let path = format!("/local/@connections/{}", id.replace('=', "%3D"));
    let denied = api.call_as(FUNCTION, Method::POST, &path, "").await;
    assert_error(&denied, 403, "ForbiddenException");
    let message = denied.json()["message"].as_str().unwrap().to_owned();
    let said = format!(
        "User: arn:aws:sts::000000000000:assumed-role/{FUNCTION}/{FUNCTION} is not authorized to \
         perform: execute-api:ManageConnections on resource: \
         arn:aws:execute-api:us-east-1:000000000000:local/local/POST/@connections/{id}"
    );
    assert!(message.starts_with(&said), "{message}");
    let missing = "arn:aws:execute-api:us-east-1:000000000000:local/local/POST/@connections/*";
    assert!(message.contains(missing), "the missing statement is told: {message}");

    let allowed = Statement {
        sid: "PostConnections".to_owned(),
        effect: Effect::Allow,
        action: vec!["execute-api:ManageConnections".to_owned()],
        resource: vec![missing.to_owned()],
        reason: String::new(),
    };
    let document = PolicyDocument { version: "2012-10-17", statement: vec![allowed] };
    api.access.set_policies(HashMap::from([(FUNCTION.to_owned(), document)]));
    assert_eq!(api.call_as(FUNCTION, Method::POST, &path, "hello").await.status, 200);
    assert_eq!(client.text().await, "hello");
    for method in [Method::GET, Method::DELETE] {
        let denied = api.call_as(FUNCTION, method, &path, "").await;
        assert_error(&denied, 403, "ForbiddenException");
    }
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_path_or_method_is_403() {
    let api = Api::new().await;
    for path in ["/production/@connections/JC1dgf9yoAMCK-g%3D", "/local/connections/x"] {
        let answered = api.call_as("operator", Method::POST, path, "").await;
        assert_error(&answered, 403, "ForbiddenException");
    }
    let put = api.call(Method::PUT, "JC1dgf9yoAMCK-g=", "").await;
    assert_error(&put, 403, "ForbiddenException");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_131072_bytes_is_413() {
    let api = Api::new().await;
    let mut client = api.connect("").await;
    let id = client.id(&api).await;
    let answered = api.call(Method::POST, &id, "x".repeat(131_073)).await;
    assert_error(&answered, 413, "PayloadTooLargeException");
    client.hears_nothing().await;
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_client_side_buffer_is_429_until_the_client_reads() {
    let api = Api::limited(GatewayLimits { queue_bytes: 256 * KB, ..Default::default() }).await;
    let mut raw = Raw::connect(&api).await;
    let id = api.event("CONNECT").await["requestContext"]["connectionId"].clone();
    let id = id.as_str().unwrap();
    let text = "x".repeat(32 * KB);
    let mut taken = 0;
    let refused = loop {
        let answered = api.call(Method::POST, id, text.clone()).await;
        if answered.status != 200 {
            break answered;
        }
        taken += 1;
        assert!(taken < 2000, "64 MB are in no buffer");
    };
    assert_error(&refused, 429, "LimitExceededException");
    for _ in 0..taken {
        assert_eq!(raw.frame().await.1.len(), text.len(), "what was taken arrives");
    }
    assert_eq!(api.post(id, "hello again").await, 200);
    assert_eq!(raw.frame().await.1, b"hello again");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_slowly_is_still_heard_and_can_be_deleted() {
    let api = Api::limited(GatewayLimits { queue_bytes: 256 * KB, ..Default::default() }).await;
    let mut raw = Raw::connect(&api).await;
    let id = api.event("CONNECT").await["requestContext"]["connectionId"].clone();
    let id = id.as_str().unwrap();
    while api.post(id, &"x".repeat(32 * KB)).await == 200 {}
    raw.say(super::support::frame(0x81, b"I am slow, not deaf")).await;
    assert_eq!(api.event("MESSAGE").await["body"], "I am slow, not deaf");
    assert_eq!(api.call(Method::DELETE, id, "").await.status, 204);
    let event = api.event("DISCONNECT").await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1000);
    assert_eq!(api.gateway.connections(), 0);
    api.end().await;
}
