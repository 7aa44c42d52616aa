//! Two real browsers on the stage: what was published to its bucket, and its WebSocket.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::aws_cli::aws;
use crate::trial::Trial;

/// The published files, served as they lie in the bucket: MiniStack's CloudFront has no edge.
struct Edge {
    process: Child,
    port: u16,
}

impl Edge {
    fn serve(folder: &Path) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let process = Command::new("python3")
            .args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string(), "--directory"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, port }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "needs Chromium and the web app's test tools, which `./test browser` installs"]
fn two_browsers_chat_through_it() {
    let trial = Trial::new();
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("frontend");
    std::os::unix::fs::symlink(&web, trial.folder.path().join("frontend")).unwrap();
    let deployed = trial.run(&["deploy", "--yes"]);
    let said = String::from_utf8_lossy(&deployed.stderr);
    assert!(deployed.status.success(), "{said}\n{}", trial.server.log());

    let stack = trial.aws(&["cloudformation", "describe-stacks", "--stack-name", "trial-try"]);
    let outputs = stack["Stacks"][0]["Outputs"].as_array().unwrap();
    let bucket = outputs.iter().find(|one| one["OutputKey"] == "SiteBucket").unwrap();
    let bucket = format!("s3://{}", bucket["OutputValue"].as_str().unwrap());
    let site = trial.folder.path().join("site");
    aws(
        &trial.server.environment(),
        &["s3", "sync", "--only-show-errors", &bucket, &site.display().to_string()],
    );

    let edge = Edge::serve(&site);
    let played = Command::new("npx")
        .args(["playwright", "test", "chat.spec.ts", "outsider.spec.ts", "--project", "desktop"])
        .current_dir(&web)
        .env("CHATCTL_SITE_URL", format!("http://127.0.0.1:{}/", edge.port))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&played.stdout);
    assert!(played.status.success(), "{told}\n{}", trial.server.log());
}
