//! What a machine or a state folder can have wrong with it: the host copes, and no advice costs data
//! that could be kept.

#[path = "support/project.rs"]
mod project;
#[path = "support/rooms.rs"]
mod rooms;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use project::{Project, text};
use rustix::process::{Pid, Signal, kill_process};

/// Deploys as from a shell with these limits.
fn deploy_under(project: &Project, limits: &str) -> Output {
    let deploy = project.command(&["deploy"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{limits}; exec \"$@\""), "sh"]);
    shell.arg(deploy.get_program()).args(deploy.get_args());
    shell.current_dir(deploy.get_current_dir().unwrap()).env_clear();
    shell.envs(deploy.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.output().unwrap()
}

fn address(project: &Project) -> String {
    let outputs = project.json(&["outputs"]);
    outputs["awsEndpointUrl"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned()
}

/// The status with which a handshake is answered.
fn handshake(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = "GET /local?userId=Alice HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\
                   Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    text(&status)
}

#[test]
fn the_host_takes_as_many_files_as_it_may_whatever_its_shell_has() {
    let project = Project::new();
    let deployed = deploy_under(&project, "ulimit -Sn 100");
    assert!(deployed.status.success(), "{}", text(&deployed.stderr));
    let pid = project.json(&["status"])["host"]["pid"].to_string();
    if let Ok(limits) = fs::read_to_string(format!("/proc/{pid}/limits")) {
        let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
        let fields: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(fields[3], fields[4], "soft and hard are the same: {line}");
    }
}

#[test]
fn where_files_run_out_connections_are_refused_and_everything_else_goes_on() {
    let project = Project::new();
    let deployed = deploy_under(&project, "ulimit -n 100");
    assert!(deployed.status.success(), "{}", text(&deployed.stderr));
    let address = address(&project);
    // The project's function does not start, so a handshake that is let through fails there.
    assert_eq!(handshake(&address), "HTTP/1.1 502");
    let held: Vec<TcpStream> = (0..65).map(|_| TcpStream::connect(&address).unwrap()).collect();
    assert_eq!(handshake(&address), "HTTP/1.1 503");
    assert_eq!(project.json(&["status"])["state"], "running");
    assert_eq!(project.deploy(), false);
    drop(held);
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert_eq!(handshake(&address), "HTTP/1.1 502");
}

/// What cannot be looked into may well be there.
#[test]
fn a_teardown_that_cannot_look_does_not_say_that_nothing_is_there() {
    let project = Project::new();
    let circle = project.path("circle");
    std::os::unix::fs::symlink(&circle, &circle).unwrap();
    for arguments in [&["teardown", "--yes"][..], &["teardown", "--dry-run"]] {
        let output = project.command(arguments).env("CHATCTL_STATE_DIR", &circle).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("error[state-unusable]"), "{said}");
    }
}

/// The rows of the table of rooms, as the operator reads them.
fn rooms(project: &Project) -> usize {
    project.json(&["scan", "ChatRooms"]).as_array().unwrap().len()
}

