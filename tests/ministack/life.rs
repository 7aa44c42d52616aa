//! First deployment, no change, changes of every part, failures, the end.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;

use super::project::text;
use super::{Aws, built_in};

#[test]
fn a_stage_comes_up_changes_and_goes() {
    let aws = Aws::new();
    assert_eq!(aws.deploy(), true);
    assert_eq!(aws.deploy(), false, "a second deployment changes nothing");
    aws.project.write("frontend/src/page", "second page");
    let plan = text(&aws.run(&["deploy", "--yes"]).stderr);
    assert!(plan.contains("of the site") && !plan.contains("function"), "{plan}");
    aws.project.write("functions/code", "second code");
    let plan = text(&aws.run(&["deploy", "--yes"]).stderr);
    assert!(
        plan.contains(&format!("{} functions", built_in::stack().functions.len()))
            && !plan.contains("table Chat"),
        "{plan}"
    );
    assert_eq!(aws.deploy(), false);
    let kinds: BTreeSet<String> = aws
        .inventory()
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["kind"].as_str().unwrap().to_owned())
        .collect();
    let all = [
        "API",
        "alarm",
        "artifacts",
        "bucket",
        "dashboard",
        "distribution",
        "function",
        "log group",
        "parameter",
        "role",
        "stack",
        "table",
    ];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), all);
    let gone = aws.json(&["teardown", "--yes"]);
    assert_eq!(gone, json!({"changed": true, "left": []}));
    assert_eq!(aws.inventory(), json!([]));
    assert_eq!(aws.json(&["teardown", "--yes"])["changed"], false, "a second one finds nothing");
}

#[test]
fn nobody_there_to_ask_is_a_refusal_that_changes_nothing() {
    let aws = Aws::new();
    let (code, said) = aws.fails(&["deploy"]);
    assert_eq!(code, 4, "{said}");
    assert_eq!(aws.inventory(), json!([]));
}

#[test]
fn a_failed_update_is_rolled_back_and_says_why() {
    let aws = Aws::new();
    aws.deploy();
    // A bucket whose name somebody else has.
    let manifest = super::project::MANIFEST.replace("  site: {", "  taken: {");
    assert_ne!(manifest, super::project::MANIFEST);
    aws.make_bucket("test-prod-taken-000000000000");
    aws.project.write("templates/stack.yaml", &manifest);
    let (code, said) = aws.fails(&["deploy", "--yes"]);
    assert_eq!(code, 7, "{said}");
    assert!(said.contains("SiteBucket") && said.contains("unique in all of AWS"), "{said}");
    let diagnosis = aws.json(&["diagnose"]);
    assert_eq!(diagnosis["causes"][0]["logical"], "SiteBucket", "{diagnosis}");
    aws.project.write("templates/stack.yaml", super::project::MANIFEST);
    assert_eq!(aws.deploy(), false, "what served before serves still");
}

#[test]
fn a_key_that_changes_is_refused() {
    let aws = Aws::new();
    aws.deploy();
    let manifest = super::project::MANIFEST.replace("sort: messageId", "sort: sentAt");
    aws.project.write("templates/stack.yaml", &manifest);
    let (code, said) = aws.fails(&["deploy", "--yes"]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("--allow-data-loss ChatMessages"), "{said}");
    aws.project.write("templates/stack.yaml", super::project::MANIFEST);
    assert_eq!(aws.deploy(), false);
}

#[test]
fn a_table_that_was_taken_out_comes_back_with_its_rows() {
    let aws = Aws::new();
    let config = fs::read_to_string(aws.project.path("chatctl.yaml")).unwrap();
    aws.project.write("chatctl.yaml", &config.replace("protected: false", "protected: true"));
    let tables = "tables:\n  Notes:\n    partition: noteId\n";
    let with_notes = super::project::MANIFEST.replacen("tables:\n", tables, 1);
    aws.project.write("templates/stack.yaml", &with_notes);
    aws.deploy();
    aws.put("test-prod-Notes", "noteId", "kept");
    aws.project.write("templates/stack.yaml", super::project::MANIFEST);
    let without = aws.json(&["deploy", "--yes", "--allow-data-loss", "Notes"]);
    assert_eq!(without["changed"], true, "{without}");
    aws.project.write("templates/stack.yaml", &with_notes);
    assert_eq!(aws.deploy(), true);
    let rows = text(&aws.run(&["scan", "Notes", "--output", "json"]).stdout);
    assert!(rows.contains("kept"), "{rows}");
    assert_eq!(aws.deploy(), false);
    aws.project.write("templates/stack.yaml", super::project::MANIFEST);
    aws.json(&["deploy", "--yes", "--allow-data-loss", "Notes"]);
    let other_key = with_notes.replace("noteId", "id");
    aws.project.write("templates/stack.yaml", &other_key);
    let (code, said) = aws.fails(&["deploy", "--yes"]);
    assert!(code == 1 && said.contains("the key noteId: not id"), "{code}: {said}");
    aws.project.write("templates/stack.yaml", super::project::MANIFEST);
    assert_eq!(aws.deploy(), false, "nothing was changed");
}

