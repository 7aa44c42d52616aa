//! A stage whose stack is in a status of the test's choosing, as a scripted AWS tells it.

use std::process::Command;

use crate::project::{Project, text};
use crate::scripted_aws::ScriptedAws;

/// A project with the stage `prod` on a server of its own.
pub struct Stuck {
    pub aws: ScriptedAws,
    pub project: Project,
}

impl Stuck {
    pub fn in_status(status: &str) -> Self {
        let (aws, project) = (ScriptedAws::start(), Project::new());
        let config = format!(
            "project: test\nstages:\n  prod:\n    region: us-east-1\n    endpoints:\n      aws: http://127.0.0.1:{}\n",
            aws.port()
        );
        project.write("chatctl.yaml", &config);
        aws.stack(status, "why it is so");
        Self { aws, project }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.project.command(&[&["-s", "prod"], arguments].concat());
        command.env("HOME", self.project.path("")).env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("AWS_ACCESS_KEY_ID", "AKIA").env("AWS_SECRET_ACCESS_KEY", "secret");
        command
    }

    /// The exit code and what was said.
    pub fn ends(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.command(arguments).output().unwrap();
        (output.status.code().unwrap(), text(&output.stderr))
    }
}
