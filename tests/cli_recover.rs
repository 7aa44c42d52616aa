//! Every state in which a stack is stuck, its way out, and what is said of a failure. AWS is scripted
//! here (`support/scripted_aws.rs`): these states cannot be had from an emulator at will.

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
use scripted_aws::{STACK_TYPE, ScriptedAws};
use stuck::Stuck;

#[test]
fn every_state_has_its_way_out_and_a_look_changes_nothing() {
    for (status, way) in [
        ("CREATE_COMPLETE", "nothing is stuck"),
        ("UPDATE_ROLLBACK_COMPLETE", "nothing is stuck"),
        ("REVIEW_IN_PROGRESS", "drop the plan"),
        ("ROLLBACK_COMPLETE", "never made"),
        ("ROLLBACK_FAILED", "never made"),
        ("CREATE_FAILED", "roll the stack back"),
        ("UPDATE_FAILED", "roll the stack back"),
        ("UPDATE_ROLLBACK_FAILED", "go on with the rollback"),
        ("DELETE_FAILED", "delete the stack again"),
    ] {
        let stuck = Stuck::in_status(status);
        let (code, said) = stuck.ends(&["recover", "--dry-run"]);
        assert_eq!(code, 0, "{status}: {said}");
        assert!(said.contains(way) && said.contains(status), "{status}: {said}");
        for action in ["DeleteStack", "RollbackStack", "ContinueUpdateRollback"] {
            assert!(stuck.aws.asked(action).is_empty(), "{status}: {action}");
        }
    }
}

#[test]
fn a_busy_stack_is_exit_code_8() {
    for status in
        ["UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"]
    {
        let (code, said) = Stuck::in_status(status).ends(&["recover", "--yes"]);
        assert_eq!(code, 8, "{status}: {said}");
        assert!(said.contains("chatctl -s prod attach"), "{said}");
    }
}

