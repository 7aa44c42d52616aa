//! `logs` against a server of CloudWatch's protocol that makes it hard: 100,000 events in 20 groups,
//! empty pages, refusals, events that are shown late, events without ids. None is lost, none comes
//! twice, and the order is that of time.

#[path = "support/log_generator.rs"]
mod generator;
#[path = "support/project.rs"]
mod project;

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use generator::{Event, Generator, Hardships, now_ms, past};
use project::{MANIFEST, Project, text};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const GROUPS: usize = 20;

/// A project whose stack has as many functions as groups are read.
fn project() -> Project {
    let project = Project::new();
    let missing = GROUPS - MANIFEST.matches("Handler:\n").count();
    let more: String = (0..missing)
        .map(|at| {
            format!("  Extra{at}Handler:\n    memory: 128\n    timeout: 10\n    grants: []\n")
        })
        .collect();
    let manifest = MANIFEST.replacen("functions:\n", &format!("functions:\n{more}\n"), 1);
    project.write("templates/stack.yaml", &manifest);
    project.deploy();
    project
}

fn group_names(project: &Project) -> Vec<String> {
    let functions = project.json(&["status"])["functions"].clone();
    let functions = functions.as_array().unwrap().iter();
    let names: Vec<String> = functions
        .map(|function| format!("/aws/lambda/test-local-{}", function["handler"].as_str().unwrap()))
        .collect();
    assert_eq!(names.len(), GROUPS);
    names
}

/// The server in a thread of its own, until the test's process ends.
fn serve(generator: &Arc<Generator>) -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    let generator = Arc::clone(generator);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (url, serving) = generator.serve().await;
            sender.send(url).unwrap();
            serving.await;
        });
    });
    receiver.recv().unwrap()
}

/// What a line says, and when it happened.
fn said(line: &Value) -> (String, String) {
    assert_eq!(line["schema"], "chatctl.logs/1");
    (
        line["message"]["message"].as_str().unwrap().to_owned(),
        line["ts"].as_str().unwrap().to_owned(),
    )
}

/// How often each line came, and how often it must.
fn compare(seen: &[String], events: impl Iterator<Item = String>) {
    let count = |lines: &mut dyn Iterator<Item = String>| {
        let mut counts: HashMap<String, i32> = HashMap::new();
        lines.for_each(|line| *counts.entry(line).or_default() += 1);
        counts
    };
    let expected = count(&mut { events });
    let found = count(&mut seen.iter().cloned());
    let lost: Vec<_> =
        expected.iter().filter(|(line, _)| !found.contains_key(*line)).take(5).collect();
    let wrong: Vec<_> =
        found.iter().filter(|(line, n)| expected.get(*line) != Some(n)).take(5).collect();
    assert!(lost.is_empty() && wrong.is_empty(), "lost: {lost:?}, not as often: {wrong:?}");
}

fn message(said: &str) -> String {
    serde_json::json!({"level": "INFO", "message": said, "connectionId": "JC1dgf9yoAMCK-g="})
        .to_string()
}

#[test]
fn a_hundred_thousand_events_are_read_once_each_and_in_order() {
    let project = project();
    let now = now_ms();
    let stretch = (now - 500_000, now - 1_000);
    let say = |group: usize| move |at: usize| message(&format!("{group}/{at}"));
    let groups = group_names(&project).into_iter().enumerate();
    let groups: HashMap<_, _> =
        groups.map(|(at, name)| (name, past(5_000, stretch, say(at)))).collect();
    let hardships = Hardships { empty_every: Some(3), a_second: Some(5.0), without_ids: false };
    let generator = Generator::new(groups, hardships);
    let url = serve(&generator);
    let output = project.run(&["logs", "--output", "ndjson", "--endpoint-url", &url]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines: Vec<(String, String)> = text(&output.stdout)
        .lines()
        .map(|line| said(&serde_json::from_str(line).unwrap()))
        .collect();
    let numbers = (0..GROUPS).flat_map(|group| (0..5_000).map(move |at| format!("{group}/{at}")));
    let (seen, times): (Vec<String>, Vec<String>) = lines.into_iter().unzip();
    compare(&seen, numbers);
    assert!(times.is_sorted(), "the order is that of time");
    assert!(generator.counts.refused.load(Ordering::Relaxed) > 0);
    assert!(generator.counts.empty.load(Ordering::Relaxed) > 0);
}

/// Events of the next seconds, most of them shown soon, some late, a few later than the overlap of an
/// ordinary question; of every tenth there are two that nothing tells apart.
fn coming(name: &str, from: i64, length: i64, count: i64) -> Vec<Event> {
    let late = |at: i64| match at % 50 {
        0 => 8_000,
        n if n < 8 => n * 450,
        n => n,
    };
    let events = (0..count).flat_map(|at| {
        let timestamp = from + at * length / count;
        let event = Event {
            timestamp,
            shown_at: timestamp + late(at),
            message: message(&format!("{name}/{at}")),
        };
        std::iter::repeat_n(event, if at % 10 == 0 { 2 } else { 1 })
    });
    events.collect()
}

fn follow_all(hardships: Hardships) {
    let project = project();
    let from = now_ms() + 500;
    let groups: HashMap<_, _> = group_names(&project)
        .into_iter()
        .map(|name| (name.clone(), coming(&name, from, 4_000, 200)))
        .collect();
    let mut events: Vec<Event> = groups.values().flatten().cloned().collect();
    events.sort_by_key(|event| event.timestamp);
    let generator = Generator::new(groups, hardships);
    let url = serve(&generator);
    let mut command =
        project.command(&["logs", "--follow", "--output", "ndjson", "--endpoint-url", &url]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let reader = BufReader::new(child.stdout.take().unwrap());
    let reading = std::thread::spawn(move || {
        reader.lines().map(|line| said(&serde_json::from_str(&line.unwrap()).unwrap()).0).collect()
    });
    // The last wide question comes within 15 s after the last event was shown.
    let end = Instant::now() + Duration::from_secs(29);
    std::thread::sleep(end - Instant::now());
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::INT).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    let seen: Vec<String> = reading.join().unwrap();
    let said = |event: Event| {
        let message: Value = serde_json::from_str(&event.message).unwrap();
        message["message"].as_str().unwrap().to_owned()
    };
    let count = events.len();
    compare(&seen, events.into_iter().map(said));
    let closing = text(&ended.stderr);
    assert!(closing.contains(&format!("{count} lines")), "{closing}");
}

#[test]
fn following_loses_and_repeats_nothing_however_late_it_is_shown() {
    follow_all(Hardships { empty_every: Some(5), a_second: Some(40.0), without_ids: false });
}

#[test]
fn following_a_service_without_ids_tells_equal_lines_apart_by_their_number() {
    follow_all(Hardships { empty_every: Some(5), a_second: None, without_ids: true });
}

#[test]
fn a_service_that_is_away_is_an_error_and_not_an_empty_log() {
    let project = project();
    let (code, said) = project.fails(&["logs", "--endpoint-url", "http://127.0.0.1:1"]);
    assert_eq!((code, said.contains("logs:FilterLogEvents")), (1, true), "{said}");
}
