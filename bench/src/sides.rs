//! The sides that are compared: how each is started, watched and stopped.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Result;
use crate::processes::Meter;

/// How long a side may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The stage `local` with state of its own.
pub struct Stage {
    chatctl: PathBuf,
    root: PathBuf,
    folder: tempfile::TempDir,
}

impl Stage {
    /// A stage that is not deployed yet.
    pub fn new(chatctl: &Path, root: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        Ok(Self { chatctl: chatctl.to_owned(), root: root.to_owned(), folder })
    }

    /// Deploys and tells how long that took; when it returns, the stage is ready.
    pub fn deploy(&self) -> Result<Duration> {
        let began = Instant::now();
        self.run(&["deploy", "--yes", "--quiet", "--output", "json"])?;
        Ok(began.elapsed())
    }

    /// The address that clients connect to.
    pub fn url(&self) -> Result<String> {
        let outputs: Value = serde_json::from_str(&self.run(&["outputs", "--output", "json"])?)?;
        Ok(outputs["webSocketUrl"].as_str().ok_or("no webSocketUrl in the outputs")?.to_owned())
    }

    /// What the stage says of itself.
    pub fn status(&self) -> Result<Value> {
        Ok(serde_json::from_str(&self.run(&["status", "--output", "json"])?)?)
    }

    /// The functions' log lines of the last hour that fit a pattern.
    pub fn logs(&self, pattern: &str) -> Result<String> {
        self.run(&["logs", "--since", "1h", "--filter", pattern, "--output", "ndjson"])
    }

    /// Watches the host and the functions apart.
    pub fn meter(&self) -> Result<Meter> {
        Ok(Meter::apart(self.host()?, "host", "functions"))
    }

    /// Ends the host and keeps the state.
    pub fn stop(&self) -> Result<()> {
        let host = self.host()?;
        Command::new("kill").arg(host.to_string()).status()?;
        wait_until(|| !Path::new(&format!("/proc/{host}")).exists(), "the host does not end")
    }

    /// Removes everything.
    pub fn teardown(&self) -> Result<()> {
        self.run(&["teardown", "--yes"]).map(drop)
    }

    /// Runs the program against this stage.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new(&self.chatctl)
            .args(arguments)
            .current_dir(&self.root)
            .env("CHATCTL_STATE_DIR", self.state())
            .env("CHATCTL_PORT", "0")
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("chatctl {}: {said}", arguments.join(" ")).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn host(&self) -> Result<u32> {
        let record: Value =
            serde_json::from_slice(&std::fs::read(self.state().join("host.json"))?)?;
        let id = record["pid"].as_u64().ok_or("host.json names no process")?;
        Ok(u32::try_from(id)?)
    }
}

impl Drop for Stage {
    /// A failed run leaves no process behind.
    fn drop(&mut self) {
        if self.host().is_ok() {
            // Nothing is left to be told to: what failed first is being reported already.
            let _ = self.stop();
        }
    }
}

/// How serverless-offline is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Handlers in its own process, posts over plain HTTP: its fastest.
    Http,
    /// The same with posts through the AWS SDK.
    Sdk,
}

impl Variant {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "serverless-offline, plain HTTP posts",
            Self::Sdk => "serverless-offline, posts by the AWS SDK",
        }
    }

    fn posts(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Sdk => "sdk",
        }
    }
}

/// A running serverless-offline; ended when dropped.
pub struct Offline {
    process: Child,
    port: u16,
    /// From start to listening.
    pub ready: Duration,
}

impl Offline {
    /// Starts it in its folder and waits until it listens.
    pub fn start(folder: &Path, variant: Variant) -> Result<Self> {
        let [web_socket, http, lambda] = free_ports()?;
        let began = Instant::now();
        let mut process = Command::new("node")
            .args(["node_modules/serverless/bin/serverless.js", "offline", "--useInProcess"])
            .args(["--noTimeout", "--noSponsor", "--host", "127.0.0.1"])
            .args(["--websocketPort", &web_socket.to_string()])
            .args(["--httpPort", &http.to_string(), "--lambdaPort", &lambda.to_string()])
            .current_dir(folder)
            .env("POSTS", variant.posts())
            .env("WEBSOCKET_PORT", web_socket.to_string())
            .env("NODE_ENV", "production")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let address = SocketAddr::from(([127, 0, 0, 1], web_socket));
        while TcpStream::connect(address).is_err() {
            if let Some(status) = process.try_wait()? {
                return Err(format!("serverless-offline ended: {status}").into());
            }
            if began.elapsed() > PATIENCE {
                process.kill()?;
                return Err("serverless-offline does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(Self { process, port: web_socket, ready: began.elapsed() })
    }

    /// The address that clients connect to.
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// Watches its processes together.
    pub fn meter(&self) -> Meter {
        Meter::whole(self.process.id())
    }
}

impl Drop for Offline {
    fn drop(&mut self) {
        // It holds nothing that a kill could harm, and may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Three ports that nobody listens on at the moment.
fn free_ports() -> Result<[u16; 3]> {
    let bind = || TcpListener::bind("127.0.0.1:0");
    let held = [bind()?, bind()?, bind()?];
    let port = |at: usize| -> Result<u16> { Ok(TcpListener::local_addr(&held[at])?.port()) };
    Ok([port(0)?, port(1)?, port(2)?])
}

fn wait_until(done: impl Fn() -> bool, otherwise: &str) -> Result<()> {
    let began = Instant::now();
    while !done() {
        if began.elapsed() > PATIENCE {
            return Err(otherwise.into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
