//! A deployment's life with the real program, the real host and a real database. Only the two build
//! tools are small scripts, so that a stage is up within a second.

#[path = "support/project.rs"]
mod project;
#[path = "support/rooms.rs"]
mod rooms;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use project::{MANIFEST, Project, text};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

#[test]
fn a_stage_comes_up_stays_and_goes() {
    let project = Project::new();
    assert_eq!(project.deploy(), true);
    assert_eq!(project.deploy(), false, "a second deployment changes nothing");
    assert_eq!(fs::read_to_string(project.path("builds")).unwrap().lines().count(), 1);
    let outputs = project.json(&["outputs"]);
    for key in [
        "stage",
        "region",
        "siteUrl",
        "webSocketUrl",
        "httpApiUrl",
        "awsEndpointUrl",
        "accessKeyId",
        "secretAccessKey",
    ] {
        assert!(outputs[key].is_string(), "{key}: {outputs}");
    }
    assert!(
        !text(&project.run(&["outputs"]).stdout)
            .contains(outputs["secretAccessKey"].as_str().unwrap())
    );
    assert!(page(&project, "/").ends_with("first page"));
    let config = page(&project, "/config.json");
    assert!(config.contains(outputs["webSocketUrl"].as_str().unwrap()), "{config}");
    let status = project.json(&["status"]);
    assert_eq!((&status["state"], &status["tables"][0]["items"]), (&"running".into(), &0.into()));
    let pid = host_pid(&project);
    assert_eq!(project.json(&["teardown", "--yes"])["left"], serde_json::json!([]));
    assert!(!is_alive(pid));
    assert!(!project.path(".chatctl").exists());
}

#[test]
fn the_web_app_is_published_alone() {
    let project = Project::new();
    let (code, said) = project.fails(&["frontend", "publish"]);
    assert!(code == 1 && said.contains("`chatctl deploy` starts it"), "{code}: {said}");
    project.deploy();
    assert_eq!(project.json(&["frontend", "publish"])["changed"], false);
    project.write("frontend/src/page", "second page");
    project.write("functions/code", "second code");
    assert_eq!(project.json(&["frontend", "publish"])["changed"], true);
    assert!(page(&project, "/").ends_with("second page"));
    assert_eq!(project.json(&["frontend", "publish"])["changed"], false);
    assert_eq!(project.deploy(), true, "the functions are still to come");
}

#[test]
fn only_what_changed_is_changed() {
    let project = Project::new();
    project.deploy();
    let pid = host_pid(&project);
    let stale = asset(&project);
    assert!(page(&project, &format!("/{stale}")).contains("immutable"), "{stale}");
    project.write("frontend/src/page", "second page");
    assert_eq!(project.deploy(), true);
    assert!(page(&project, "/").ends_with("second page"));
    assert!(!page(&project, &format!("/{stale}")).contains("immutable"), "{stale} is gone");
    project.write("functions/code", "second code");
    let plan = text(&project.run(&["deploy"]).stderr);
    let all = format!("~ {} functions  (code)", MANIFEST.matches("Handler:\n").count());
    assert!(plan.contains(&all) && !plan.contains("table Chat"), "{plan}");
    assert_eq!(host_pid(&project), pid, "the host stayed");
}

/// The one hashed file of the site.
fn asset(project: &Project) -> String {
    let record = fs::read_to_string(project.path(".chatctl/local/site.json")).unwrap();
    let record: Value = serde_json::from_str(&record).unwrap();
    let files = record["files"].as_object().unwrap();
    files.keys().find(|key| key.starts_with("assets/")).unwrap().clone()
}

#[test]
fn losing_rows_needs_the_tables_name() {
    let project = Project::new();
    project.deploy();
    project.write("templates/stack.yaml", &MANIFEST.replace("sort: messageId", "sort: sentAt"));
    let (code, stderr) = project.fails(&["deploy", "--yes"]);
    assert_eq!(code, 4, "{stderr}");
    assert!(stderr.contains("--allow-data-loss ChatMessages"), "{stderr}");
    let deployed = fs::read_to_string(project.path(".chatctl/local/deployment.json")).unwrap();
    assert!(deployed.contains("sort: messageId"), "nothing was changed");
    let allowed = project.run(&["deploy", "--allow-data-loss", "ChatMessages"]);
    assert!(allowed.status.success(), "{}", text(&allowed.stderr));
    assert_eq!(project.deploy(), false);
}

