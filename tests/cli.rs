//! The command line, as a person and as a script meet it: the real binary, its environment cleared.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a `chatctl.yaml`.
fn project(config: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("chatctl.yaml"), config).unwrap();
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatctl"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The exit code and what was said on stderr; stdout must be empty.
fn fails(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = run(folder, arguments);
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    (output.status.code().unwrap(), text(&output.stderr))
}

#[test]
fn a_wrong_command_line_is_a_usage_error_and_says_what_would_be_right() {
    let here = project("");
    let cases: [(&[&str], &str); 9] = [
        (&[], "Usage:"),
        (&["depoly"], "'deploy'"),
        (&["deploy", "--port", "many"], "--port"),
        (&["status", "--output", "xml"], "ndjson"),
        (&["status", "--output", "csv"], "only `scan` writes csv"),
        (&["status", "--stage", "production"], "there is no stage `production`"),
        (&["status", "--region", "eu-west-1"], "lives in us-east-1"),
        (&["status", "--profile", "work"], "takes no profile"),
        (&["logs", "--since", "yesterday"], "is no time"),
    ];
    for (arguments, said) in cases {
        let (code, stderr) = fails(here.path(), arguments);
        assert_eq!(code, 2, "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_broken_configuration_is_shown_with_a_caret() {
    let broken = project("project: chat\nstages:\n  local:\n    prot: 4510\n");
    let (code, stderr) = fails(broken.path(), &["deploy"]);
    assert_eq!(code, 2);
    insta::assert_snapshot!(stderr.replace(&*broken.path().to_string_lossy(), "DIR"));
}

#[test]
fn a_folder_without_a_project_says_what_makes_one() {
    let empty = tempfile::tempdir().unwrap();
    let (code, stderr) = fails(empty.path(), &["status"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("chatctl.yaml"), "{stderr}");
}

#[test]
fn the_project_is_found_from_a_folder_below() {
    let project = project("");
    let below = project.path().join("a/b");
    fs::create_dir_all(&below).unwrap();
    let output = run(&below, &["status", "--output", "json"]);
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &status["state"]), (Some(0), &Value::from("notDeployed")));
}

#[test]
fn what_needs_a_running_stage_names_the_command_that_starts_it() {
    let here = project("");
    for arguments in [&["outputs"][..], &["logs"], &["scan"], &["faults"]] {
        let (code, stderr) = fails(here.path(), arguments);
        assert_eq!(code, 1, "{arguments:?}");
        assert!(stderr.contains("`chatctl deploy` starts it"), "{stderr}");
    }
}

#[test]
fn a_taken_port_names_its_owner_and_changes_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let here = project("");
    let (code, stderr) = fails(here.path(), &["deploy", "--port", &port]);
    assert_eq!(code, 1, "{stderr}");
    assert!(
        stderr.contains(&format!("port {port} is taken by pid {}", std::process::id())),
        "{stderr}"
    );
    assert!(stderr.contains("--port N"), "{stderr}");
}

#[test]
fn a_second_deployment_at_once_is_told_who_holds_the_stage() {
    let here = project("");
    let state = here.path().join(".chatctl/local");
    fs::create_dir_all(&state).unwrap();
    let lock = fs::File::create(state.join("deploy.lock")).unwrap();
    lock.try_lock().unwrap();
    fs::write(state.join("deploy.lock"), "4711").unwrap();
    for arguments in [&["deploy", "--port", "0"][..], &["teardown", "--yes"]] {
        let (code, stderr) = fails(here.path(), arguments);
        assert_eq!(code, 8, "{stderr}");
        assert!(stderr.contains("pid 4711"), "{stderr}");
    }
}

#[test]
fn a_missing_tool_is_named_with_the_command_that_installs_it() {
    let here = project("");
    let output =
        command(here.path(), &["deploy", "--port", "0"]).env("PATH", here.path()).output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr.contains("cargo is not installed") && stderr.contains("https://sh.rustup.rs"),
        "{stderr}"
    );
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let here = project("");
    let state = here.path().join(".chatctl/local");
    fs::create_dir_all(&state).unwrap();
    fs::write(state.join("deploy.lock"), "").unwrap();
    let (code, stderr) = fails(here.path(), &["teardown"]);
    assert_eq!(code, 4, "{stderr}");
    assert!(stderr.contains("--yes"), "{stderr}");
    assert!(state.is_dir());
}

#[test]
fn teardown_is_safe_to_repeat_and_leaves_nothing() {
    let here = project("");
    let state = here.path().join(".chatctl/local");
    fs::create_dir_all(state.join("buckets/site")).unwrap();
    for file in ["deploy.lock", "host.json", "tables.db", "operator.json"] {
        fs::write(state.join(file), "not what it should be").unwrap();
    }
    let output = run(here.path(), &["teardown", "--dry-run", "--output", "json"]);
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(plan["wouldRemove"].as_array().unwrap().len(), 5);
    assert!(state.is_dir());
    for changed in [true, false] {
        let output = run(here.path(), &["teardown", "--yes", "--output", "json"]);
        let result: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(result, serde_json::json!({"changed": changed, "left": [], "kept": []}));
        assert!(!here.path().join(".chatctl").exists());
    }
}

