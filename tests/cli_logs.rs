//! `logs` against the real log store: several groups in one order, filters, following without a line
//! lost or repeated, late ones included, and listening to Live Tail.

#[path = "support/project.rs"]
mod project;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::{BehaviorVersion, Builder, Credentials, Region};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use project::{MANIFEST, Project, text};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// Writes events as functions do, at times of the test's choice.
struct Writer {
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl Writer {
    fn new(project: &Project) -> Self {
        let outputs = project.json(&["outputs"]);
        let text = |key: &str| outputs[key].as_str().unwrap().to_owned();
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(text("region")))
            .endpoint_url(text("awsEndpointUrl"))
            .credentials_provider(Credentials::new(
                text("accessKeyId"),
                text("secretAccessKey"),
                None,
                None,
                "test",
            ))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { client: Client::from_conf(config), runtime }
    }

    fn put(&self, function: &str, ago_ms: i64, message: &str) {
        let group = format!("/aws/lambda/test-local-{function}");
        let event =
            InputLogEvent::builder().timestamp(now() - ago_ms).message(message).build().unwrap();
        self.runtime.block_on(async {
            // It is there already from the second time on.
            let _ = self
                .client
                .create_log_stream()
                .log_group_name(&group)
                .log_stream_name("s")
                .send()
                .await;
            let put = self.client.put_log_events().log_group_name(&group).log_stream_name("s");
            put.log_events(event).send().await.unwrap();
        });
    }
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn lines(project: &Project, arguments: &[&str]) -> Vec<String> {
    let all = project.json(&[&["logs"], arguments].concat());
    let text = |line: &Value| {
        line["message"]
            .as_str()
            .map_or_else(|| line["message"]["message"].to_string(), str::to_owned)
    };
    all.as_array().unwrap().iter().map(text).collect()
}

#[test]
fn several_groups_are_one_timeline_and_filters_choose() {
    assert!(MANIFEST.contains("PingHandler"));
    let project = Project::new();
    project.deploy();
    let writer = Writer::new(&project);
    writer.put("PingHandler", 4_000, "first");
    writer.put("HelloHandler", 3_000, "second");
    writer.put("PingHandler", 2_000, "third");
    let said = json!({"level": "WARN", "message": "fourth", "connectionId": "abc=", "room": "r1"});
    writer.put("HelloHandler", 1_000, &said.to_string());
    writer.put("PingHandler", 3_600_000, "an hour ago");
    assert_eq!(lines(&project, &[]), ["first", "second", "third", "\"fourth\""]);
    assert_eq!(lines(&project, &["ping"]), ["first", "third"]);
    assert_eq!(lines(&project, &["--level", "warn", "--connection", "abc="]), ["\"fourth\""]);
    assert_eq!(lines(&project, &["--room", "r2"]), [""; 0]);
    assert_eq!(lines(&project, &["--filter", "second"]), ["second"]);
    assert_eq!(lines(&project, &["--since", "2h", "--filter", "ago"]), ["an hour ago"]);
    let shown = text(&project.run(&["logs", "--room", "r1"]).stdout);
    assert!(
        shown.contains("Hello") && shown.contains("WARN  fourth connectionId=abc= room=r1"),
        "{shown}"
    );
    let (code, stderr) = project.fails(&["logs", "nobody"]);
    assert_eq!((code, stderr.contains("PingHandler")), (2, true), "{stderr}");
}

#[test]
fn following_loses_nothing_repeats_nothing_and_ends_with_its_reader() {
    let project = Project::new();
    project.deploy();
    let writer = Writer::new(&project);
    writer.put("PingHandler", 500, "before");
    let (mut child, mut reader) = follow(&project);
    let mut seen = vec![next(&mut reader)];
    for number in 0..20 {
        let function = if number % 2 == 0 { "PingHandler" } else { "HelloHandler" };
        // Every third comes late: its time is before that of lines already shown.
        let ago = if number % 3 == 0 { 4_000 } else { 0 };
        writer.put(function, ago, &format!("line {number}"));
        std::thread::sleep(Duration::from_millis(40));
    }
    for _ in 0..20 {
        seen.push(next(&mut reader));
    }
    let different: BTreeSet<&String> = seen.iter().collect();
    assert_eq!((seen.len(), different.len()), (21, 21), "{seen:?}");
    drop(reader);
    assert_eq!(
        child.wait().unwrap().code(),
        Some(0),
        "a reader that goes away ends it, without a failure"
    );
}

#[test]
fn ctrl_c_ends_following() {
    let project = Project::new();
    project.deploy();
    Writer::new(&project).put("PingHandler", 0, "line");
    let (mut child, mut reader) = follow(&project);
    assert_eq!(next(&mut reader), "line");
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn live_shows_what_comes_in_order_and_once_until_ctrl_c() {
    let project = Project::new();
    project.deploy();
    let writer = Writer::new(&project);
    writer.put("PingHandler", 0, "wanted before");
    let mut command =
        project.command(&["logs", "--live", "--filter", "wanted", "--output", "ndjson"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(told.next().unwrap(), "Live: lines are shown from now on", "and nothing of costs");
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let expected: Vec<String> = (0..20).map(|number| format!("wanted {number}")).collect();
    for (number, line) in expected.iter().enumerate() {
        // Of two sessions: the stage has more functions than one takes.
        writer.put(if number % 2 == 0 { "PingHandler" } else { "HelloHandler" }, 0, line);
        writer.put("PingHandler", 0, "noise");
        std::thread::sleep(Duration::from_millis(50));
    }
    let seen: Vec<String> = expected.iter().map(|_| next(&mut reader)).collect();
    assert_eq!(seen, expected);
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(told.find(|line| line.contains("lines")).unwrap(), "20 lines");
    let mut rest = String::new();
    reader.read_line(&mut rest).unwrap();
    assert_eq!(rest, "", "nothing comes twice");
}

#[test]
fn live_ends_with_its_reader_and_takes_no_times() {
    let project = Project::new();
    project.deploy();
    let mut command = project.command(&["logs", "ping", "--live", "-f"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(told.next().unwrap().starts_with("Live:"));
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    for arguments in [&["--since", "10m"][..], &["--until", "1m"], &["--output", "json"]] {
        let (code, stderr) = project.fails(&[&["logs", "--live"], arguments].concat());
        assert_eq!(code, 2, "{stderr}");
    }
    let (code, stderr) = project.fails(&["logs", "--live", "--filter", "{ $.a"]);
    assert_eq!((code, stderr.contains("--filter is no filter pattern")), (2, true), "{stderr}");
}

fn follow(project: &Project) -> (Child, BufReader<ChildStdout>) {
    let mut command = project.command(&["logs", "--follow", "--output", "ndjson"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let reader = BufReader::new(child.stdout.take().unwrap());
    (child, reader)
}

fn next(reader: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let event: Value =
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert_eq!(event["schema"], "chatctl.logs/1");
    event["message"].as_str().unwrap().to_owned()
}