#[test]
fn a_stack_that_never_was_is_deleted() {
    let stuck = Stuck::in_status("ROLLBACK_COMPLETE");
    stuck.aws.events(&[("test-prod", STACK_TYPE, "DELETE_COMPLETE", "")]);
    let (code, said) = stuck.ends(&["recover", "--yes"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(stuck.aws.asked("DeleteStack").len(), 1);
}

#[test]
fn a_rollback_that_is_blocked_names_what_to_skip() {
    let stuck = Stuck::in_status("UPDATE_ROLLBACK_FAILED");
    stuck.aws.events(&[
        (
            "test-prod",
            STACK_TYPE,
            "UPDATE_ROLLBACK_FAILED",
            "The following resource(s) failed to update: [Rooms].",
        ),
        ("Rooms", "AWS::DynamoDB::Table", "UPDATE_FAILED", "Table is being updated"),
        ("test-prod", STACK_TYPE, "UPDATE_ROLLBACK_IN_PROGRESS", ""),
    ]);
    stuck.aws.answers(
        "ListStackResources",
        "<StackResourceSummaries><member><LogicalResourceId>Rooms</LogicalResourceId>\
         <ResourceType>AWS::DynamoDB::Table</ResourceType><ResourceStatus>UPDATE_FAILED</ResourceStatus>\
         <LastUpdatedTimestamp>2026-11-21T12:00:00Z</LastUpdatedTimestamp></member></StackResourceSummaries>",
    );
    let (code, said) = stuck.ends(&["recover", "--yes"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("chatctl -s prod recover --skip Rooms"), "{said}");
    stuck.ends(&["recover", "--yes", "--skip", "Rooms"]);
    let asked = stuck.aws.asked("ContinueUpdateRollback");
    assert!(
        !asked[0].contains("ResourcesToSkip")
            && asked[1].contains("ResourcesToSkip.member.1=Rooms"),
        "{asked:?}"
    );
}

#[test]
fn a_throttled_look_does_not_fail_what_goes_well() {
    let stuck = Stuck::in_status("UPDATE_IN_PROGRESS");
    stuck.aws.refuses("DescribeStackEvents", 400, "Throttling", "Rate exceeded");
    stuck.aws.events(&[
        ("test-prod", STACK_TYPE, "UPDATE_COMPLETE", ""),
        ("test-prod", STACK_TYPE, "UPDATE_IN_PROGRESS", ""),
    ]);
    let (code, said) = stuck.ends(&["attach"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn the_first_failure_is_told_and_its_cascade_is_not() {
    let stuck = Stuck::in_status("UPDATE_IN_PROGRESS");
    stuck.aws.events(&[
        ("test-prod", STACK_TYPE, "UPDATE_ROLLBACK_COMPLETE", ""),
        (
            "test-prod",
            STACK_TYPE,
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "The following resource(s) failed",
        ),
        ("Other", "AWS::Lambda::Function", "UPDATE_FAILED", "Resource update cancelled"),
        (
            "Role",
            "AWS::IAM::Role",
            "CREATE_FAILED",
            "User: arn is not authorized to perform: iam:CreateRole on resource: x",
        ),
        ("test-prod", STACK_TYPE, "UPDATE_IN_PROGRESS", "User Initiated"),
    ]);
    let (code, said) = stuck.ends(&["attach"]);
    assert_eq!(code, 7, "{said}");
    assert!(said.contains("`iam:CreateRole`") && !said.contains("Other"), "{said}");
}

#[test]
fn credentials_that_expire_meanwhile_detach() {
    let stuck = Stuck::in_status("UPDATE_IN_PROGRESS");
    stuck.aws.refuses(
        "DescribeStackEvents",
        403,
        "ExpiredToken",
        "The security token included in the request is expired",
    );
    let (code, said) = stuck.ends(&["attach"]);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("goes on") && said.contains("chatctl -s prod attach"), "{said}");
}

#[test]
fn credentials_that_were_renewed_in_a_file_meanwhile_go_on_to_the_end() {
    let stuck = Stuck::in_status("UPDATE_IN_PROGRESS");
    let keys = |id: &str| {
        let file = format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = secret\n");
        stuck.project.write(".aws/credentials", &file);
    };
    keys("AKIAOLD");
    let begun = ("test-prod", STACK_TYPE, "UPDATE_IN_PROGRESS", "");
    stuck.aws.events(&[begun]);
    let mut attach = stuck.command(&["attach"]);
    attach.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let attach = attach.stderr(Stdio::piped()).spawn().unwrap();
    while stuck.aws.asked("DescribeStackEvents").is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    keys("AKIANEW");
    let expired = "The security token included in the request is expired";
    stuck.aws.refuses("DescribeStackEvents", 403, "ExpiredToken", expired);
    stuck.aws.events(&[("test-prod", STACK_TYPE, "UPDATE_COMPLETE", ""), begun]);
    let ended = attach.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    let signed = stuck.aws.signed("DescribeStackEvents");
    assert_eq!((signed[0].as_str(), signed.last().unwrap().as_str()), ("AKIAOLD", "AKIANEW"));
    // What comes after the operation is asked with the new ones as well.
    assert_eq!(stuck.aws.signed("DescribeStacks").last().unwrap(), "AKIANEW");
}

#[test]
fn somebody_elses_stack_is_left_alone() {
    let stuck = Stuck::in_status("CREATE_COMPLETE");
    let aws = ScriptedAws::start();
    aws.answers(
        "DescribeStacks",
        "<Stacks><member><StackId>arn:aws:cloudformation:us-east-1:1:stack/test-prod/x</StackId>\
         <StackName>test-prod</StackName><CreationTime>2026-11-21T12:00:00Z</CreationTime>\
         <StackStatus>ROLLBACK_COMPLETE</StackStatus></member></Stacks>",
    );
    let config = format!(
        "project: test\nstages:\n  prod:\n    region: us-east-1\n    endpoints:\n      aws: http://127.0.0.1:{}\n",
        aws.port()
    );
    stuck.project.write("chatctl.yaml", &config);
    let (code, said) = stuck.ends(&["recover", "--yes"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("is not this stage's"), "{said}");
    assert!(aws.asked("DeleteStack").is_empty());
}
