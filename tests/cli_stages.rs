//! Stages on AWS as the command line finds them: what is written where, what comes first, and what
//! is said to somebody who has no way in. Nothing here is answered by a cloud.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const STAGES: &str = "project: chat\nstages:\n  prod:\n    region: eu-west-1\n    profile: work\n  \
                      bare: {}\n  pr-*:\n    region: eu-north-1\n";

/// A folder with a `chatctl.yaml` and a home with AWS's files.
fn project(config: &str, aws: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("chatctl.yaml"), config).unwrap();
    fs::create_dir(folder.path().join(".aws")).unwrap();
    fs::write(folder.path().join(".aws/config"), aws).unwrap();
    folder
}

fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatctl"));
    command.args(arguments).current_dir(home).env_clear().stdin(Stdio::null());
    command
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// Arguments, variables, and the region that they lead to.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);

/// The checks of `doctor`, by name.
fn doctor(mut command: Command) -> Value {
    let output = command.args(["doctor", "--output", "json"]).output().unwrap();
    let checks: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    });
    checks.into_iter().map(|check| (check["name"].as_str().unwrap().to_owned(), check)).collect()
}

#[test]
fn an_unknown_stage_is_refused_with_the_one_that_was_meant() {
    let here = project(STAGES, "");
    let output = command(here.path(), &["doctor", "-s", "prdo"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("there is no stage `prdo`"), "{said}");
    assert!(said.contains("did you mean `prod`?"), "{said}");
}

#[test]
fn a_region_is_taken_from_where_it_is_named_and_never_guessed() {
    let files = "[default]\nregion = eu-central-1\n[profile work]\nregion = ap-south-1\n\
                 [profile mute]\n";
    let here = project(STAGES, files);
    let region = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = command(here.path(), arguments);
        command.envs(variables.iter().copied());
        doctor(command)["region"]["found"].as_str().map(str::to_owned)
    };
    let environment = ("AWS_REGION", "us-west-2");
    let older = ("AWS_DEFAULT_REGION", "us-west-1");
    let ours = ("CHATCTL_REGION", "sa-east-1");
    let cases: [Case; 8] = [
        (&["-s", "prod", "--region", "ca-west-1"], &[ours, environment], "ca-west-1"),
        (&["-s", "prod"], &[ours, environment], "sa-east-1"),
        (&["-s", "prod"], &[environment], "eu-west-1"),
        (&["-s", "pr-17"], &[environment], "eu-north-1"),
        (&["-s", "bare"], &[environment, older], "us-west-2"),
        (&["-s", "bare"], &[older], "us-west-1"),
        (&["-s", "bare", "--profile", "work"], &[], "ap-south-1"),
        (&["-s", "bare"], &[], "eu-central-1"),
    ];
    for (arguments, variables, expected) in cases {
        let found = region(arguments, variables);
        assert_eq!(found.as_deref(), Some(expected), "{arguments:?} {variables:?}");
    }
    let mut lost = command(here.path(), &["-s", "bare", "--profile", "mute"]);
    let output = lost.args(["doctor"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("no region is set, and none is ever guessed"), "{said}");
    assert!(said.contains("--region NAME"), "{said}");
}

#[test]
fn who_has_no_credentials_is_told_how_to_get_them() {
    let files = "[profile work]\nsso_session = corp\nsso_account_id = 123456789012\n\
                 sso_role_name = dev\n[sso-session corp]\nsso_region = eu-west-1\n\
                 sso_start_url = https://corp.awsapps.com/start\n[profile keys]\n\
                 credential_process = /nowhere/tool\n";
    let here = project(STAGES, files);
    let told = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = command(here.path(), arguments);
        command.envs(variables.iter().copied());
        let check = doctor(command)["credentials"].clone();
        assert_eq!(check["ok"], false, "{check}");
        check["mend"].as_str().unwrap().to_owned()
    };
    assert_eq!(told(&["-s", "prod"], &[]), "run: aws sso login --profile work");
    assert!(told(&["-s", "prod", "--profile", "keys"], &[]).contains("/nowhere/tool"));
    assert!(told(&["-s", "prod"], &[("CHATCTL_PROFILE", "")]).contains("aws configure sso"));
}

/// On an instance whose metadata service is away, where nothing but the stage names a region.
#[test]
fn who_has_neither_credentials_nor_a_region_of_their_own_is_told_too() {
    let here = project("project: chat\nstages:\n  prod:\n    region: eu-west-1\n", "");
    let mut command = command(here.path(), &["-s", "prod"]);
    command.env_remove("AWS_EC2_METADATA_DISABLED");
    command.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9");
    let check = doctor(command)["credentials"].clone();
    assert_eq!(check["ok"], false, "{check}");
    assert!(check["mend"].as_str().unwrap().contains("aws configure sso"), "{check}");
}

#[test]
fn a_profile_that_is_not_there_is_told_with_those_that_are() {
    let here = project(STAGES, "[profile wrok]\nregion = eu-west-1\n");
    let check = doctor(command(here.path(), &["-s", "prod"]))["stage"].clone();
    assert_eq!(check["found"], "there is no AWS profile `work`; there are wrok");
    assert_eq!(check["mend"], "did you mean `wrok`?");
}

/// An address at which every request is answered as AWS answers expired keys.
fn expired() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let body = "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The \
                security token included in the request is expired</Message></Error>\
                <RequestId>6c5e-11</RequestId></ErrorResponse>";
    let answer = format!(
        "HTTP/1.1 403 Forbidden\r\ncontent-type: text/xml\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 8192]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn keys_that_have_expired_are_told_with_where_they_come_from() {
    let here = project(STAGES, "");
    let mut command = command(here.path(), &["-s", "bare", "--region", "eu-west-1"]);
    command.envs([("AWS_ACCESS_KEY_ID", "ASIA"), ("AWS_SECRET_ACCESS_KEY", "secret")]);
    command.env("AWS_ENDPOINT_URL", expired());
    let checks = doctor(command);
    let check = &checks["credentials"];
    assert!(check["found"].as_str().unwrap().contains("is expired (ExpiredToken)"), "{check}");
    assert!(check["mend"].as_str().unwrap().contains("AWS_ACCESS_KEY_ID"), "{check}");
    assert!(checks["endpoint"]["found"].as_str().unwrap().starts_with("http://127"), "{checks}");
}
