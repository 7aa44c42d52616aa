//! Runs a build tool: its lines as they come, a heartbeat while it is silent, its end.

use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

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

/// Runs a tool to its end. It is killed when the caller is dropped, as Ctrl-C does.
pub(super) async fn run(command: &mut Command, progress: OnProgress<'_>) -> std::io::Result<Ended> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
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
    Ok(Ended { status: child.wait().await?, stdout, stderr })
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
