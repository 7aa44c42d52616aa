//! The HTTP API with a real function process: what each outcome of a function becomes.

use std::time::{Duration, Instant};

use chatctl::local::gateway::HttpLimits;
use http::Method;
use serde_json::{Value, json};

use super::support::{Answered, Api, Setup, until};

async fn get(api: &Api, query: &str) -> Answered {
    api.ask(Method::GET, &format!("/act{query}"), "").await
}

fn said(answer: &Answered) -> (u16, Value) {
    (answer.status, answer.json()["message"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_returns_is_the_answer() {
    let api = Api::new().await;
    let spelled = get(&api, "?do=status&status=418").await;
    assert_eq!((spelled.status, &spelled.body[..]), (418, &b"said by the function"[..]));
    assert_eq!(spelled.header("content-type"), "text/plain;charset=UTF-8");
    let bare = get(&api, "?do=bare&status=ok").await;
    assert_eq!((bare.status, bare.json()), (200, json!({"status": "ok"})));
    assert_eq!(bare.header("content-type"), "application/json");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_function_is_a_500() {
    let api = Api::new().await;
    for wish in ["raise", "crash", "status&status=99"] {
        let answer = get(&api, &format!("?do={wish}")).await;
        assert_eq!(said(&answer), (500, json!("Internal Server Error")), "{wish}");
    }
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_beyond_the_integration_timeout_is_a_503() {
    assert_eq!(HttpLimits::default().integration_timeout, Duration::from_secs(30));
    let http = HttpLimits { integration_timeout: Duration::from_secs(2), ..Default::default() };
    let api = Api::with(Setup { http, ..Setup::default() }).await;
    get(&api, "").await;
    let began = Instant::now();
    let late = get(&api, "?do=sleep&seconds=8").await;
    assert_eq!(said(&late), (503, json!("Service Unavailable")));
    let took = began.elapsed();
    assert!((1.9..5.0).contains(&took.as_secs_f64()), "{took:?}");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_too_large_for_the_gateway_or_for_lambda_is_a_413() {
    let api = Api::new().await;
    for bytes in [6 * 1024 * 1024, 10 * 1024 * 1024 + 1] {
        let answer = api.ask(Method::POST, "/rooms/a/join", vec![b'x'; bytes]).await;
        assert_eq!(said(&answer), (413, json!("Request Entity Too Large")));
    }
    assert!(api.records().is_empty(), "no function was asked");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_route_with_most_fixed_words_takes_a_request() {
    let api = Api::new().await;
    api.ask(Method::POST, "/rooms/a%20b/join", "hi").await;
    api.ask(Method::POST, "/rooms/open/join", "").await;
    until(|| api.records().len() == 4).await;
    let began = api.records().into_iter().filter(|one| one.get("began").is_some());
    let events: Vec<Value> = began.map(|mut one| one["event"].take()).collect();
    let parameters = json!({"roomId": "a b"});
    assert_eq!(
        (&events[0]["routeKey"], &events[0]["pathParameters"], &events[0]["body"]),
        (&json!("POST /rooms/{roomId}/join"), &parameters, &json!("aGk="))
    );
    assert_eq!(events[1]["routeKey"], "POST /rooms/open/join");
    assert_eq!((events[1].get("pathParameters"), events[1].get("body")), (None, None));
    for path in ["/", "/act/", "/rooms/a", "/rooms/a/join/b/c"] {
        assert!(!api.http.takes(path), "{path} is the site's");
    }
    // What fits a pattern and no route is the API's all the same, as behind a distribution.
    assert!(api.http.takes("/rooms/a/b/join"));
    let refused = api.ask(Method::POST, "/rooms/a/b/join", "").await;
    assert_eq!(said(&refused), (404, json!("Not Found")));
    api.end().await;
}