/// Ends the host as a power cut would end it.
fn kill_host(project: &Project) {
    let pid = project.json(&["status"])["host"]["pid"].as_i64().unwrap();
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

fn deploys(project: &Project) -> String {
    let deployed = project.run(&["deploy"]);
    let said = text(&deployed.stderr);
    assert!(deployed.status.success(), "{said}");
    said
}

#[test]
fn a_damaged_record_of_the_host_is_written_anew() {
    let project = Project::new();
    project.deploy();
    rooms::put(&project, 1);
    let record = project.path(".chatctl/local/host.json");
    for damage in [&b"{\"pid\": "[..], &[0xff, 0xfe]] {
        fs::write(&record, damage).unwrap();
        let status = project.run(&["status"]);
        assert!(status.status.success(), "{}", text(&status.stderr));
        for arguments in [&["outputs"][..], &["logs"], &["scan"]] {
            let (code, said) = project.fails(arguments);
            assert_eq!(code, 1, "{said}");
            assert!(said.contains("`chatctl deploy` replaces it"), "{said}");
            assert!(!said.contains("teardown"), "{said}");
        }
        deploys(&project);
        assert_eq!(rooms(&project), 1);
    }
}

#[test]
fn a_damaged_record_of_the_deployment_is_written_anew() {
    let project = Project::new();
    project.deploy();
    rooms::put(&project, 1);
    kill_host(&project);
    fs::write(project.path(".chatctl/local/deployment.json"), "{\"project\": ").unwrap();
    let status = project.run(&["status"]);
    assert!(status.status.success(), "{}", text(&status.stderr));
    let said = deploys(&project);
    assert!(said.contains("deployment.json is damaged"), "{said}");
    assert_eq!(rooms(&project), 1);
    assert_eq!(project.deploy(), false);
}

#[test]
fn damaged_logs_are_moved_aside_and_cost_nothing_else() {
    let project = Project::new();
    project.deploy();
    rooms::put(&project, 1);
    kill_host(&project);
    let logs = project.path(".chatctl/local/logs.db");
    for journal in ["db-wal", "db-shm"] {
        let _ = fs::remove_file(logs.with_extension(journal));
    }
    fs::write(&logs, "this is no database".repeat(1000)).unwrap();
    let said = deploys(&project);
    assert!(said.contains("logs.db.damaged"), "{said}");
    assert!(logs.with_extension("db.damaged").is_file());
    assert_eq!(rooms(&project), 1);
    assert!(project.run(&["logs"]).status.success());
}

#[test]
fn damaged_tables_are_left_alone_and_no_advice_hides_what_it_costs() {
    let project = Project::new();
    let state = project.path(".chatctl/local");
    fs::create_dir_all(&state).unwrap();
    fs::write(state.join("deploy.lock"), "").unwrap();
    let damage = "this is no database".repeat(1000);
    fs::write(state.join("tables.db"), &damage).unwrap();
    let (code, said) = project.fails(&["deploy"]);
    assert_eq!(code, 1);
    assert!(said.contains("tables.db: it is no database"), "{said}");
    assert!(said.contains("restore it from a backup"), "{said}");
    assert!(said.contains("teardown --yes` removes it, with every room and message"), "{said}");
    assert!(!said.contains("panicked") && !said.contains("encrypt"), "{said}");
    assert_eq!(fs::read_to_string(state.join("tables.db")).unwrap(), damage);
    project.json(&["teardown", "--yes"]);
    assert_eq!(project.deploy(), true);
}

#[test]
fn a_damaged_program_is_built_again() {
    let project = Project::new();
    project.deploy();
    let code = project.json(&["status"])["codeSha256"].as_str().unwrap().to_owned();
    let program = project.path(".chatctl/local/functions").join(code).join("bootstrap");
    let whole = fs::read(&program).unwrap();
    fs::write(&program, "garbage").unwrap();
    project.deploy();
    assert_eq!(fs::read(&program).unwrap(), whole);
}

#[test]
fn kept_tables_are_told_of() {
    let project = Project::new();
    project.deploy();
    rooms::put(&project, 1);
    let removed = project.json(&["teardown", "--keep-data", "--yes"]);
    let kept = removed["kept"].to_string();
    assert!(kept.contains("tables.db") && kept.contains("parameters.json"), "{removed}");
    let again = project.run(&["teardown", "--keep-data", "--yes"]);
    assert!(text(&again.stderr).contains("only its tables are there"), "{}", text(&again.stderr));
    let status = text(&project.run(&["status"]).stdout);
    assert!(status.contains("not deployed; its tables are kept"), "{status}");
    let said = deploys(&project);
    assert!(said.contains("table ChatRooms  (with the rows that were kept"), "{said}");
    assert_eq!(rooms(&project), 1);
}

#[test]
fn a_name_that_means_nothing_is_refused() {
    let project = Project::new();
    project.deploy();
    let cases: [(&[&str], i32, &str); 5] = [
        (&["deploy", "--allow-data-loss", "Nonsense"], 2, "ChatRooms"),
        (&["faults", "set", "--crash-function", "Nonsense"], 2, "SendMessageHandler"),
        (&["faults", "set", "--crash-function", "c"], 2, "several functions"),
        (&["logs", "--filter", "{ $.a = "], 2, "such as: --filter"),
        (&["scan", "ChatRooms", "--fields", ""], 2, "--fields"),
    ];
    for (arguments, code, said) in cases {
        let (found, stderr) = project.fails(arguments);
        assert_eq!(found, code, "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
    let crash = project.json(&["faults", "set", "--crash-function", "send"]);
    assert_eq!(crash["crashFunction"], "SendMessageHandler");
}

#[test]
fn a_terminal_that_closes_interrupts() {
    let project = Project::new();
    project.write("slow", "");
    let mut child = project.command(&["deploy"]).stderr(Stdio::piped()).spawn().unwrap();
    let lock = project.path(".chatctl/local/deploy.lock");
    let deadline = Instant::now() + Duration::from_secs(10);
    while !fs::read_to_string(&lock).is_ok_and(|pid| pid == child.id().to_string()) {
        assert!(Instant::now() < deadline, "the deployment does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    // The signal must find the handler installed, which happens before the first await.
    std::thread::sleep(Duration::from_millis(100));
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::HUP).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_secret_that_cannot_be_written_is_left_nowhere() {
    let project = Project::new();
    project.deploy();
    fs::create_dir(project.path("folder")).unwrap();
    let (code, _) = project.fails(&["outputs", "--env-file", "folder"]);
    assert_eq!(code, 1);
    let names = fs::read_dir(project.path("")).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    let strange = |name: &&std::ffi::OsString| name.to_string_lossy().contains(".new");
    assert!(!names.iter().any(|name| strange(&name)), "{names:?}");
}
