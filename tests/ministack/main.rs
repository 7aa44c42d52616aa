//! A stage on AWS, deployed and torn down through MiniStack: an independent implementation of AWS's
//! services as a real process, with permissions enforced. Only the build tools are small scripts.
//!
//! What MiniStack cannot show: AWS refuses to delete a bucket that is not empty, validates change
//! sets early, and takes minutes; MiniStack does none of that.

#[path = "../support/built_in.rs"]
mod built_in;
#[path = "../support/ministack.rs"]
mod ministack;
#[allow(dead_code, reason = "what other tests use")]
#[path = "../support/project.rs"]
mod project;

mod interrupted;
mod life;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
use ministack::MiniStack;
use project::{Project, text};
use serde_json::Value;

/// A project with the stage `prod` on a server of its own.
struct Aws {
    server: MiniStack,
    project: Project,
}

impl Aws {
    fn new() -> Self {
        let (server, project) = (MiniStack::start(), Project::new());
        let port = server.port();
        // Two stages, the name of one of which the other's begins with.
        let stage = |name: &str| {
            format!(
                "  {name}:\n    region: us-east-1\n    architecture: x86_64\n    protected: false\n    \
                 endpoints:\n      aws: http://127.0.0.1:{port}\n      \
                 connections: http://127.0.0.1:{port}/_aws/execute-api/{{api}}/{name}\n      \
                 webSocket: ws://127.0.0.1:{port}/_aws/execute-api/{{api}}/{name}\n"
            )
        };
        let config = format!("project: test\nstages:\n{}{}", stage("prod"), stage("prod-eu"));
        project.write("chatctl.yaml", &config);
        let cargo = r#"#!/bin/sh
[ "$1" = --version ] && exec echo cargo 1.95.0
cp /bin/true "$PWD/bootstrap" && cat "$PWD/functions/code" >> "$PWD/bootstrap"
echo '{"reason":"compiler-artifact","target":{"name":"bootstrap"},"executable":"'"$PWD"'/bootstrap"}'
"#;
        project.write("bin/cargo", cargo);
        let program = project.path("bin/cargo");
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { server, project }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.command_on("prod", arguments)
    }

    fn command_on(&self, stage: &str, arguments: &[&str]) -> Command {
        let mut command = self.project.command(&[&["-s", stage], arguments].concat());
        command.envs(self.server.environment()).env("HOME", self.project.path(""));
        command.env_remove("AWS_ENDPOINT_URL");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The last line of a command that succeeds, as JSON.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--output", "json"]].concat());
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"))
    }

    fn deploy(&self) -> Value {
        self.json(&["deploy", "--yes"])["changed"].clone()
    }

    /// The exit code and what was said of it.
    fn fails(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        (output.status.code().unwrap(), text(&output.stderr))
    }

    fn s3(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(self.server.endpoint())
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .force_path_style(true)
            .build();
        Client::from_conf(config)
    }

    /// Makes a bucket beside the stage.
    fn make_bucket(&self, name: &str) {
        answer(self.s3().create_bucket().bucket(name).send()).unwrap();
    }

    /// Puts a row that is nothing but its key into a table.
    fn put(&self, table: &str, key: &str, value: &str) {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_dynamodb::config::Region::new("us-east-1"))
            .endpoint_url(self.server.endpoint())
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let tables = aws_sdk_dynamodb::Client::from_conf(config);
        let value = aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        answer(tables.put_item().table_name(table).item(key, value).send()).unwrap();
    }

    /// What is there of the stage, asked of every service.
    fn inventory(&self) -> Value {
        self.json(&["teardown", "--dry-run"])["wouldRemove"].clone()
    }
}

fn answer<T>(asked: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(asked)
}
