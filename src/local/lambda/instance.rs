//! One process and its life: start, connections, outputs, time limits, end.

use std::io::{self, PipeReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal};
use tokio::net::TcpListener;
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::environment::{self, Particulars};
use super::invocation::Invocation;
use super::pool::{Check, Running, Ticket};
use super::scribe::{Scribe, State};
use super::{Function, FunctionConfig, Shared, ids, report, runtime_api};

/// What a dead process has still sent may be taken for so long.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What the process and its connections share.
pub struct Instance {
    pub shared: Arc<Shared>,
    pub function: Arc<Function>,
    pub member: u64,
    pub config: Arc<FunctionConfig>,
    pub kill: Arc<Notify>,
    born: Instant,
    ready: AtomicBool,
    scribe: Mutex<Scribe>,
    /// Why the process says that it cannot start.
    init_error: Mutex<Option<String>>,
}

/// What only the process's own task holds.
struct Life {
    child: Child,
    listener: TcpListener,
    /// Standard output and standard error, to be told when there is something to read.
    outputs: [Receiver; 2],
}

/// Starts a process and stays with it to its end, then starts another one if one is needed.
pub async fn run(shared: Arc<Shared>, function: Arc<Function>, ticket: Ticket) {
    let (member, bootstrap) = (ticket.member, ticket.config.bootstrap.clone());
    match Instance::start(&shared, &function, ticket).await {
        Ok((instance, life)) => instance.live(life).await,
        Err(error) => {
            let reason = format!("{} does not start: {error}", bootstrap.display());
            function.pool().start_failed(member, &reason, Instant::now());
        }
    }
    shared.ended.notify_waiters();
    let needed = function.pool().needed(Instant::now());
    if let Some(ticket) = needed {
        shared.start(&function, ticket);
    }
}

