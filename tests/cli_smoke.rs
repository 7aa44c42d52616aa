//! `smoke` against a real stage: every route answers, nothing is left behind, and what is broken is
//! named by its step.

mod support;

use serde_json::Value;
use support::stage::Stage;

fn json(stage: &Stage, arguments: &[&str]) -> Value {
    let output = stage.chatctl(&[arguments, &["--output", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Rows but those of VoiceRooms, where the count of a connection's signals goes by its time to live.
fn rows(stage: &Stage) -> u64 {
    let tables = json(stage, &["status"])["tables"].clone();
    let tables = tables.as_array().unwrap().iter().filter(|table| table["name"] != "VoiceRooms");
    tables.map(|table| table["items"].as_u64().unwrap()).sum()
}

#[test]
fn a_chat_goes_through_every_route_and_leaves_nothing() {
    let stage = Stage::deploy();
    let report = json(&stage, &["smoke"]);
    assert_eq!(report["ok"], true, "{report}");
    let steps = report["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 21, "{report}");
    assert!(steps.iter().all(|step| step["millis"].as_f64().unwrap() > 0.0));
    assert!(
        report["rowsRemoved"].as_u64().unwrap() >= 4,
        "two messages, remembered twice: {report}"
    );
    // Connections and names go with the `$disconnect` events, which are not waited for.
    let gone = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        rows(&stage) == 0
    });
    assert!(gone, "{}", json(&stage, &["scan"]));

    let shown = stage.chatctl(&["smoke", "--keep"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("✓ leave") && shown.contains("the chat works: 21 steps"), "{shown}");
    assert!(rows(&stage) >= 4, "--keep keeps them");

    // The next invocation of a function crashes: the step and the function are named, exit 1.
    let crash = stage.chatctl(&["faults", "set", "--crash-function", "GetHistoryHandler"]);
    assert!(crash.status.success(), "{}", String::from_utf8_lossy(&crash.stderr));
    let broken = stage.chatctl(&["smoke", "--patience", "5"]);
    let (out, err) =
        (String::from_utf8_lossy(&broken.stdout), String::from_utf8_lossy(&broken.stderr));
    assert_eq!(broken.status.code(), Some(1), "{out}{err}");
    assert!(
        out.contains("✗ history") && err.contains("chatctl logs GetHistoryHandler"),
        "{out}{err}"
    );
    assert!(err.contains("API Gateway answered"), "{err}");
}
