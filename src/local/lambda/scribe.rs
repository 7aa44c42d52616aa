//! Writes down what an instance says: the lines of its process as they come, and the platform's own
//! lines around them in the right order.
//!
//! Before a platform line is written the pipes are emptied, so that what the process printed before
//! it answered stands before END, though both ways are independent.

use std::collections::VecDeque;
use std::io::{ErrorKind, PipeReader};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use tokio::net::unix::pipe::Receiver;

use super::report::{self, Report};
use crate::local::logs::{LogLine, LogStore, MESSAGE_BYTES};

/// A look empties at most so much, so that a process that never stops printing holds nobody up.
const READS: usize = 16;
const READ_BYTES: usize = 64 * 1024;
/// The last lines that are kept for a process that does not come up.
const RECENT: usize = 10;
/// What `X-Amz-Log-Result` carries of a log.
const TAIL_BYTES: usize = 4096;
/// A process's memory is looked at this often at most: the look costs about 30 µs.
const MEMORY_EVERY: Duration = Duration::from_secs(1);

/// One of the process's two outputs.
struct Output {
    pipe: PipeReader,
    /// A line without its end.
    partial: Vec<u8>,
    /// The rest of a line that was cut is left out.
    skipping: bool,
    state: State,
}

/// Whether an output can still say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It can.
    Open,
    /// Its writers are gone.
    Ended,
}

impl Output {
    fn new(pipe: PipeReader) -> Self {
        Self { pipe, partial: Vec::new(), skipping: false, state: State::Open }
    }

    /// Reads what is there now.
    fn drain(&mut self, buffer: &mut [u8], line: &mut impl FnMut(&[u8])) {
        for _ in 0..READS {
            match rustix::io::read(&self.pipe, &mut *buffer) {
                Ok(0) => return self.end(line),
                Ok(count) => self.take(&buffer[..count], line),
                Err(Errno::INTR) => {}
                // Nothing there now; what else there is to know, the process's end tells.
                Err(_) => return,
            }
        }
    }

    /// What stands without a line's end is a line all the same.
    fn end(&mut self, line: &mut impl FnMut(&[u8])) {
        self.state = State::Ended;
        if !self.partial.is_empty() {
            line(&std::mem::take(&mut self.partial));
        }
    }

    fn take(&mut self, bytes: &[u8], line: &mut impl FnMut(&[u8])) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            if !self.skipping {
                self.partial.extend_from_slice(text);
            }
            if self.partial.len() > MESSAGE_BYTES {
                self.partial.truncate(MESSAGE_BYTES);
                line(&std::mem::take(&mut self.partial));
                self.skipping = true;
            }
            if ends {
                if !self.skipping {
                    line(&self.partial);
                    self.partial.clear();
                }
                self.skipping = false;
            }
        }
    }
}

/// What an instance's log is made of.
pub struct Scribe {
    logs: LogStore,
    group: Arc<str>,
    stream: Arc<str>,
    memory_mb: u32,
    outputs: [Output; 2],
    buffer: Box<[u8]>,
    recent: VecDeque<String>,
    ready: bool,
    /// The log of an invocation whose caller wants to see it.
    tail: Option<String>,
    pid: Option<u32>,
    init: Option<Duration>,
    used_mb: u64,
    looked: Option<Instant>,
}

impl Scribe {
    /// For a process whose outputs are read through these pipes, which do not block.
    pub fn new(
        logs: LogStore,
        group: Arc<str>,
        stream: Arc<str>,
        memory_mb: u32,
        outputs: [PipeReader; 2],
    ) -> Self {
        Self {
            logs,
            group,
            stream,
            memory_mb,
            outputs: outputs.map(Output::new),
            buffer: vec![0; READ_BYTES].into(),
            recent: VecDeque::new(),
            ready: false,
            tail: None,
            pid: None,
            init: None,
            used_mb: 0,
            looked: None,
        }
    }

    /// The process has started.
    pub fn born(&mut self, pid: Option<u32>) {
        self.pid = pid;
    }

    /// The process has become ready; the next report tells how long that took.
    pub fn ready(&mut self, init: Duration) {
        self.init = Some(init);
        self.ready = true;
        self.recent = VecDeque::new();
    }

    /// Empties the pipes.
    pub fn drain(&mut self) {
        let mut lines = Vec::new();
        for output in self.outputs.iter_mut().filter(|output| output.state == State::Open) {
            output.drain(&mut self.buffer, &mut |line| lines.push(said(line)));
        }
        self.write(lines);
    }

    /// Reads from an output through the handle that the runtime watches, so that the runtime learns
    /// when there is nothing more to read.
    pub fn read(&mut self, output: usize, handle: &Receiver) -> State {
        let mut lines = Vec::new();
        let output = &mut self.outputs[output];
        let mut line = |line: &[u8]| lines.push(said(line));
        match handle.try_read(&mut self.buffer) {
            Ok(0) => output.end(&mut line),
            Ok(count) => output.take(&self.buffer[..count], &mut line),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => output.end(&mut line),
        }
        let state = output.state;
        self.write(lines);
        state
    }

