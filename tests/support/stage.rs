//! A stage of a test's own.

use std::path::PathBuf;
use std::process::{Command, Output};

use chatctl::local::control::Client;
use chatctl::local::state::StateDir;
use serde_json::Value;

/// A deployed local stage; torn down when dropped.
pub struct Stage {
    folder: tempfile::TempDir,
    pub outputs: Value,
}

impl Stage {
    /// Deploys on a free port.
    pub fn deploy() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut stage = Self { folder, outputs: Value::Null };
        stage.redeploy();
        stage
    }

    /// Deploys again, as after a crash.
    pub fn redeploy(&mut self) {
        let deployed = self.chatctl(&["deploy", "--yes"]);
        assert!(deployed.status.success(), "{}", String::from_utf8_lossy(&deployed.stderr));
        let outputs = self.chatctl(&["outputs", "--output", "json"]);
        self.outputs = serde_json::from_slice(&outputs.stdout).expect("outputs are JSON");
    }

    /// Runs the program against this stage, nothing of the caller's environment but where tools are.
    pub fn chatctl(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// The command of [`Self::chatctl`], not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatctl"));
        command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env_clear();
        for kept in ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "CARGO_TARGET_DIR", "TMPDIR"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        let port = if self.outputs.is_null() { "0".to_owned() } else { self.port().to_string() };
        command.env("CHATCTL_STATE_DIR", self.state().path()).env("CHATCTL_PORT", port);
        command
    }

    /// The address that clients connect to.
    pub fn web_socket_url(&self) -> String {
        self.outputs["webSocketUrl"].as_str().expect("an address").to_owned()
    }

    fn port(&self) -> u16 {
        let endpoint = self.outputs["awsEndpointUrl"].as_str().expect("an endpoint");
        endpoint.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    /// The state folder.
    pub fn state(&self) -> StateDir {
        StateDir::new(self.folder.path().join("state"))
    }

    /// The control API of the running host.
    pub fn control(&self) -> Client {
        Client::new(self.state().host().expect("a readable record").expect("a running host"))
    }

    /// The host's process id.
    pub fn pid(&self) -> u32 {
        self.state().host().expect("a readable record").expect("a running host").pid
    }

    /// Ends the host as a power cut would end it.
    pub fn kill(&self) {
        let pid = rustix::process::Pid::from_raw(self.pid().cast_signed()).expect("a process id");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("the host runs");
    }

    /// A folder for the test's own files.
    pub fn scratch(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let gone = self.chatctl(&["teardown", "--yes"]);
        if !gone.status.success() && !std::thread::panicking() {
            panic!("teardown failed: {}", String::from_utf8_lossy(&gone.stderr));
        }
    }
}
