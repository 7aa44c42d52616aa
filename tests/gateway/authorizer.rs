//! The authorizer of `$connect`.

use serde_json::{Value, json};

use super::support::{Api, Setup};

async fn api() -> Api {
    Api::with(Setup { authorizer: true, ..Setup::default() }).await
}

async fn status(api: &Api, query: &str) -> u16 {
    let refused = api.try_connect(query, &[]).await;
    refused.err().map_or(101, |refused| refused.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn unauthorized_is_a_401() {
    let api = api().await;
    assert_eq!(status(&api, "").await, 401, "without its identity source");
    assert_eq!(status(&api, "?token=").await, 401, "with an empty one");
    assert!(api.records().is_empty(), "nobody is asked then");
    assert_eq!(status(&api, "?token=unauthorized").await, 401);
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deny_policy_is_a_403() {
    let api = api().await;
    let refused = api.try_connect("?token=deny", &[]).await.err().expect("a refusal");
    assert_eq!(refused.status, 403);
    let body: Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!(body["message"], "Forbidden");
    assert_eq!(refused.headers["x-amzn-errortype"], "ForbiddenException");
    assert_eq!(api.events("CONNECT").len(), 1, "$connect does not run");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allow_policy_must_name_the_method() {
    let api = api().await;
    assert_eq!(status(&api, "?token=allow").await, 101);
    assert_eq!(status(&api, "?token=stage").await, 101, "a pattern that matches");
    assert_eq!(status(&api, "?token=methods").await, 403, "stage/*/* has a slash too many");
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authorizer_that_fails_is_a_500() {
    let api = api().await;
    for token in ["broken", "null", "large"] {
        assert_eq!(status(&api, &format!("?token={token}")).await, 500, "{token}");
    }
    api.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_context_is_on_every_later_event() {
    let api = api().await;
    let mut client = api.connect("?token=allow").await;
    client.send("hello").await;
    api.event("MESSAGE").await;
    client.close(None).await;
    api.event("DISCONNECT").await;

    let asked = &api.events("CONNECT")[0];
    assert_eq!(asked["type"], "REQUEST");
    let arn = "arn:aws:execute-api:us-east-1:000000000000:local/local/$connect";
    assert_eq!(asked["methodArn"], arn);
    assert_eq!(asked["stageVariables"], json!({}));
    assert_eq!(asked["queryStringParameters"]["token"], "allow");
    assert_eq!(asked["requestContext"].get("authorizer"), None);
    assert_eq!(asked.get("isBase64Encoded"), None);

    let connected = &api.events("CONNECT")[1];
    assert_eq!(connected.get("type"), None);
    let later = [connected, &api.events("MESSAGE")[0], &api.events("DISCONNECT")[0]];
    for event in later {
        let context = &event["requestContext"]["authorizer"];
        assert_eq!(context["principalId"], "ann", "{event}");
        assert_eq!(context["role"], "admin");
        assert_eq!(context["age"], "7", "values are texts");
        assert!(context["integrationLatency"].is_u64());
    }
    api.end().await;
}
