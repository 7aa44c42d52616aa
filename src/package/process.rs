//! Runs a build tool: its lines as they come, a heartbeat while it is silent, its end.

use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::Command;

use super::{OnProgress, Progress};

/// How often a build says that it is still there where nobody sees a spinner.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How a tool ended.
pub(super) struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// The lines of its standard output.
    pub stdout: Vec<String>,
    /// The lines of its standard error.
    pub stderr: Vec<String>,
}

/// Runs a tool to its end. It is ended, with all that it started, when the caller is dropped, as
/// Ctrl-C does.
pub(super) async fn run(command: &mut Command, progress: OnProgress<'_>) -> std::io::Result<Ended> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.process_group(0).spawn()?;
    let mut group = Group(child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())));
    let mut out = lines(child.stdout.take());
    let mut err = lines(child.stderr.take());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let started = Instant::now();
    let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
    while out.is_some() || err.is_some() {
        tokio::select! {
            line = next(&mut out) => stdout.extend(line),
            line = next(&mut err) => if let Some(line) = line {
                progress(Progress::Line(&line));
                stderr.push(line);
            },
            _ = beat.tick() => progress(Progress::Waiting(started.elapsed().as_secs())),
        }
    }
    let status = child.wait().await?;
    group.0 = None;
    Ok(Ended { status, stdout, stderr })
}

/// A tool and what it started, in a group of their own: compilers go on when only cargo is ended.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // An error means that nobody of the group is left.
            let _ = kill_process_group(group, Signal::TERM);
        }
    }
}

fn lines<R: AsyncRead + Unpin>(stream: Option<R>) -> Option<Lines<BufReader<R>>> {
    stream.map(|stream| BufReader::new(stream).lines())
}

/// The next line; at the stream's end the stream is gone, and after that this never ends.
async fn next<R: AsyncRead + Unpin>(stream: &mut Option<Lines<BufReader<R>>>) -> Option<String> {
    let Some(lines) = stream else { return std::future::pending().await };
    match lines.next_line().await {
        Ok(Some(line)) => Some(line),
        Ok(None) => {
            *stream = None;
            None
        }
        // A line that is not UTF-8 is skipped: what tools say is for people.
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => None,
        Err(_) => {
            *stream = None;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn what_a_tool_started_ends_with_it() {
        let said = Mutex::new(String::new());
        let hear = |progress: Progress<'_>| {
            if let Progress::Line(line) = progress {
                said.lock().unwrap().push_str(line);
            }
        };
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 300 & echo $! >&2; wait"]);
        let limit = Duration::from_secs(2);
        let pid = loop {
            // Dropped at its limit, as an interrupted deployment drops it.
            let ran = tokio::time::timeout(limit, run(&mut command, &hear)).await;
            assert!(ran.is_err(), "it waits for its child");
            if let Ok(pid) = said.lock().unwrap().parse() {
                break Pid::from_raw(pid).unwrap();
            }
        };
        for _ in 0..500 {
            if rustix::process::test_kill_process(pid).is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("pid {pid:?} goes on");
    }
}