#[test]
fn policies_are_documents_with_reasons() {
    let here = project("project: my-chat\n");
    let output = run(here.path(), &["policies", "PingHandler", "--output", "json"]);
    let documents: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(documents[0]["role"], "my-chat-local-PingHandler");
    assert_eq!(documents[0]["document"]["Version"], "2012-10-17");
    let sid = documents[0]["document"]["Statement"][0]["Sid"].as_str().unwrap();
    assert!(documents[0]["reasons"][sid].as_str().unwrap().contains("declares"), "{documents}");
    let (code, stderr) = fails(here.path(), &["policies", "NoHandler"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("PingHandler"), "{stderr}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let here = project("");
    let mut child = command(here.path(), &["policies"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(first.starts_with("# "), "{first}");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn colours_are_for_terminals_and_for_those_who_insist() {
    let here = project("");
    let plain = fails(here.path(), &["outputs"]).1;
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    let coloured = fails(here.path(), &["outputs", "--color", "always"]).1;
    assert!(coloured.contains('\u{1b}'), "{coloured:?}");
    let output =
        command(here.path(), &["outputs"]).env("CHATCTL_COLOR", "always").output().unwrap();
    assert!(text(&output.stderr).contains('\u{1b}'));
}

#[test]
fn a_flag_comes_before_the_environment() {
    let here = project("");
    let output = command(here.path(), &["version", "--output", "text"])
        .env("CHATCTL_OUTPUT", "json")
        .output()
        .unwrap();
    assert!(text(&output.stdout).starts_with("chatctl "));
    let output = command(here.path(), &["version"]).env("CHATCTL_OUTPUT", "json").output().unwrap();
    let version: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn an_empty_variable_is_none() {
    let here = project("");
    let empty = ["CHATCTL_OUTPUT", "CHATCTL_COLOR", "CHATCTL_STAGE", "CHATCTL_CONFIG"];
    let run = |arguments: &[&str], names: &[&str]| {
        let mut command = command(here.path(), arguments);
        command.envs(names.iter().map(|name| (name, ""))).output().unwrap()
    };
    let version = run(&["version"], &empty);
    assert!(text(&version.stdout).starts_with("chatctl "), "{}", text(&version.stderr));
    // It gets as far as the build tools, which are not there.
    let deploy = run(&["deploy"], &["CHATCTL_PORT", "CHATCTL_YES", "PATH"]);
    assert_eq!(deploy.status.code(), Some(1), "{}", text(&deploy.stderr));
    assert!(text(&deploy.stderr).contains("is not installed"), "{}", text(&deploy.stderr));
}

#[test]
fn scripts_get_a_wrong_command_line_as_json_too() {
    let here = project("");
    let wrong = |arguments: &[&str], variable: &str| {
        let output =
            command(here.path(), arguments).env("CHATCTL_OUTPUT", variable).output().unwrap();
        let error: Value = serde_json::from_slice(&output.stderr)
            .unwrap_or_else(|_| panic!("{arguments:?}: {}", text(&output.stderr)));
        assert_eq!((output.status.code(), &error["error"]["exitCode"]), (Some(2), &2.into()));
        error["error"].clone()
    };
    let unknown = wrong(&["depoly", "--output", "json"], "");
    assert_eq!(unknown["code"], "usage");
    assert!(unknown["message"].as_str().unwrap().contains("'depoly'"), "{unknown}");
    assert!(unknown["hints"][0].as_str().unwrap().contains("'deploy'"), "{unknown}");
    wrong(&["deploy", "--port", "many", "--output=ndjson"], "");
    wrong(&[], "json");
    let help = command(here.path(), &["--help"]).env("CHATCTL_OUTPUT", "json").output().unwrap();
    assert!(help.status.success() && text(&help.stdout).contains("Usage:"));
}

#[test]
fn a_configuration_that_is_named_is_to_be_there() {
    let here = project("");
    let mut status = command(here.path(), &["status", "--config", "missing.yaml"]);
    let output = status.env("CHATCTL_STATE_DIR", here.path().join("state")).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("missing.yaml"), "{}", text(&output.stderr));
}

#[test]
fn a_file_in_the_place_of_the_state_is_told_as_one() {
    let here = project("");
    let file = here.path().join("file");
    fs::write(&file, "").unwrap();
    let mut deploy = command(here.path(), &["deploy", "--port", "0"]);
    let output = deploy.env("CHATCTL_STATE_DIR", &file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("file is a file"), "{}", text(&output.stderr));
}

#[test]
fn doctor_asks_for_the_port_that_deploy_would_take() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let here = project(&format!("stages:\n  local:\n    port: {port}\n"));
    let doctor = |port: &str| {
        let mut doctor = command(here.path(), &["doctor", "--output", "json"]);
        let output = doctor.env("CHATCTL_PORT", port).output().unwrap();
        let checks: Value = serde_json::from_slice(&output.stdout).unwrap();
        let check = checks.as_array().unwrap().iter().find(|check| check["name"] == "port");
        check.unwrap().clone()
    };
    assert_eq!(doctor("")["ok"], false);
    assert_eq!(doctor("0")["ok"], true);
    assert!(doctor("many")["found"].as_str().unwrap().contains("`many` is no port"));
}

#[test]
fn both_shipped_configurations_are_valid_and_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap();
    let parsed = |file: &str| read(file).parse::<chatctl::config::Config>().unwrap();
    assert_eq!(parsed("chatctl.yaml"), parsed("templates/chatctl.yaml"));
}

#[test]
fn every_shell_gets_a_script() {
    let here = project("");
    for shell in ["bash", "zsh", "fish"] {
        let output = run(here.path(), &["completions", shell]);
        assert!(text(&output.stdout).contains("teardown"), "{shell}");
    }
}
