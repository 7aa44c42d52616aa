//! What a machine or a state folder can have wrong with it: the host copes, and no advice costs data
//! that could be kept.

#[path = "support/project.rs"]
mod project;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output};

use project::{Project, text};

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
