//! The host's REST API, which is that of AWS Lambda, and who may call it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chatctl::local::credentials::Caller;
use chatctl::stack::{Effect, PolicyDocument, Statement};

use crate::support::{self, NAME, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_api_invokes_and_describes() {
    let stage = Stage::new().await;
    let path = format!("/2015-03-31/functions/{NAME}");
    let invocations = format!("{path}/invocations");
    let tail = &[("x-amz-log-type", "Tail")];
    let answer =
        stage.post(Caller::Operator, &invocations, tail, r#"{"do":"print","lines":["hi"]}"#).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-amz-executed-version"), "$LATEST");
    let log =
        String::from_utf8(STANDARD.decode(answer.header("x-amz-log-result")).unwrap()).unwrap();
    assert!(log.starts_with("START RequestId: ") && log.contains("\nhi\n"), "{log}");
    assert!(log.contains(answer.header("x-amzn-requestid")), "{log}");
    assert!(log.contains("\nREPORT RequestId: "), "{log}");

    let failed = stage.post(Caller::Operator, &invocations, &[], r#"{"do":"error"}"#).await;
    assert_eq!((failed.status, failed.header("x-amz-function-error")), (200, "Unhandled"));
    assert_eq!(failed.body["errorType"], "ValueError");

    for (headers, body, status, name) in [
        (&[][..], "{", 400, "InvalidRequestContentException"),
        (&[("x-amz-invocation-type", "Often")], "{}", 400, "InvalidParameterValueException"),
        (
            &[("x-amz-invocation-type", "Event")],
            &format!("\"{}\"", "x".repeat(1 << 20)),
            413,
            "RequestTooLargeException",
        ),
        (&[], &format!("\"{}\"", "x".repeat(6 << 20)), 413, "RequestTooLargeException"),
    ] {
        let answer = stage.post(Caller::Operator, &invocations, headers, body).await;
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (status, name));
    }
    let missing =
        stage.post(Caller::Operator, "/2015-03-31/functions/no/invocations", &[], "").await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.header("x-amzn-errortype"), "ResourceNotFoundException");

    let dry = [("x-amz-invocation-type", "DryRun")];
    assert_eq!(stage.post(Caller::Operator, &invocations, &dry, "{}").await.status, 204);
    let before = stage.lambda.status()[0].invocations;
    let event = [("x-amz-invocation-type", "Event")];
    assert_eq!(stage.post(Caller::Operator, &invocations, &event, "{}").await.status, 202);
    support::until(|| stage.lambda.status()[0].invocations == before + 1).await;

    let listed = stage.get("/2015-03-31/functions/").await;
    assert_eq!(listed.body["Functions"][0]["FunctionName"], NAME);
    assert_eq!(stage.get(&path).await.body["Configuration"]["Handler"], "EchoHandler");
    assert_eq!(stage.get(&format!("{path}/configuration")).await.body["MemorySize"], 128);
    stage.lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_invokes_only_what_its_document_allows() {
    let stage = Stage::new().await;
    let caller = || Caller::Function("chat-local-Other".into());
    let path = format!("/2015-03-31/functions/{NAME}/invocations");
    let refused = stage.post(caller(), &path, &[], "{}").await;
    assert_eq!(
        (refused.status, refused.header("x-amzn-errortype")),
        (403, "AccessDeniedException")
    );
    let statement = Statement {
        sid: "Invoke".into(),
        effect: Effect::Allow,
        action: vec!["lambda:InvokeFunction".into()],
        resource: vec![format!("arn:aws:lambda:us-east-1:000000000000:function:{NAME}")],
        reason: String::new(),
    };
    let document = PolicyDocument { version: "2012-10-17", statement: vec![statement] };
    stage.access.set_policies([("chat-local-Other".to_owned(), document)].into());
    assert_eq!(stage.post(caller(), &path, &[], "{}").await.status, 200);
    stage.lambda.shutdown().await;
}
