//! A project whose build tools are small scripts, with a stage that is torn down at the end. The
//! program, the host and the database are real.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub const MANIFEST: &str = include_str!("../../templates/stack.yaml");

/// A project of its own, with a stage that is torn down at the end.
pub struct Project(tempfile::TempDir);

impl Project {
    pub fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.write("chatctl.yaml", "project: test\n");
        project.write("templates/stack.yaml", MANIFEST);
        project.write("frontend/package.json", "{}");
        project.write("frontend/package-lock.json", "{}");
        project.write("frontend/src/page", "first page");
        project.write("functions/code", "first code");
        project.tool("node", "echo v20.19.0");
        project.tool("rustc", "echo rustc 1.95.0");
        project.tool(
            "cargo",
            r#"[ "$1" = --version ] && exec echo cargo 1.95.0
[ -e "$PWD/slow" ] && exec sleep 30
[ -e "$PWD/broken" ] && { echo 'error[E0001]: it does not compile' >&2; exit 101; }
echo built >> "$PWD/builds"
printf '#!/bin/sh\n# ' > "$PWD/bootstrap" && cat "$PWD/functions/code" >> "$PWD/bootstrap"
echo '{"reason":"compiler-artifact","target":{"name":"bootstrap"},"executable":"'"$PWD"'/bootstrap"}'"#,
        );
        project.tool(
            "npm",
            r#"[ "$1" = --version ] && exec echo 11.0.0
if [ "$1" = ci ]; then mkdir -p node_modules && echo '{}' > node_modules/.package-lock.json; exit; fi
rm -rf dist; mkdir -p dist/assets
cp src/page dist/index.html && cp src/page "dist/assets/page-$(cksum < src/page | cut -d' ' -f1).js""#,
        );
        project
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    pub fn write(&self, below: &str, text: &str) {
        fs::create_dir_all(self.path(below).parent().unwrap()).unwrap();
        fs::write(self.path(below), text).unwrap();
    }

    fn tool(&self, name: &str, script: &str) {
        self.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(self.path(&format!("bin/{name}")), fs::Permissions::from_mode(0o755))
            .unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatctl"));
        command.args(arguments).current_dir(self.0.path()).env_clear().stdin(Stdio::null());
        command
            .env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()))
            .env("CHATCTL_PORT", "0");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--output", "json"]].concat());
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        serde_json::from_str(stdout.trim())
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {stdout}"))
    }

    pub fn deploy(&self) -> Value {
        self.json(&["deploy"])["changed"].clone()
    }

    pub fn fails(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        (output.status.code().unwrap(), text(&output.stderr))
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = self.run(&["teardown", "--yes"]);
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
