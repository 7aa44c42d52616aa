//! The Lambda host with real processes: a bootstrap in Python that does what its event asks for.

mod api;
#[path = "../support/lambda.rs"]
mod support;

use std::time::{Duration, Instant};

use bytes::Bytes;
use chatctl::local::faults::FaultSettings;
use chatctl::local::lambda::{Invocation, InvokeError, LambdaLimits};
use serde_json::{Value, json};
use support::{NAME, Stage, alive, error, success};
use tokio::io::{AsyncBufReadExt, BufReader};

#[tokio::test(flavor = "multi_thread")]
async fn a_process_answers_and_is_used_again() {
    let stage = Stage::new().await;
    let first = success(stage.invoke(json!({"do": "echo", "text": "héllo"})).await);
    assert_eq!(first["event"]["text"], "héllo");
    let second = success(stage.invoke(json!({})).await);
    assert_eq!(second["pid"], first["pid"], "the same process serves again");
    assert_eq!(second["count"], 2);
    let status = &stage.lambda.status()[0];
    assert_eq!((status.instances, status.busy, status.waiting), (1, 0, 0));
    assert_eq!((status.invocations, status.errors, status.cold_starts), (2, 0, 1));
    assert!(status.max_memory_mb > 1, "{status:?}");
    stage.lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_finds_what_aws_puts_there_and_nothing_else() {
    let stage = Stage::new().await;
    let found = success(stage.invoke(json!({"do": "env"})).await);
    let env = found["env"].as_object().unwrap();
    let keys = stage.credentials.mint_function(NAME).unwrap();
    let expected = [
        ("_HANDLER", "EchoHandler".to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", NAME.to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{NAME}")),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", keys.access_key_id.clone()),
        ("AWS_SECRET_ACCESS_KEY", keys.secret_access_key.clone()),
        ("AWS_SESSION_TOKEN", keys.session_token.clone().unwrap()),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1".to_owned()),
        ("CONNECTIONS_ENDPOINT", "http://127.0.0.1:1/local".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("OWN", "variable".to_owned()),
        ("LAMBDA_TASK_ROOT", stage.folder.path().display().to_string()),
    ];
    for (name, value) in expected {
        assert_eq!(env.get(name), Some(&Value::from(value)), "{name}");
    }
    for name in ["HOME", "USER", "CARGO", "CARGO_MANIFEST_DIR"] {
        assert!(!env.contains_key(name), "{name} is the host's own");
    }
    assert_eq!(found["cwd"], stage.folder.path().canonicalize().unwrap().display().to_string());
    assert_eq!(found["files"], 1024, "AWS lets a function open so many files");
    let headers = &found["headers"];
    let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{NAME}");
    assert_eq!(headers["lambda-runtime-invoked-function-arn"], arn);
    let deadline: i64 = headers["lambda-runtime-deadline-ms"].as_str().unwrap().parse().unwrap();
    let left = deadline - jiff::Timestamp::now().as_millisecond();
    assert!((1..=2000).contains(&left), "{left} ms are left");
    assert!(headers["lambda-runtime-trace-id"].as_str().unwrap().starts_with("Root=1-"));
    stage.lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invocations_run_at_the_same_time_in_processes_of_their_own() {
    let stage = Stage::new().await;
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let lambda = stage.lambda.clone();
            tokio::spawn(async move {
                let event = json!({"do": "sleep", "seconds": 1.0}).to_string();
                lambda.invoke(NAME, Bytes::from(event)).await
            })
        })
        .collect();
    let mut pids = std::collections::HashSet::new();
    for call in calls {
        let answer = success(call.await.unwrap());
        pids.insert(answer["pid"].as_u64().unwrap());
    }
    assert_eq!(pids.len(), 4, "each had a process of its own");
    assert_eq!(stage.lambda.status()[0].instances, 4);
    stage.lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_limit_invocations_wait_in_line() {
    let limits = LambdaLimits { instances: 1, ..LambdaLimits::default() };
    let stage = Stage::with(limits, &[]).await;
    let calls = (0..20).map(|n| stage.invoke(json!({"n": n})));
    let answers = futures_util::future::join_all(calls).await;
    let mut counts = Vec::new();
    for (n, answer) in answers.into_iter().enumerate() {
        let answer = success(answer);
        assert_eq!(answer["event"]["n"], n, "each caller has its own answer");
        counts.push(answer["count"].as_u64().unwrap());
    }
    assert!(counts.is_sorted(), "first come, first served: {counts:?}");
    assert_eq!(stage.lambda.status()[0].cold_starts, 1);
    stage.lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_killed() {
    let stage = Stage::new().await;
    let pid = success(stage.invoke(json!({})).await)["pid"].as_u64().unwrap();
    let began = Instant::now();
    let failure = error(stage.invoke(json!({"do": "sleep", "seconds": 60})).await);
    let took = began.elapsed().as_secs_f64();
    assert!((1.9..3.0).contains(&took), "after {took} s");
    assert_eq!(failure["errorType"], "Sandbox.Timedout");
    let message = failure["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("Error: Task timed out after 2.00 seconds"), "{message}");
    let next = success(stage.invoke(json!({})).await);
    assert_ne!(next["pid"], pid);
    assert!(!alive(pid), "the process is gone");
    let log = stage.log().await;
    assert!(log.iter().any(|line| line.contains(" Task timed out after 2.00 seconds")), "{log:#?}");
    assert!(log.iter().any(|line| line.contains("\tStatus: timeout\t")), "{log:#?}");
    stage.lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_costs_one_invocation() {
    let stage = Stage::new().await;
    success(stage.invoke(json!({})).await);
    let killed = error(stage.invoke(json!({"do": "kill"})).await);
    assert_eq!(killed["errorType"], "Runtime.ExitError");
    let message = killed["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("RequestId: "), "{message}");
    assert!(message.ends_with(" Error: Runtime exited with error: signal: killed"), "{message}");
    let exited = error(stage.invoke(json!({"do": "exit", "code": 3})).await);
    let message = exited["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("Runtime exited with error: exit status 3"), "{message}");
    success(stage.invoke(json!({})).await);
    assert_eq!(stage.lambda.status()[0].errors, 2);
    stage.lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_injected_crash_happens_once() {
    let stage = Stage::new().await;
    success(stage.invoke(json!({})).await);
    let crash = FaultSettings { crash_function: Some("Echo".into()), ..FaultSettings::default() };
    stage.faults.set(crash);
    let failure = error(stage.invoke(json!({})).await);
    assert!(failure["errorMessage"].as_str().unwrap().ends_with("signal: killed"), "{failure}");
    success(stage.invoke(json!({})).await);
    assert_eq!(stage.faults.get(), FaultSettings::default());
    stage.lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_function_is_passed_on() {
    let stage = Stage::new().await;
    let failure = error(stage.invoke(json!({"do": "error", "message": "no such room"})).await);
    assert_eq!(failure, json!({"errorType": "ValueError", "errorMessage": "no such room"}));
    let answer = success(stage.invoke(json!({})).await);
    assert_eq!(answer["count"], 2, "the process goes on");
    stage.lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_is_an_error() {
    let stage = Stage::new().await;
    let fits = stage.invoke(json!({"do": "large", "bytes": 6 * 1024 * 1024 - 2})).await;
    assert_eq!(success(fits).as_str().unwrap().len(), 6 * 1024 * 1024 - 2);
    let failure = error(stage.invoke(json!({"do": "large", "bytes": 7 * 1024 * 1024})).await);
    assert_eq!(failure["errorType"], "Function.ResponseSizeTooLarge");
    success(stage.invoke(json!({})).await);
    stage.lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bootstrap_that_does_not_start_says_why() {
    for (at_init, what, line) in [
        ("exit", "exit status 7", Some("no database here")),
        ("error", "Config: a table is missing", None),
        ("hang", "it asked for no invocation within 1.00 seconds", None),
    ] {
        let limits = LambdaLimits { init: Duration::from_secs(1), ..LambdaLimits::default() };
        let stage = Stage::with(limits, &[("AT_INIT", at_init)]).await;
        let Err(InvokeError::Start(reason)) = stage.invoke(json!({})).await else {
            panic!("{at_init} starts")
        };
        assert!(reason.contains(what), "{reason}");
        assert!(line.is_none_or(|line| reason.contains(line)), "{reason}");
        let starts = stage.lambda.status()[0].cold_starts;
        assert!(matches!(stage.invoke(json!({})).await, Err(InvokeError::Start(_))));
        assert_eq!(stage.lambda.status()[0].cold_starts, starts, "it backs off");
        let log = stage.log().await;
        assert!(log.iter().any(|line| line.starts_with("INIT_REPORT ")), "{log:#?}");
        stage.lambda.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bootstrap_that_is_missing_is_named() {
    let stage = Stage::new().await;
    std::fs::remove_file(stage.folder.path().join("bootstrap")).unwrap();
    let Err(InvokeError::Start(reason)) = stage.invoke(json!({})).await else {
        panic!("it starts")
    };
    assert!(reason.contains("bootstrap does not start: No such file"), "{reason}");
    assert_eq!(stage.lambda.invoke("nobody", Bytes::new()).await, Err(InvokeError::NotFound));
    stage.lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_logged_in_the_order_in_which_they_were_said() {
    let stage = Stage::new().await;
    let long = "x".repeat(300_000);
    let event = json!({"do": "print", "lines": ["one", "two", long], "err": "oops"});
    success(stage.invoke(event).await);
    success(stage.invoke(json!({"do": "print", "lines": ["three"]})).await);
    let log = stage.log().await;
    let kinds: Vec<&str> = log.iter().map(|line| line.split([' ', '\n']).next().unwrap()).collect();
    let cut = &long[..256 * 1024];
    let expected = [
        "START", "one", "two", cut, "oops", "END", "REPORT", "START", "three", "", "END", "REPORT",
    ];
    // The two outputs are separate pipes: only within one the order is sure.
    let first = |line: &&&str| **line != "oops" && !line.is_empty();
    assert_eq!(
        kinds.iter().filter(first).collect::<Vec<_>>(),
        expected.iter().filter(first).collect::<Vec<_>>()
    );
    assert!(kinds.contains(&"oops"));
    let cold = log.iter().find(|line| line.starts_with("REPORT")).unwrap();
    assert!(cold.contains("\tMemory Size: 128 MB\tMax Memory Used: "), "{cold}");
    assert!(cold.contains("\tInit Duration: "), "{cold}");
    let warm = log.iter().rfind(|line| line.starts_with("REPORT")).unwrap();
    assert!(!warm.contains("Init Duration"), "{warm}");
    stage.lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_fails_is_tried_again() {
    let retries = vec![Duration::from_millis(50); 2];
    let limits = LambdaLimits { event_retries: retries, ..LambdaLimits::default() };
    let stage = Stage::with(limits, &[]).await;
    let file = stage.folder.path().join("once");
    let event = json!({"do": "once", "file": file}).to_string();
    stage.lambda.invoke_event(NAME, Bytes::from(event)).unwrap();
    let done = || std::fs::read_to_string(&file).is_ok_and(|text| text == "done");
    support::until(done).await;
    stage.lambda.invoke_event(NAME, Bytes::from(r#"{"do":"error"}"#)).unwrap();
    support::until(|| stage.lambda.status()[0].errors == 4).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let status = &stage.lambda.status()[0];
    assert_eq!((status.errors, status.invocations), (4, 5), "three tries and no more");
    assert_eq!(stage.lambda.invoke_event("nobody", Bytes::new()), Err(InvokeError::NotFound));
    stage.lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_takes_over() {
    let stage = Stage::new().await;
    let old = success(stage.invoke(json!({})).await)["pid"].as_u64().unwrap();
    stage.lambda.configure(vec![stage.config("second", &[])]).await;
    support::until(|| !alive(old)).await;
    let new = success(stage.invoke(json!({})).await);
    assert_ne!(new["pid"], old);
    stage.lambda.configure(vec![]).await;
    assert_eq!(stage.invoke(json!({})).await, Err(InvokeError::NotFound));
    support::until(|| !alive(new["pid"].as_u64().unwrap())).await;
    stage.lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_processes_end_but_one_stays_warm() {
    let limits = LambdaLimits { idle: Duration::from_millis(300), ..LambdaLimits::default() };
    let stage = Stage::with(limits, &[]).await;
    let sleep = || stage.invoke(json!({"do": "sleep", "seconds": 0.5}));
    let (one, two) = tokio::join!(sleep(), sleep());
    assert_ne!(success(one)["pid"], success(two)["pid"]);
    support::until(|| stage.lambda.status()[0].instances == 1).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(stage.lambda.status()[0].instances, 1);
    stage.lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_leaves_nothing_running() {
    let stage = Stage::new().await;
    let pids = success(stage.invoke(json!({"do": "child"})).await);
    let (pid, child) = (pids["pid"].as_u64().unwrap(), pids["child"].as_u64().unwrap());
    assert!(alive(pid) && alive(child));
    let lambda = stage.lambda.clone();
    let sleeping = tokio::spawn(async move {
        lambda.invoke(NAME, Bytes::from(r#"{"do":"sleep","seconds":60}"#)).await
    });
    support::until(|| stage.lambda.status()[0].busy == 1).await;
    stage.lambda.shutdown().await;
    assert!(matches!(sleeping.await.unwrap(), Err(InvokeError::Start(_))));
    support::until(|| !alive(pid) && !alive(child)).await;
    assert!(stage.lambda.status().is_empty());
    assert!(matches!(
        stage.invoke(json!({})).await,
        Err(InvokeError::NotFound) | Ok(Invocation::FunctionError { .. })
    ));
}

/// Not a test of its own: the host that the next test kills.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run as a process of its own by a_host_that_is_killed_takes_its_functions_along"]
async fn host_to_be_killed() {
    let stage = Stage::new().await;
    let answer = success(stage.invoke(json!({})).await);
    println!("function={}", answer["pid"]);
    let _busy = stage.invoke(json!({"do": "sleep", "seconds": 60})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_killed_takes_its_functions_along() {
    let mut host = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "host_to_be_killed"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(host.stdout.take().unwrap()).lines();
    let function: u64 = loop {
        let line = lines.next_line().await.unwrap().expect("the host names its function");
        // The harness may have written on the same line before.
        if let Some((_, pid)) = line.split_once("function=") {
            break pid.parse().unwrap();
        }
    };
    assert!(alive(function));
    host.kill().await.unwrap();
    support::until(|| !alive(function)).await;
}
