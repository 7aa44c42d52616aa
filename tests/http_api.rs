//! The HTTP API of a real stage, on the site's own origin: what works, and what goes wrong in the way
//! that API Gateway and the functions tell it.

mod support;

use chatctl::local::state::Deployment;
use http::Method;
use serde_json::json;
use support::answered::Answered;
use support::http::ask;
use support::stage::Stage;

async fn asked(stage: &Stage, method: Method, path: &str) -> Answered {
    let origin = stage.outputs["httpApiUrl"].as_str().unwrap();
    ask(method, &format!("{origin}{path}"), "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stage_answers_for_itself() {
    let stage = Stage::deploy();
    let well = asked(&stage, Method::GET, "/healthz?x=1").await;
    let version = env!("CARGO_PKG_VERSION");
    let health = json!({"status": "ok", "stage": "local", "version": version});
    assert_eq!((well.status, well.json()), (200, health));
    assert_eq!(well.header("content-type"), "application/json");
    assert_eq!(well.header("cache-control"), "no-store");
    assert_eq!(well.header("apigw-requestid").len(), 16, "{well:?}");
    assert_eq!(well.header("x-content-type-options"), "nosniff", "as all that the site serves");
    assert_eq!(well.header("access-control-allow-origin"), "", "the site has the same origin");

    // A method without a route is API Gateway's to refuse, a path without one the site's.
    for method in [Method::POST, Method::DELETE, Method::OPTIONS] {
        let refused = asked(&stage, method, "/healthz").await;
        assert_eq!((refused.status, refused.json()), (404, json!({"message": "Not Found"})));
    }
    let refused = asked(&stage, Method::HEAD, "/healthz").await;
    assert_eq!((refused.status, &refused.body[..]), (404, &b""[..]));
    for path in ["/healthz/", "/health", "/rooms"] {
        let lost = asked(&stage, Method::GET, path).await;
        assert_eq!((lost.status, &lost.body[..]), (404, &b"Nothing here.\n"[..]), "{path}");
    }
    let url = format!("{}/healthz", stage.outputs["httpApiUrl"].as_str().unwrap());
    let large = ask(Method::GET, &url, vec![b'x'; 10 * 1024 * 1024 + 1]).await;
    assert_eq!((large.status, large.json()), (413, json!({"message": "Request Entity Too Large"})));

    let crash = stage.chatctl(&["faults", "set", "--crash-function", "HealthHandler"]);
    assert!(crash.status.success(), "{}", String::from_utf8_lossy(&crash.stderr));
    let failed = asked(&stage, Method::GET, "/healthz").await;
    assert_eq!((failed.status, failed.json()), (500, json!({"message": "Internal Server Error"})));
    assert_eq!(asked(&stage, Method::GET, "/healthz").await.status, 200, "one request is lost");

    let logs = stage.chatctl(&["logs", "health", "--since", "5m"]);
    let logs = String::from_utf8_lossy(&logs.stdout).into_owned();
    assert!(logs.contains("GET /healthz done"), "{logs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_cannot_read_its_tables_is_unavailable() {
    let stage = Stage::deploy();
    let whole = stage.state().deployment().unwrap().expect("a deployment");
    let manifest = whole.manifest.replace(
        "    timeout: 5\n    grants:\n      - get ChatConnections\n",
        "    timeout: 5\n    grants: []\n",
    );
    assert_ne!(manifest, whole.manifest);
    stage.control().deploy(&Deployment { manifest, ..whole }).await.unwrap();
    let ill = asked(&stage, Method::GET, "/healthz").await;
    assert_eq!((ill.status, &ill.json()["code"]), (503, &json!("Unavailable")), "{ill:?}");
    let told = ill.json()["message"].as_str().unwrap().to_owned();
    assert!(told.contains("cannot read") && !told.contains("arn:"), "{told}");
    // Who looks is told at which step, and finds the reason in the function's log.
    let smoke = stage.chatctl(&["smoke"]);
    let said = String::from_utf8_lossy(&smoke.stderr).into_owned();
    assert_eq!(smoke.status.code(), Some(1), "{said}");
    assert!(said.contains("stopped at health") && said.contains("logs HealthHandler"), "{said}");
}