#[test]
fn code_alone_is_taken_up_by_the_next_deployment() {
    let aws = Aws::new();
    aws.deploy();
    aws.project.write("functions/code", "tried code");
    let changed = aws.json(&["deploy", "--yes", "--code-only"]);
    assert_eq!(
        changed["functions"].as_array().map(Vec::len),
        Some(built_in::stack().functions.len()),
        "{changed}"
    );
    assert_eq!(aws.deploy(), true, "the stack takes the code up");
    assert_eq!(aws.deploy(), false);
    aws.project.write("functions/code", "worse code");
    aws.json(&["deploy", "--yes", "--code-only"]);
    aws.project.write("functions/code", "tried code");
    assert_eq!(aws.deploy(), true, "the code is set back");
    assert_eq!(aws.deploy(), false);
}

#[test]
fn code_alone_is_set_back_by_a_deployment_that_is_left_to_itself() {
    let aws = Aws::new();
    aws.deploy();
    aws.project.write("functions/code", "tried code");
    aws.json(&["deploy", "--yes", "--code-only"]);
    aws.project.write("functions/code", "first code");
    let tables = "tables:\n  Notes:\n    partition: noteId\n";
    let with_notes = super::project::MANIFEST.replacen("tables:\n", tables, 1);
    aws.project.write("templates/stack.yaml", &with_notes);
    aws.json(&["deploy", "--yes", "--detach"]);
    aws.eventually(&["attach"]);
    assert_eq!(aws.deploy(), false, "neither the stack nor its code differs");
}

#[test]
fn a_deployment_can_be_taken_back() {
    let aws = Aws::new();
    aws.deploy();
    aws.project.write("functions/code", "second code");
    aws.deploy();
    assert_eq!(aws.json(&["rollback", "--yes"])["changed"], true);
    assert_eq!(aws.deploy(), true, "the second code is new again");
    let (code, said) = aws.fails(&["rollback", "--yes", "--to", "nothing"]);
    assert_eq!(code, 1, "{said}");
}

#[test]
fn a_plan_that_was_agreed_upon_is_deployed_or_nothing() {
    let aws = Aws::new();
    assert_eq!(aws.fails(&["plan", "--exit-code", "--out", "plan.json"]).0, 3);
    aws.project.write("functions/code", "other code");
    let (code, said) = aws.fails(&["deploy", "--yes", "--plan", "plan.json"]);
    assert_eq!(code, 4, "{said}");
    aws.fails(&["plan", "--out", "plan.json"]);
    assert_eq!(aws.json(&["deploy", "--yes", "--plan", "plan.json"])["changed"], true);
    assert_eq!(aws.fails(&["plan", "--exit-code"]).0, 0);
}

#[test]
fn a_deployment_may_be_left_to_itself_and_followed() {
    let aws = Aws::new();
    let begun = aws.json(&["deploy", "--yes", "--detach"]);
    assert_eq!(begun, json!({"changed": true, "stage": "prod", "detached": true}));
    aws.eventually(&["attach"]);
    aws.eventually(&["frontend", "publish"]);
    assert_eq!(aws.deploy(), false, "nothing was left to do");
    aws.project.write("functions/code", "second code");
    aws.deploy();
    assert_eq!(aws.json(&["rollback", "--yes"])["changed"], true, "it was written down");
}

#[test]
fn the_web_app_is_published_alone() {
    let aws = Aws::new();
    let (code, said) = aws.fails(&["frontend", "publish"]);
    assert!(code == 1 && said.contains("`chatctl -s prod deploy`"), "{code}: {said}");
    aws.deploy();
    assert_eq!(aws.json(&["frontend", "publish"])["changed"], false);
    aws.project.write("frontend/src/page", "second page");
    aws.project.write("functions/code", "second code");
    assert_eq!(aws.json(&["frontend", "publish"])["changed"], true);
    assert_eq!(aws.json(&["frontend", "publish"])["changed"], false);
    assert_eq!(aws.deploy(), true, "the functions are still to come");
}

#[test]
fn a_plan_says_what_it_costs() {
    let aws = Aws::new();
    let first = aws.json(&["plan"])["monthlyUsd"].clone();
    assert!(first["after"].as_f64().is_some_and(|usd| usd > 0.0) && first["before"].is_null());
    aws.deploy();
    aws.project.write("functions/code", "second code");
    let second = aws.json(&["plan"])["monthlyUsd"].clone();
    assert_eq!(second["before"], first["after"], "{second}");
}

#[test]
fn a_stage_takes_nothing_of_its_neighbour_along() {
    let aws = Aws::new();
    aws.deploy();
    let beside = |arguments: &[&str]| {
        let output = aws.command_on("prod-eu", arguments).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_str::<serde_json::Value>(&text(&output.stdout)).unwrap()
    };
    beside(&["deploy", "--yes", "--output", "json"]);
    let there = beside(&["teardown", "--dry-run", "--output", "json"]);
    assert_eq!(aws.json(&["teardown", "--yes"]), json!({"changed": true, "left": []}));
    assert_eq!(beside(&["teardown", "--dry-run", "--output", "json"]), there);
    assert_eq!(beside(&["deploy", "--yes", "--output", "json"])["changed"], false);
}
