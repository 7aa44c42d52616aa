//! The AWS CLI, as a witness: installed on first use below the cache folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The version that the tests are written against.
const VERSION: &str = "1.46.3";

/// What the AWS CLI answers, as JSON.
pub fn aws(environment: &[(&'static str, String)], arguments: &[&str]) -> Value {
    let output = Command::new(installed())
        .args(arguments)
        .args(["--output", "json"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output()
        .expect("the AWS CLI starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "aws {arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

/// Tests run in many processes: one installs, the others wait for it.
fn installed() -> PathBuf {
    let folder = cache().join(format!("awscli-{VERSION}"));
    let program = folder.join("bin/aws");
    fs::create_dir_all(cache()).expect("the cache folder can be made");
    let turn = File::create(cache().join("awscli.lock")).expect("a lock file");
    turn.lock().expect("the lock can be taken");
    if !program.is_file() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        let package = format!("awscli=={VERSION}");
        let options = ["install", "--quiet", "--disable-pip-version-check", &package];
        run(Command::new(folder.join("bin/pip")).args(options));
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
