//! Messages: which function takes them, and what the client hears of it.

use std::collections::HashSet;
use std::time::Duration;

use chatctl::local::gateway::{GatewayLimits, RouteResponse};
use serde_json::{Value, json};

use super::handshake::assert_id;
use super::support::{Api, Client, Setup};

/// The ids in one of the gateway's frames, which has to have exactly these bytes around them.
fn ids_of(frame: &str, message: &str) -> (String, String) {
    let value: Value = serde_json::from_str(frame).unwrap();
    let (connection, request) = (&value["connectionId"], &value["requestId"]);
    assert_id(connection);
    assert_id(request);
    let (connection, request) = (connection.as_str().unwrap(), request.as_str().unwrap());
    let exact = format!(
        "{{\"message\": \"{message}\", \"connectionId\":\"{connection}\", \"requestId\":\"{request}\"}}"
    );
    assert_eq!(frame, exact);
    (connection.to_owned(), request.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_action_selects_the_route_and_the_rest_goes_to_default() {
    let api = Api::new().await;
    let mut client = api.connect("").await;
    let cases = [
        (r#"{"action":"act"}"#, "act"),
        (r#"{"action":"unknown"}"#, "$default"),
        (r#"{"action":"$connect"}"#, "$default"),
        ("no JSON", "$default"),
        (r#"["act"]"#, "$default"),
        ("", "$default"),
    ];
    for (n, (message, route)) in cases.into_iter().enumerate() {
        client.send(message).await;
        let event = api.nth_event("MESSAGE", n + 1).await;
        assert_eq!(event["body"], message);
        assert_eq!(event["requestContext"]["routeKey"], route, "{message}");
    }
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_event_has_no_headers_and_no_query() {
    let api = Api::new().await;
    let headers = [("user-agent", "Firefox/1")];
    let mut client = api.try_connect("?userId=Ann", &headers).await.unwrap();
    client.send("first").await;
    client.send("second").await;
    let (first, second) = (api.nth_event("MESSAGE", 1).await, api.nth_event("MESSAGE", 2).await);
    let names: Vec<_> = first.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["body", "isBase64Encoded", "requestContext"]);
    let connected = &api.events("CONNECT")[0]["requestContext"];
    for event in [&first, &second] {
        let context = &event["requestContext"];
        assert_eq!(context.as_object().unwrap().len(), 14, "{context}");
        assert_eq!(context["eventType"], "MESSAGE");
        assert_id(&context["messageId"]);
        for same in ["connectionId", "connectedAt", "identity", "domainName", "stage", "apiId"] {
            assert_eq!(context[same], connected[same], "{same}");
        }
    }
    let id = |event: &Value, name: &str| event["requestContext"][name].to_string();
    assert_ne!(id(&first, "requestId"), id(&second, "requestId"));
    assert_ne!(id(&first, "messageId"), id(&second, "messageId"));
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_route_and_a_default_the_client_hears_forbidden() {
    let routes = vec![("act", RouteResponse::None)];
    let api = Api::with(Setup { routes, ..Setup::default() }).await;
    let mut client = api.connect("").await;
    for message in [r#"{"action":"unknown"}"#, "no JSON", r#"{"action":"$disconnect"}"#] {
        client.send(message).await;
        ids_of(&client.text().await, "Forbidden");
    }
    assert!(api.events("MESSAGE").is_empty());
    client.send(r#"{"action":"act"}"#).await;
    api.event("MESSAGE").await;
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_function_gives_an_error_frame_and_the_connection_stays() {
    let api = Api::new().await;
    let mut client = api.connect("").await;
    for (n, wish) in ["raise", "crash", "null"].into_iter().enumerate() {
        client.send(json!({"action": "act", "do": wish}).to_string()).await;
        let (connection, request) = ids_of(&client.text().await, "Internal server error");
        let context = api.nth_event("MESSAGE", n + 1).await["requestContext"].clone();
        assert_eq!(context["connectionId"], connection, "{wish}");
        assert_eq!(context["requestId"], request, "{wish}");
    }
    client.send("still here").await;
    api.nth_event("MESSAGE", 4).await;
    client.hears_nothing().await;
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_beyond_the_integration_timeout_gives_an_error_frame() {
    let integration_timeout = Duration::from_secs(1);
    let api = Api::limited(GatewayLimits { integration_timeout, ..Default::default() }).await;
    let mut client = connected(&api).await;
    client.send(json!({"action": "act", "do": "sleep", "seconds": 5}).to_string()).await;
    ids_of(&client.text().await, "Internal server error");
    api.end().await;
}

/// The first process may take longer to start than such a test allows.
async fn connected(api: &Api) -> Client {
    loop {
        if let Ok(client) = api.try_connect("", &[]).await {
            return client;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_returns_is_dropped_without_a_route_response() {
    let api = Api::new().await;
    let mut client = api.connect("").await;
    for wish in [json!({"do": "body", "text": "hello"}), json!({"do": "status", "status": 500})] {
        client.send(wish.to_string()).await;
    }
    api.nth_event("MESSAGE", 2).await;
    client.hears_nothing().await;
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_default_route_response_the_body_is_sent() {
    let routes = vec![("$default", RouteResponse::Default)];
    let api = Api::with(Setup { routes, ..Setup::default() }).await;
    let mut client = api.connect("").await;
    client.send(json!({"do": "body", "text": "hello"}).to_string()).await;
    assert_eq!(client.text().await, "hello");
    client.send(json!({"do": "status", "status": 500}).to_string()).await;
    assert_eq!(client.text().await, "said by the function");
    client.send(json!({"do": "protocol", "protocol": "x"}).to_string()).await;
    client.hears_nothing().await;
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_one_connection_run_at_the_same_time() {
    let api = Api::new().await;
    let mut client = api.connect("").await;
    for _ in 0..3 {
        client.send(json!({"action": "act", "do": "sleep", "seconds": 2}).to_string()).await;
    }
    let ended = || {
        let of_message =
            |record: &Value| record["event"]["requestContext"]["eventType"] == "MESSAGE";
        let records = api.records().into_iter().filter(of_message);
        records.filter(|record| record.get("ended").is_some()).collect::<Vec<_>>()
    };
    super::support::until(|| ended().len() == 3).await;
    let first_end = ended().into_iter().map(|record| record["ended"].as_f64().unwrap());
    let first_end = first_end.fold(f64::INFINITY, f64::min);
    let of_message = |record: &&Value| record["event"]["requestContext"]["eventType"] == "MESSAGE";
    let records = api.records();
    let began = records.iter().filter(of_message).filter_map(|record| record["began"].as_f64());
    assert_eq!(began.filter(|began| *began < first_end).count(), 3, "{records:?}");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_id_is_used_once() {
    let api = Api::new().await;
    let mut seen = HashSet::new();
    for _ in 0..3 {
        let mut client = api.connect("").await;
        client.send("hello").await;
        client.close(None).await;
    }
    api.nth_event("DISCONNECT", 3).await;
    super::support::until(|| api.events("MESSAGE").len() == 3).await;
    let contexts = ["CONNECT", "MESSAGE", "DISCONNECT"].map(|kind| api.events(kind));
    for event in contexts.iter().flatten() {
        let context = &event["requestContext"];
        assert!(seen.insert(context["requestId"].to_string()), "{context}");
        if event["requestContext"]["eventType"] == "CONNECT" {
            assert!(seen.insert(context["connectionId"].to_string()), "{context}");
        }
    }
    api.end().await;
}
