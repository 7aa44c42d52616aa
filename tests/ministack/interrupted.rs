//! The program killed at every step: the next run goes on, and nothing is orphaned.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::json;

use super::{Aws, answer};

impl Aws {
    /// Runs a command and kills it after so many of its events. Whether it came that far.
    fn killed_after(&self, arguments: &[&str], events: usize) -> bool {
        let mut command = self.command(&[arguments, &["--output", "ndjson"]].concat());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let read = lines.take(events).count();
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        read == events
    }

    /// Runs a command until it is not refused as busy: CloudFormation works on without the program.
    pub(super) fn eventually(&self, arguments: &[&str]) {
        for _ in 0..100 {
            let (code, said) = self.fails(arguments);
            match code {
                0 => return,
                8 => std::thread::sleep(std::time::Duration::from_millis(100)),
                _ => panic!("{arguments:?}: {code}: {said}"),
            }
        }
        panic!("{arguments:?}: busy for ever");
    }
}

#[test]
fn a_deployment_killed_at_any_step_goes_on() {
    for events in [1, 2, 3, 4, 5, 6, 7, 8, 40, 120, 250] {
        let aws = Aws::new();
        let there = aws.killed_after(&["deploy", "--yes"], events);
        aws.eventually(&["deploy", "--yes"]);
        assert_eq!(aws.deploy(), false, "after {events} events ({there})");
        aws.eventually(&["teardown", "--yes"]);
        assert_eq!(aws.inventory(), json!([]), "after {events} events");
    }
}

#[test]
fn a_teardown_killed_at_any_step_goes_on() {
    let aws = Aws::new();
    for events in [1, 2, 20, 100, 150, 200] {
        aws.eventually(&["deploy", "--yes"]);
        aws.killed_after(&["teardown", "--yes"], events);
        aws.eventually(&["teardown", "--yes"]);
        assert_eq!(aws.inventory(), json!([]), "after {events} events");
    }
}

#[test]
fn an_artifact_bucket_that_was_only_made_is_secured() {
    let aws = Aws::new();
    let bucket = "test-artifacts-000000000000-us-east-1";
    aws.make_bucket(bucket);
    assert_eq!(aws.deploy(), true);
    let versioning = answer(aws.s3().get_bucket_versioning().bucket(bucket).send()).unwrap();
    assert_eq!(versioning.status().map(|status| status.as_str()), Some("Enabled"));
    let block = answer(aws.s3().get_public_access_block().bucket(bucket).send()).unwrap();
    let block = block.public_access_block_configuration().unwrap();
    assert_eq!(block.restrict_public_buckets(), Some(true));
    answer(aws.s3().get_bucket_encryption().bucket(bucket).send()).unwrap();
    answer(aws.s3().get_bucket_lifecycle_configuration().bucket(bucket).send()).unwrap();
}