impl Instance {
    async fn start(
        shared: &Arc<Shared>,
        function: &Arc<Function>,
        ticket: Ticket,
    ) -> io::Result<(Arc<Self>, Life)> {
        let born = Instant::now();
        let Ticket { member, config, kill } = ticket;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let suffix = ids::stream_suffix().map_err(io::Error::other)?;
        let stream = format!("{}/[$LATEST]{suffix}", Timestamp::now().strftime("%Y/%m/%d"));
        let particulars = Particulars {
            keys: &shared.credentials.mint_function(&config.physical)?,
            runtime_api: listener.local_addr()?,
            log_stream: &stream,
        };
        let (out, stdout) = pipe()?;
        let (err, stderr) = pipe()?;
        let mut command = Command::new(&config.bootstrap);
        command
            .env_clear()
            .envs(environment::environment(&shared.settings, &config, &particulars))
            .current_dir(config.bootstrap.parent().unwrap_or(&config.bootstrap))
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr);
        let outputs = [watch(&out)?, watch(&err)?];
        let child = shared.nursery.start(command).await?;
        let mut scribe = Scribe::new(
            shared.logs.clone(),
            config.log_group.as_str().into(),
            stream.into(),
            config.memory_mb,
            [out, err],
        );
        scribe.born(child.id());
        let instance = Self {
            shared: shared.clone(),
            function: function.clone(),
            member,
            config,
            kill,
            born,
            ready: AtomicBool::new(false),
            scribe: Mutex::new(scribe),
            init_error: Mutex::new(None),
        };
        Ok((Arc::new(instance), Life { child, listener, outputs }))
    }

    /// The instance's log. A std mutex: writing into it never waits.
    pub fn scribe(&self) -> MutexGuard<'_, Scribe> {
        self.scribe.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process has asked for an invocation. True the first time.
    pub fn became_ready(&self) -> bool {
        let first = !self.ready.swap(true, Ordering::Relaxed);
        if first {
            self.scribe().ready(self.born.elapsed());
        }
        first
    }

    /// The process says that it cannot start.
    pub fn init_error(&self, message: String) {
        *self.init_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(message);
        self.kill.notify_one();
    }

    /// Ends an invocation: its last lines, its count, its caller.
    pub fn conclude(
        &self,
        running: Running,
        invocation: Invocation,
        status: Option<&str>,
        trouble: Option<String>,
    ) {
        let duration = running.started.elapsed();
        let (tail, used_mb) = self.scribe().end(&running.job.id, duration, status, trouble);
        self.function.pool().count(&invocation, used_mb);
        running.finish(invocation, tail);
    }

    async fn live(self: Arc<Self>, mut life: Life) {
        let mut connections = JoinSet::new();
        let group = life.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        let status = self.serve(&mut life, &mut connections, group).await;
        end_group(group);
        self.scribe().drain();
        let finished = async { while connections.join_next().await.is_some() {} };
        // What is left then is cut off; nobody is at the other end.
        let _ = tokio::time::timeout(LAST_WORDS, finished).await;
        let how = status.map_or_else(|error| error.to_string(), exit);
        if !self.ready.load(Ordering::Relaxed) {
            return self.start_failed(&how);
        }
        let lost = self.function.pool().exited(self.member);
        if let Some(running) = lost {
            let invocation = running.crashed(&how);
            let trouble = format!(
                "RequestId: {} Error: Runtime exited with error: {how}\nRuntime.ExitError\n",
                running.job.id
            );
            let status = "error\tError Type: Runtime.ExitError";
            self.conclude(running, invocation, Some(status), Some(trouble));
        }
    }

    /// Serves the process until it has ended.
    async fn serve(
        self: &Arc<Self>,
        life: &mut Life,
        connections: &mut JoinSet<()>,
        group: Option<Pid>,
    ) -> io::Result<ExitStatus> {
        let Life { child, listener, outputs } = life;
        let look = tokio::time::sleep(Duration::ZERO);
        tokio::pin!(look);
        let mut states = [State::Open; 2];
        loop {
            tokio::select! {
                status = child.wait() => return status,
                () = self.kill.notified() => end_group(group),
                () = &mut look => match self.look() {
                    Some(next) => look.as_mut().reset(next.into()),
                    None => {
                        end_group(group);
                        // Killed for certain: nothing is left to look at.
                        look.as_mut().reset(tokio::time::Instant::now() + self.shared.limits.idle);
                    }
                },
                accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                    connections.spawn(runtime_api::serve(stream, self.clone()));
                },
                Some(_) = connections.join_next() => {}
                _ = outputs[0].readable(), if states[0] == State::Open => {
                    states[0] = self.scribe().read(0, &outputs[0]);
                }
                _ = outputs[1].readable(), if states[1] == State::Open => {
                    states[1] = self.scribe().read(1, &outputs[1]);
                }
            }
        }
    }

    /// Looks at the clock: when to look again, or nothing if the process is to be killed.
    fn look(&self) -> Option<Instant> {
        let check = self.function.pool().check(self.member, Instant::now());
        match check {
            Check::At(next) => Some(next),
            Check::Kill => None,
            Check::InitTimeout => {
                let limit = self.shared.limits.init.as_secs_f64();
                self.init_error(format!("it asked for no invocation within {limit:.2} seconds"));
                None
            }
            Check::TimedOut(running) => {
                let timeout = self.config.timeout_s;
                let invocation = running.timed_out(timeout);
                let line = report::timed_out_line(Timestamp::now(), &running.job.id, timeout);
                self.conclude(running, invocation, Some("timeout"), Some(line));
                None
            }
        }
    }

    fn start_failed(&self, how: &str) {
        let said = self.init_error.lock().unwrap_or_else(PoisonError::into_inner).take();
        let what = said.unwrap_or_else(|| format!("Runtime exited with error: {how}"));
        let last = self.scribe().init_failed(self.born.elapsed(), &what);
        let mut reason = format!("{} does not start: {what}", self.config.bootstrap.display());
        if !last.is_empty() {
            reason.push_str("\nIts last lines:\n");
            reason.push_str(&last.join("\n"));
        }
        self.function.pool().start_failed(self.member, &reason, Instant::now());
    }
}

/// A pipe whose reading end does not block.
fn pipe() -> io::Result<(PipeReader, Stdio)> {
    let (reader, writer) = io::pipe()?;
    rustix::fs::fcntl_setfl(&reader, OFlags::NONBLOCK)?;
    Ok((reader, writer.into()))
}

/// A second handle of a pipe, for the runtime to watch.
fn watch(reader: &PipeReader) -> io::Result<Receiver> {
    Receiver::from_owned_fd(reader.try_clone()?.into())
}

/// Kills the process and whatever it started.
fn end_group(group: Option<Pid>) {
    if let Some(group) = group {
        // An error means that nobody of the group is left.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

/// How a process ended, in AWS's words.
fn exit(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal: {}", signal_name(signal)),
        (None, None) => "unknown".to_owned(),
    }
}

fn signal_name(signal: i32) -> String {
    let known = [
        (Signal::ABORT, "aborted"),
        (Signal::BUS, "bus error"),
        (Signal::FPE, "floating point exception"),
        (Signal::HUP, "hangup"),
        (Signal::ILL, "illegal instruction"),
        (Signal::INT, "interrupt"),
        (Signal::KILL, "killed"),
        (Signal::PIPE, "broken pipe"),
        (Signal::SEGV, "segmentation fault"),
        (Signal::TERM, "terminated"),
    ];
    let name = known.iter().find(|(one, _)| one.as_raw() == signal);
    name.map_or_else(|| signal.to_string(), |(_, name)| (*name).to_owned())
}
