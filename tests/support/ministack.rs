//! MiniStack, an independent implementation of AWS's services, as a process of a test's own.
//!
//! Installed on first use into a virtual environment below the cache folder, as `./test` installs the
//! other Python tools. It checks signatures and permissions (`AUTH=true`) and runs functions natively.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The version that the tests are written against.
const VERSION: &str = "1.5.33";
/// What it reads CloudWatch's binary protocol with, which it does not bring itself.
const CBOR2: &str = "6.2.1";
/// How long the process may take until it answers.
const READY: Duration = Duration::from_secs(60);

/// A running server with nothing in it; ended when dropped.
pub struct MiniStack {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl MiniStack {
    /// Starts a server on a free port.
    pub fn start() -> Self {
        let program = installed();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = File::create(folder.path().join("log")).expect("a log file");
        let port = free_port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let process = Command::new(program)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder.path())
            .env("TMPDIR", folder.path())
            .envs([("BIND_HOST", "127.0.0.1"), ("AUTH", "true"), ("AWS_ENDPOINT_URL", &endpoint)])
            .env("GATEWAY_PORT", port.to_string())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("MiniStack starts");
        let mut server = Self { process, port, folder };
        server.wait();
        server
    }

    /// Where every API is.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Variables with which a program finds the server, as the root user of its only account.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// What the server has written.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn wait(&mut self) {
        let deadline = Instant::now() + READY;
        while !answers(self.port) {
            let ended = self.process.try_wait().expect("the process can be asked");
            assert!(ended.is_none() && Instant::now() < deadline, "MiniStack: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for MiniStack {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(
            b"GET /_ministack/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// The server's program, installed where it is missing. Tests run in many processes: one installs,
/// the others wait for it.
fn installed() -> PathBuf {
    let folder = cache().join(format!("ministack-{VERSION}-cbor2-{CBOR2}"));
    let program = folder.join("bin/ministack");
    fs::create_dir_all(cache()).expect("the cache folder can be made");
    let turn = File::create(cache().join("ministack.lock")).expect("a lock file");
    turn.lock().expect("the lock can be taken");
    if !program.is_file() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        let packages = [format!("ministack=={VERSION}"), format!("cbor2=={CBOR2}")];
        let options = ["install", "--quiet", "--disable-pip-version-check"];
        run(Command::new(folder.join("bin/pip")).args(options).args(packages));
    }
    program
}

fn run(command: &mut Command) {
    let ended = command.stdin(Stdio::null()).output().expect("the command starts");
    assert!(ended.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ended.stderr));
}

fn cache() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = || Path::new(&set("HOME").expect("HOME is set")).join(".cache");
    match set("CHATCTL_CACHE") {
        Some(folder) => folder.into(),
        None => set("XDG_CACHE_HOME").map_or_else(home, PathBuf::from).join("chatctl"),
    }
}
