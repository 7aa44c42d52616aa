//! A project with a stage on MiniStack.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::aws_cli::aws;
use crate::support::ministack::MiniStack;

/// A project with a stage on a server of its own. The functions are the real ones.
pub struct Trial {
    pub folder: tempfile::TempDir,
    pub server: MiniStack,
}

impl Trial {
    pub fn new() -> Self {
        let (folder, server) = (tempfile::tempdir().unwrap(), MiniStack::start());
        let (endpoint, port) = (server.endpoint(), server.port());
        let config = format!(
            "project: trial\nstages:\n  try:\n    region: us-east-1\n    architecture: x86_64\n    protected: false\n    \
             endpoints:\n      aws: {endpoint}\n      \
             webSocket: ws://127.0.0.1:{port}/_aws/execute-api/{{api}}/try\n      \
             connections: {endpoint}/_aws/execute-api/{{api}}/try\n"
        );
        fs::write(folder.path().join("chatctl.yaml"), config).unwrap();
        // The project has no sources of its own: its cargo builds those of the repository, as the
        // stage `local` has them built, so that what is built already serves.
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).display();
        let build = "build --release -p chatctl-functions --message-format json-render-diagnostics";
        let script = format!(
            "#!/bin/sh\ncd '{root}' && exec env -u CARGO_ENCODED_RUSTFLAGS '{}' {build}\n",
            env!("CARGO")
        );
        let tool = folder.path().join("bin/cargo");
        fs::create_dir_all(tool.parent().unwrap()).unwrap();
        fs::write(&tool, script).unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder, server }
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatctl"));
        command.args(["-s", "try"]).args(arguments).current_dir(self.folder.path()).env_clear();
        for kept in [
            "HOME",
            "CARGO_HOME",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
            "RUSTUP_AUTO_INSTALL",
            "CARGO_TARGET_DIR",
            "TMPDIR",
        ] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.folder.path().join("bin").display()));
        command.envs(self.server.environment()).stdin(Stdio::null()).output().unwrap()
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--output", "json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}\n{}", self.server.log());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub fn aws(&self, arguments: &[&str]) -> Value {
        aws(&self.server.environment(), arguments)
    }
}
