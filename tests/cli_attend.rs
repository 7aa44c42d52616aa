//! Ctrl-C while CloudFormation works: a person on a terminal chooses what becomes of it, everybody else
//! is told how to follow it again. AWS is scripted, because no emulator takes long enough.

#[allow(dead_code, reason = "what other tests use")]
#[path = "support/project.rs"]
mod project;
#[allow(dead_code, reason = "what other tests use")]
#[path = "support/scripted_aws.rs"]
mod scripted_aws;
#[allow(dead_code, reason = "what other tests use")]
#[path = "support/stuck.rs"]
mod stuck;

use std::process::Stdio;
use std::time::Duration;

use project::text;
use rexpect::process::WaitStatus;
use rexpect::session::{Options, PtySession, spawn_with_options};
use rustix::process::{Pid, Signal, kill_process};
use scripted_aws::STACK_TYPE;
use stuck::Stuck;

/// A person at a terminal who follows an update that does not end.
fn watching() -> (Stuck, PtySession) {
    let stuck = Stuck::in_status("UPDATE_IN_PROGRESS");
    stuck.aws.events(&[("test-prod", STACK_TYPE, "UPDATE_IN_PROGRESS", "User Initiated")]);
    let options = Options::new().timeout_ms(Some(20_000));
    let mut command = stuck.command(&["attach"]);
    command.env("TERM", "xterm").stdin(Stdio::inherit());
    let mut person = spawn_with_options(command, options).unwrap();
    person.exp_string("CloudFormation works on test-prod").unwrap();
    (stuck, person)
}

fn code(person: &mut PtySession) -> i32 {
    match person.process().wait().unwrap() {
        WaitStatus::Exited(_, code) => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_person_may_leave_it_to_itself() {
    let (_stuck, mut person) = watching();
    person.send_control('c').unwrap();
    person.exp_string("[d]etach, [c]ancel, or [w]ait?").unwrap();
    person.send_line("d").unwrap();
    person.exp_string("`chatctl -s prod attach` follows it from any machine").unwrap();
    person.exp_eof().unwrap();
    assert_eq!(code(&mut person), 130);
}

#[test]
fn a_person_may_cancel_it() {
    let (stuck, mut person) = watching();
    person.send_control('c').unwrap();
    person.exp_string("[w]ait?").unwrap();
    person.send_line("c").unwrap();
    person.exp_string("Cancelled; waiting").unwrap();
    assert_eq!(stuck.aws.asked("CancelUpdateStack").len(), 1);
    stuck.aws.events(&[
        ("test-prod", STACK_TYPE, "UPDATE_ROLLBACK_COMPLETE", ""),
        ("test-prod", STACK_TYPE, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated"),
        ("test-prod", STACK_TYPE, "UPDATE_IN_PROGRESS", "User Initiated"),
    ]);
    person.exp_eof().unwrap();
    assert_eq!(code(&mut person), 7);
}

#[test]
fn a_person_may_wait_on_and_it_ends_meanwhile() {
    let (stuck, mut person) = watching();
    person.send_control('c').unwrap();
    person.exp_string("[w]ait?").unwrap();
    person.send_line("").unwrap();
    person.exp_string("Waiting.").unwrap();
    person.send_control('c').unwrap();
    person.exp_string("[w]ait?").unwrap();
    stuck.aws.events(&[
        ("test-prod", STACK_TYPE, "UPDATE_COMPLETE", ""),
        ("test-prod", STACK_TYPE, "UPDATE_IN_PROGRESS", "User Initiated"),
    ]);
    person.exp_string("ended well").unwrap();
    person.exp_eof().unwrap();
    assert_eq!(code(&mut person), 0, "an unanswered question keeps nobody");
}

#[test]
fn a_second_time_ends_the_program_and_not_the_work() {
    let (stuck, mut person) = watching();
    person.send_control('c').unwrap();
    person.exp_string("[w]ait?").unwrap();
    person.send_control('c').unwrap();
    person.exp_string("chatctl -s prod attach").unwrap();
    person.exp_eof().unwrap();
    assert_eq!(code(&mut person), 130);
    assert!(stuck.aws.asked("CancelUpdateStack").is_empty());
}

#[test]
fn nobody_is_asked_without_a_terminal() {
    let stuck = Stuck::in_status("UPDATE_IN_PROGRESS");
    stuck.aws.events(&[("test-prod", STACK_TYPE, "UPDATE_IN_PROGRESS", "User Initiated")]);
    let child = stuck.command(&["attach"]).stderr(Stdio::piped()).spawn().unwrap();
    while stuck.aws.asked("DescribeStackEvents").is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains("chatctl -s prod attach") && !said.contains("[w]ait"), "{said}");
}
