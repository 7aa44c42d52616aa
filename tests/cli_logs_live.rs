//! `logs --live` on AWS, which is scripted: what it costs, that lines were left out, sessions that end
//! and are begun anew.

#[allow(dead_code, reason = "what other tests use")]
#[path = "support/project.rs"]
mod project;
#[allow(dead_code, reason = "what other tests use")]
#[path = "support/scripted_aws.rs"]
mod scripted_aws;
#[allow(dead_code, reason = "what other tests use")]
#[path = "support/stuck.rs"]
mod stuck;

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStderr, ChildStdout, Stdio};

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use stuck::Stuck;

/// A message of an event stream.
fn message(kind: &'static str, name: &'static str, payload: &Value) -> Vec<u8> {
    let type_header = if kind == "event" { ":event-type" } else { ":exception-type" };
    let headers =
        [(":message-type", kind), (type_header, name), (":content-type", "application/json")]
            .map(|(name, value)| Header::new(name, HeaderValue::String(value.into())));
    let message = Message::new_from_parts(headers.to_vec(), payload.to_string());
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

fn begin() -> Vec<u8> {
    let initial = message("event", "initial-response", &json!({}));
    [initial, message("event", "sessionStart", &json!({"sessionId": "s"}))].concat()
}

fn update(sampled: bool, lines: &[(i64, &str)]) -> Vec<u8> {
    let line = |(timestamp, message): &(i64, &str)| {
        json!({"logGroupIdentifier": "123456789012:/aws/lambda/test-prod-PingHandler",
            "logStreamName": "s", "timestamp": timestamp, "ingestionTime": timestamp, "message": message})
    };
    let results: Vec<Value> = lines.iter().map(line).collect();
    let payload = json!({"sessionMetadata": {"sampled": sampled}, "sessionResults": results});
    message("event", "sessionUpdate", &payload)
}

/// The program, and what it says.
struct Running {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    told: Lines<BufReader<ChildStderr>>,
}

impl Running {
    fn start(stuck: &Stuck, arguments: &[&str]) -> Self {
        let mut command =
            stuck.command(&[&["logs", "--live", "--output", "ndjson"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, out, told }
    }

    fn line(&mut self) -> (String, String) {
        let line: Value = serde_json::from_str(&self.out.next().unwrap().unwrap()).unwrap();
        let text = |key: &str| line[key].as_str().unwrap().to_owned();
        (text("function"), text("message"))
    }

    fn told(&mut self) -> String {
        self.told.next().unwrap().unwrap()
    }

    fn interrupt(mut self) -> (Option<i32>, Vec<String>) {
        kill_process(Pid::from_raw(self.child.id().cast_signed()).unwrap(), Signal::INT).unwrap();
        let code = self.child.wait().unwrap().code();
        (code, self.told.map(Result::unwrap).collect())
    }
}

#[test]
fn a_session_that_ends_is_begun_anew_and_lines_left_out_are_told_once_a_run() {
    let stuck = Stuck::in_status("UPDATE_COMPLETE");
    let over = message("exception", "SessionTimeoutException", &json!({"message": "three hours"}));
    let failed = message("exception", "SessionStreamingException", &json!({"message": "it broke"}));
    let sampled =
        [update(true, &[(2, "b")]), update(true, &[(3, "c")]), update(false, &[])].concat();
    stuck
        .aws
        .streams([begin(), update(false, &[(1, "a")]), sampled, update(true, &[]), over].concat());
    stuck.aws.streams([begin(), update(false, &[(4, "d")]), failed].concat());
    stuck.aws.streams([begin(), update(false, &[(5, "e")])].concat());
    stuck.aws.streams([begin(), update(false, &[(6, "f")])].concat());
    let mut running = Running::start(&stuck, &["ping", "--level", "error"]);
    let cost = running.told();
    assert!(
        cost.starts_with("Live Tail costs") && cost.ends_with("here 1: 0.01 USD a minute"),
        "{cost}"
    );
    assert_eq!(running.told(), "Live: lines are shown from now on");
    for run in ["the first run", "the second"] {
        let told = running.told();
        assert!(
            told.contains("more than 500 lines a second") && told.contains("`logs -f`"),
            "{run}: {told}"
        );
    }
    for reason in
        ["SessionTimeoutException", "SessionStreamingException", "the connection was closed"]
    {
        let told = running.told();
        assert!(told.contains("begun anew") && told.contains(reason), "{reason}: {told}");
    }
    for message in ["a", "b", "c", "d", "e", "f"] {
        assert_eq!(running.line(), ("PingHandler".to_owned(), message.to_owned()));
    }
    let (code, told) = running.interrupt();
    assert_eq!((code, &told[0][..]), (Some(130), "6 lines"));
    let asked = stuck.aws.asked("StartLiveTail");
    let asked: Vec<Value> = asked.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/test-prod-PingHandler";
    let expected = json!({"logGroupIdentifiers": [arn],
        "logEventFilterPattern": r#"{ ($.level = "ERROR") }"#});
    assert_eq!(asked, vec![expected; 4]);
}

#[test]
fn more_than_ten_functions_take_two_sessions() {
    let stuck = Stuck::in_status("UPDATE_COMPLETE");
    stuck.aws.streams(begin());
    let mut running = Running::start(&stuck, &[]);
    let cost = running.told();
    assert!(cost.ends_with("here 2: 0.02 USD a minute"), "{cost}");
    assert_eq!(running.told(), "Live: lines are shown from now on");
    let (code, told) = running.interrupt();
    assert_eq!((code, &told[0][..]), (Some(130), "0 lines"));
    let asked = stuck.aws.asked("StartLiveTail");
    let groups = |body: &String| {
        let body: Value = serde_json::from_str(body).unwrap();
        body["logGroupIdentifiers"].as_array().unwrap().len()
    };
    let groups: Vec<usize> = asked.iter().map(groups).collect();
    assert!(groups.len() == 2 && groups.contains(&10), "{groups:?}");
}