    /// Before an invocation.
    pub fn start(&mut self, request_id: &str, wants_tail: bool) {
        self.drain();
        self.tail = wants_tail.then(String::new);
        self.write(vec![LogLine::now(report::start(request_id))]);
    }

    /// After an invocation, with the lines that tell what went wrong, if something did. Gives the
    /// log's tail to a caller who wants it, and the memory used.
    pub fn end(
        &mut self,
        request_id: &str,
        duration: Duration,
        status: Option<&str>,
        trouble: Option<String>,
    ) -> (Option<String>, u64) {
        self.drain();
        self.look_at_memory();
        let report = Report {
            request_id,
            duration,
            memory_mb: self.memory_mb,
            used_mb: self.used_mb,
            init: self.init.take(),
            status,
        };
        let lines = [Some(report::end(request_id)), Some(report.line()), trouble];
        self.write(lines.into_iter().flatten().map(LogLine::now).collect());
        let tail = self.tail.take().map(|mut tail| {
            let from = tail.ceil_char_boundary(tail.len().saturating_sub(TAIL_BYTES));
            tail.split_off(from)
        });
        (tail, self.used_mb)
    }

    /// When the process did not come up: says so, and gives its last lines.
    pub fn init_failed(&mut self, duration: Duration, trouble: &str) -> Vec<String> {
        self.drain();
        let report = report::init_failed(duration, "Runtime.ExitError");
        let last = std::mem::take(&mut self.recent).into();
        self.write(vec![LogLine::now(report), LogLine::now(trouble)]);
        last
    }

    fn write(&mut self, lines: Vec<LogLine>) {
        if lines.is_empty() {
            return;
        }
        if !self.ready {
            self.recent.extend(lines.iter().map(|line| line.message.clone()));
            while self.recent.len() > RECENT {
                self.recent.pop_front();
            }
        }
        if let Some(tail) = &mut self.tail {
            for line in &lines {
                tail.push_str(&line.message);
                if !line.message.ends_with('\n') {
                    tail.push('\n');
                }
            }
        }
        self.logs.put(self.group.clone(), self.stream.clone(), lines);
    }

    /// The most memory that the process ever used, as the kernel counts it.
    fn look_at_memory(&mut self) {
        if self.looked.is_some_and(|at| at.elapsed() < MEMORY_EVERY) {
            return;
        }
        self.looked = Some(Instant::now());
        let Some(pid) = self.pid else { return };
        let kilobytes = std::fs::read_to_string(format!("/proc/{pid}/status"))
            .ok()
            .and_then(|status| peak_kilobytes(&status));
        if let Some(kilobytes) = kilobytes {
            self.used_mb = self.used_mb.max(kilobytes.div_ceil(1024));
        }
    }
}

fn said(line: &[u8]) -> LogLine {
    LogLine::now(String::from_utf8_lossy(line))
}

fn peak_kilobytes(status: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    value.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn lines(writes: &[&[u8]]) -> Vec<String> {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let mut output = Output::new(reader);
        let mut found = Vec::new();
        let mut buffer = vec![0; READ_BYTES];
        for bytes in writes {
            writer.write_all(bytes).unwrap();
        }
        drop(writer);
        while output.state == State::Open {
            output.drain(&mut buffer, &mut |line: &[u8]| {
                found.push(String::from_utf8_lossy(line).into_owned())
            });
        }
        found
    }

    #[test]
    fn lines_are_put_together_from_pieces() {
        assert_eq!(lines(&[b"one\ntw", b"o\n\nlast"]), ["one", "two", "", "last"]);
    }

    #[test]
    fn a_long_line_is_cut_and_its_rest_left_out() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let long = std::thread::spawn(move || {
            writer.write_all(&vec![b'x'; MESSAGE_BYTES + 100_000]).unwrap();
            writer.write_all(b"\nnext\n").unwrap();
        });
        let mut output = Output::new(reader);
        let (mut found, mut buffer) = (Vec::new(), vec![0; READ_BYTES]);
        while output.state == State::Open {
            output.drain(&mut buffer, &mut |line: &[u8]| found.push(line.len()));
        }
        long.join().unwrap();
        assert_eq!(found, [MESSAGE_BYTES, 4]);
    }

    #[test]
    fn the_peak_is_read_from_the_kernels_page() {
        assert_eq!(peak_kilobytes("VmPeak:\t 9 kB\nVmHWM:\t    2048 kB\n"), Some(2048));
        assert_eq!(peak_kilobytes("VmRSS:\t 1 kB\n"), None);
    }
}
