//! The stage's host from outside: found, started, ended, replaced.
//!
//! A host holds `host.lock` for as long as it lives, so the lock and not a pid says whether one runs.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{sleep, timeout};

use super::descriptors;
use super::lock::DeployLock;
use crate::deploy::{DeployError, Event, OnEvent, millis};
use crate::local::control::{Client, ControlError, HostStatus};
use crate::local::state::{HostRecord, StateDir, StateError};

/// How long a host may take to answer a question.
const ANSWER: Duration = Duration::from_secs(3);
/// How long a host may take until it is ready: it opens its databases first.
const READY: Duration = Duration::from_secs(20);
/// How long a host may take to end before it is told harder.
const PATIENCE: Duration = Duration::from_secs(8);

/// A host that answers.
#[derive(Debug)]
pub struct Running {
    /// Where it is.
    pub record: HostRecord,
    /// The way to it.
    pub client: Client,
    /// What it says of itself.
    pub status: HostStatus,
}

/// What is found on a state folder.
#[derive(Debug)]
pub enum Found {
    /// A host that answers.
    Running(Box<Running>),
    /// None.
    Stopped,
    /// One that holds the folder and does not answer; its pid where known.
    Stuck(Option<u32>),
}

/// The host of a state folder, if one answers. A record that is damaged leads to none: the next
/// deployment writes it anew.
///
/// # Errors
/// Its record may not be read.
pub async fn reach(state: &StateDir) -> Result<Option<Running>, StateError> {
    let record = match state.host() {
        Ok(Some(record)) => record,
        Ok(None) | Err(StateError::Damaged { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let client = Client::new(record.clone());
    match timeout(ANSWER, client.status()).await {
        Ok(Ok(status)) => Ok(Some(Running { record, client, status })),
        Ok(Err(_)) | Err(_) => Ok(None),
    }
}

/// The pid of a host that runs but cannot be asked by this program: it does not answer, or its record
/// is damaged.
pub fn silent(state: &StateDir) -> Option<u32> {
    lock_holder(&state.host_lock())
}

/// What holds the state folder. Only for whoever holds the deploy lock: asking takes the host's lock
/// for a moment.
pub(super) async fn find(state: &StateDir) -> Found {
    let deadline = Instant::now() + ANSWER;
    loop {
        // A record that cannot be read is no better than none: the lock decides.
        if let Ok(Some(running)) = reach(state).await {
            return Found::Running(Box::new(running));
        }
        if !is_locked(&state.host_lock()) {
            return Found::Stopped;
        }
        let holder = lock_holder(&state.host_lock());
        let record = state.host().ok().flatten();
        // One that wrote its record was ready. Another may have been started a moment ago, by a
        // deployment that was interrupted.
        let was_ready = holder.is_some() && record.map(|record| record.pid) == holder;
        if was_ready || Instant::now() > deadline {
            return Found::Stuck(holder);
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// Why a running host must be replaced before it can be used, if it must.
pub(super) fn misfit(running: &Running, port: u16) -> Option<String> {
    let version = env!("CARGO_PKG_VERSION");
    if running.status.version != version {
        return Some(format!("it is version {}, this is {version}", running.status.version));
    }
    if !is_this_program(running.record.pid) {
        return Some("it runs another build of chatctl".to_owned());
    }
    (running.record.port != port)
        .then(|| format!("the port changes from {} to {port}", running.record.port))
}

/// Starts a host, detached, and waits until it answers.
pub(super) async fn start(
    state: &StateDir,
    port: u16,
    on_event: OnEvent<'_>,
) -> Result<Running, DeployError> {
    let started = Instant::now();
    on_event(Event::HostStarting { port });
    // Without this the record of one that crashed would be asked first.
    state.set_host(None)?;
    let mut log = open_log(&state.host_log())
        .map_err(DeployError::io(state.host_log().display().to_string()))?;
    let from = log.seek(SeekFrom::End(0)).unwrap_or(0);
    let mut child = spawn(state, port, &log).map_err(DeployError::io("starting the local host"))?;
    let running = ready(state, &mut child, from).await?;
    on_event(Event::HostReady { pid: running.record.pid, millis: millis(started) });
    for message in running.status.warnings.clone() {
        on_event(Event::Warning { message });
    }
    Ok(running)
}

async fn ready(state: &StateDir, child: &mut Child, log_from: u64) -> Result<Running, DeployError> {
    let deadline = Instant::now() + READY;
    loop {
        if let Ok(Some(running)) = reach(state).await
            && running.record.pid == child.id()
        {
            return Ok(running);
        }
        let ended = child.try_wait().map_err(DeployError::io("waiting for the local host"))?;
        if ended.is_some() || Instant::now() > deadline {
            let log = state.host_log();
            // One that is not ready by now is not left behind half started.
            let _ = child.kill().and_then(|()| child.wait());
            return Err(DeployError::HostStart { output: tail(&log, log_from), log });
        }
        sleep(Duration::from_millis(3)).await;
    }
}

/// `chatctl host` leaves the terminal's session by itself.
fn spawn(state: &StateDir, port: u16, log: &File) -> std::io::Result<Child> {
    descriptors::keep_from_children();
    Command::new(std::env::current_exe()?)
        .arg("host")
        .arg("--state-dir")
        .arg(state.path())
        .args(["--port", &port.to_string()])
        .current_dir(state.path())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log.try_clone()?)
        .spawn()
}

fn open_log(path: &Path) -> std::io::Result<File> {
    const LARGE: u64 = 8 * 1024 * 1024;
    let log = OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path)?;
    if log.metadata()?.len() > LARGE {
        log.set_len(0)?;
    }
    Ok(log)
}

/// The last lines that the host wrote since an offset.
fn tail(path: &Path, from: u64) -> Vec<String> {
    let mut text = String::new();
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(from))?;
        file.read_to_string(&mut text)
    });
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    match read {
        Ok(_) => lines[lines.len().saturating_sub(12)..].to_vec(),
        Err(_) => Vec::new(),
    }
}

/// Ends what holds the state folder: asked first, then told, then killed.
pub(super) async fn stop(
    state: &StateDir,
    found: &Found,
    reason: &str,
    on_event: OnEvent<'_>,
) -> Result<(), DeployError> {
    let (client, pid) = match found {
        Found::Stopped => return Ok(()),
        Found::Running(running) => (Some(&running.client), Some(running.record.pid)),
        Found::Stuck(pid) => (None, *pid),
    };
    if let Some(pid) = pid {
        on_event(Event::HostStopping { pid, reason: reason.to_owned() });
    }
    if let Some(client) = client {
        let _: Result<Result<(), ControlError>, _> = timeout(ANSWER, client.shutdown()).await;
        if ended(state).await {
            return Ok(());
        }
    }
    for signal in [Signal::TERM, Signal::KILL] {
        // The lock's holder, asked again each time: a pid from a file may be another's by now.
        match lock_holder(&state.host_lock())
            .or(pid)
            .and_then(|pid| Pid::from_raw(pid.cast_signed()))
        {
            Some(pid) if is_locked(&state.host_lock()) => {
                let _ = kill_process(pid, signal);
            }
            _ => {}
        }
        if ended(state).await {
            return Ok(());
        }
    }
    Err(DeployError::HostStuck { pid: lock_holder(&state.host_lock()).or(pid) })
}

/// Ends the host of a state folder, if one runs.
///
/// # Errors
/// The stage is busy, or its host cannot be ended.
pub async fn end(state: &StateDir, on_event: OnEvent<'_>) -> Result<(), DeployError> {
    let _lock = DeployLock::take(state)?;
    let found = find(state).await;
    stop(state, &found, "as asked", on_event).await
}

async fn ended(state: &StateDir) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while is_locked(&state.host_lock()) {
        if Instant::now() > deadline {
            return false;
        }
        sleep(Duration::from_millis(10)).await;
    }
    true
}