#[test]
fn a_host_that_was_killed_is_replaced_and_its_rows_are_there() {
    let project = Project::new();
    project.deploy();
    rooms::put(&project, 1);
    kill_process(host_pid(&project), Signal::KILL).unwrap();
    assert_eq!(project.json(&["status"])["state"], "stopped");
    assert_eq!(project.deploy(), true);
    assert_eq!(project.json(&["scan", "ChatRooms"]).as_array().unwrap().len(), 1);
}

#[test]
fn the_host_holds_nothing_that_its_starter_was_handed() {
    let project = Project::new();
    let deploy = project.command(&["deploy"]);
    // Descriptor 3 is this test's pipe, as a lock or a test runner's would be.
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", "exec 3>&1; \"$@\" >/dev/null 2>&1", "sh"])
        .arg(deploy.get_program())
        .arg("deploy");
    shell
        .current_dir(deploy.get_current_dir().unwrap())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    shell.envs(deploy.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = shell.spawn().unwrap();
    let mut pipe = child.stdout.take().unwrap();
    let (ended, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || ended.send(pipe.read_to_end(&mut Vec::new())));
    let end = end.recv_timeout(Duration::from_secs(10));
    assert!(child.wait().unwrap().success());
    assert!(end.is_ok(), "the pipe is still open though its program has ended");
}

#[test]
fn an_interrupted_deployment_ends_at_once_and_the_next_converges() {
    let project = Project::new();
    project.write("slow", "");
    let mut child =
        project.command(&["deploy"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let lock = project.path(".chatctl/local/deploy.lock");
    let deadline = Instant::now() + Duration::from_secs(10);
    while !fs::read_to_string(&lock).is_ok_and(|pid| pid == child.id().to_string()) {
        assert!(Instant::now() < deadline, "the deployment does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    // The signal must find the handler installed, which happens before the first await.
    std::thread::sleep(Duration::from_millis(100));
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    fs::remove_file(project.path("slow")).unwrap();
    assert_eq!(project.deploy(), true);
}

#[test]
fn a_compilers_error_is_passed_on_and_changes_nothing() {
    let project = Project::new();
    project.write("broken", "");
    let (code, stderr) = project.fails(&["deploy"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("error[E0001]: it does not compile"), "{stderr}");
    assert_eq!(project.json(&["status"])["state"], "notDeployed");
}

#[test]
fn a_host_that_nobody_can_reach_is_ended_and_replaced() {
    let project = Project::new();
    project.deploy();
    let record = project.path(".chatctl/local/host.json");
    let pid = host_pid(&project);
    // As one that a crash left behind: the port is nobody's, yet a host holds the folder.
    fs::write(&record, "{\"pid\": ").unwrap();
    assert_eq!(project.deploy(), true);
    assert!(!is_alive(pid), "the host that nobody could reach is gone");
    assert_ne!(host_pid(&project), pid);
}

#[test]
fn a_table_is_read_with_filters_fields_limits_and_segments() {
    let project = Project::new();
    project.deploy();
    rooms::put(&project, 300);
    let count = |arguments: &[&str]| {
        let output =
            project.run(&[&["scan", "chatrooms", "--output", "ndjson"][..], arguments].concat());
        text(&output.stdout).lines().count()
    };
    assert_eq!(count(&[]), 300);
    assert_eq!(count(&["--segments", "4"]), 300);
    assert_eq!(count(&["--limit", "7"]), 7);
    assert_eq!(count(&["--filter", "begins_with(roomId, r1) and size >= 110"]), 90);
    let csv = text(
        &project
            .run(&[
                "scan",
                "ChatRooms",
                "--filter",
                "roomId = r7",
                "--fields",
                "size,roomId",
                "--output",
                "csv",
            ])
            .stdout,
    );
    assert_eq!(csv, "size,roomId\r\n7,r7\r\n");
    let table = text(&project.run(&["scan", "ChatRooms", "--filter", "size = 3"]).stdout);
    assert_eq!(table, "roomId  entry  size\nr3      ROOM   3\n");
    let all = project.json(&["scan"]);
    let rooms = all.as_array().unwrap().iter().find(|table| table["table"] == "ChatRooms").unwrap();
    assert_eq!(rooms["rows"], 300);
    let (code, stderr) = project.fails(&["scan", "Nothing"]);
    assert_eq!((code, stderr.contains("ChatRooms")), (2, true), "{stderr}");
}

fn host_pid(project: &Project) -> Pid {
    let pid = project.json(&["status"])["host"]["pid"].as_i64().unwrap();
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

fn page(project: &Project, path: &str) -> String {
    let outputs = project.json(&["outputs"]);
    let address =
        outputs["awsEndpointUrl"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn is_alive(pid: Pid) -> bool {
    // One that ended and whom nobody has asked about yet is a zombie, state Z.
    let stat =
        fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}