fn is_locked(path: &Path) -> bool {
    let Ok(file) = OpenOptions::new().read(true).write(true).open(path) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// The pid that holds a file's lock, as `/proc/locks` tells it: `1: FLOCK ADVISORY WRITE PID MAJ:MIN:INODE 0 EOF`.
fn lock_holder(path: &Path) -> Option<u32> {
    let inode = format!(":{}", std::fs::metadata(path).ok()?.ino());
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_it = fields.get(1) == Some(&"FLOCK") && fields.get(5)?.ends_with(&inode);
        is_it.then(|| fields[4].parse().ok())?
    })
}

/// Whether a process runs the very file that this one runs. Where `/proc` does not tell, the version
/// has to do.
fn is_this_program(pid: u32) -> bool {
    let file = |path: String| std::fs::metadata(path).map(|data| (data.dev(), data.ino())).ok();
    match (file(format!("/proc/{pid}/exe")), file("/proc/self/exe".to_owned())) {
        (Some(theirs), Some(ours)) => theirs == ours,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_is_seen_with_its_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.lock");
        assert!(!is_locked(&path));
        let file = File::create(&path).unwrap();
        assert!(!is_locked(&path));
        file.try_lock().unwrap();
        assert!(is_locked(&path));
        if cfg!(target_os = "linux") {
            assert_eq!(lock_holder(&path), Some(std::process::id()));
        }
    }

    #[tokio::test]
    async fn a_record_of_one_that_crashed_is_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path());
        let record =
            HostRecord { pid: 1, port: 1, version: "0".into(), token: "t".into(), started_at: 0 };
        state.set_host(Some(&record)).unwrap();
        assert!(matches!(find(&state).await, Found::Stopped));
        std::fs::write(folder.path().join("host.json"), "not json").unwrap();
        assert!(matches!(find(&state).await, Found::Stopped));
    }
}
