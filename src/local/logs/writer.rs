//! The one thread that writes: takes what was queued, in order, a transaction a batch.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::LogLine;
use super::listeners::Listeners;
use super::schema::StoreError;

/// How long the first line of a batch waits for others. A commit costs about 0.1 ms, so even a
/// line that comes alone is stored well before anybody could look for it.
const GATHER: Duration = Duration::from_millis(10);
/// At most so many lines a transaction, so that whoever waits for one is not kept waiting.
const BATCH_LINES: usize = 20_000;
/// What may wait in memory before lines are dropped.
const QUEUE_BYTES: usize = 128 * 1024 * 1024;
/// How often what is past its retention is deleted.
const SWEEP: Duration = Duration::from_secs(600);
/// So many events are deleted at a time, so that a sweep never holds the writer for long.
const SWEEP_ROWS: usize = 10_000;
/// The memory that a queued line takes beside its message.
const LINE_OVERHEAD: usize = 64;
pub(super) const DAY_MS: i64 = 86_400_000;

/// A change to be run on the writer.
pub type Change = Box<dyn FnOnce(&mut Writer) -> Result<(), StoreError> + Send>;

/// What the queue carries.
pub enum Command {
    /// Lines of one stream.
    Lines { group: Arc<str>, stream: Arc<str>, lines: Vec<LogLine> },
    /// A change, run after everything before it is committed.
    Run(Change),
}

/// The way to the writer. When the last one goes, the writer stores what is left and ends.
pub struct Queue {
    sender: Sender<Command>,
    waiting: Arc<AtomicUsize>,
    dropped: AtomicUsize,
}

impl Queue {
    pub fn send(&self, command: Command) {
        // The receiver lives as long as this queue does, unless the writer panicked; then there is
        // nothing left to write to.
        let _ = self.sender.send(command);
    }

    pub fn run(&self, change: Change) {
        self.send(Command::Run(change));
    }

    pub fn put(&self, group: Arc<str>, stream: Arc<str>, mut lines: Vec<LogLine>) {
        let bytes = lines.iter().map(|line| line.message.len() + LINE_OVERHEAD).sum();
        if self.waiting.load(Ordering::Relaxed) + bytes > QUEUE_BYTES {
            self.dropped.fetch_add(lines.len(), Ordering::Relaxed);
            return;
        }
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let note =
                format!("[{dropped} lines were dropped: more was logged than can be stored]");
            lines.insert(0, LogLine::now(note));
        }
        self.waiting.fetch_add(bytes, Ordering::Relaxed);
        self.send(Command::Lines { group, stream, lines });
    }
}

/// Starts the thread.
pub fn start(connection: Connection, listeners: Listeners) -> Result<Queue, StoreError> {
    let next = connection.query_row("SELECT next FROM sequence", [], |row| row.get(0))?;
    let (sender, commands) = mpsc::channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let mut writer = Writer {
        connection,
        streams: HashMap::new(),
        next,
        waiting: waiting.clone(),
        swept: None,
        listeners,
    };
    std::thread::Builder::new().name("logs".to_owned()).spawn(move || writer.work(&commands))?;
    Ok(Queue { sender, waiting, dropped: AtomicUsize::new(0) })
}

type StreamKey = (Arc<str>, Arc<str>);
/// Lines of one stream.
type Gathered = (Arc<str>, Arc<str>, Vec<LogLine>);

/// What the thread owns.
pub struct Writer {
    connection: Connection,
    /// Streams known to exist: `(group id, stream id)`.
    streams: HashMap<StreamKey, (i64, i64)>,
    next: i64,
    waiting: Arc<AtomicUsize>,
    swept: Option<Instant>,
    listeners: Listeners,
}

impl Writer {
    fn work(&mut self, commands: &Receiver<Command>) {
        loop {
            let done = match commands.recv_timeout(SWEEP) {
                Ok(Command::Lines { group, stream, lines }) => {
                    self.batch((group, stream, lines), commands)
                }
                Ok(Command::Run(change)) => change(self),
                Err(RecvTimeoutError::Timeout) => Ok(()),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if let Err(error) = done.and_then(|()| self.sweep_when_due()) {
                tracing::error!(%error, "log lines were lost");
                self.streams.clear();
            }
        }
    }

    /// Gathers lines for a moment, stores them in one transaction, then runs the change that
    /// ended the gathering, if one did.
    fn batch(&mut self, first: Gathered, commands: &Receiver<Command>) -> Result<(), StoreError> {
        let mut count = first.2.len();
        let mut gathered = vec![first];
        let mut change = None;
        let until = Instant::now() + GATHER;
        while count < BATCH_LINES && change.is_none() {
            match commands.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Command::Lines { group, stream, lines }) => {
                    count += lines.len();
                    gathered.push((group, stream, lines));
                }
                Ok(Command::Run(one)) => change = Some(one),
                Err(_) => break,
            }
        }
        let bytes = gathered.iter().flat_map(|(_, _, lines)| lines);
        let bytes = bytes.map(|line| line.message.len() + LINE_OVERHEAD).sum();
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
        let stored = self.store(&gathered, Timestamp::now().as_millisecond());
        // Whoever waits for the change is told even if the lines before it were lost.
        let changed = change.map_or(Ok(()), |change| change(self));
        stored.and(changed)
    }

    pub(super) fn store(&mut self, gathered: &[Gathered], now_ms: i64) -> Result<(), StoreError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let stored = self.insert(gathered, now_ms);
        self.connection.execute_batch(if stored.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        stored?;
        for (group, stream, lines) in gathered {
            self.listeners.tell(group, stream, lines, now_ms);
        }
        Ok(())
    }

    fn insert(&mut self, gathered: &[Gathered], now_ms: i64) -> Result<(), StoreError> {
        let mut spans: HashMap<i64, (i64, i64)> = HashMap::new();
        let mut bytes: HashMap<i64, i64> = HashMap::new();
        for (group, stream, lines) in gathered {
            let key = (Arc::clone(group), Arc::clone(stream));
            let (group_id, stream_id) = self.ensure_stream(key, now_ms)?;
            let mut insert = self.connection.prepare_cached(
                "INSERT INTO events (group_id, timestamp_ms, seq, stream_id, ingested_ms, message)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for line in lines {
                let message = line.kept();
                insert.execute(params![
                    group_id,
                    line.timestamp_ms,
                    self.next,
                    stream_id,
                    now_ms,
                    message
                ])?;
                self.next += 1;
                *bytes.entry(group_id).or_default() += message.len() as i64;
                let span = spans.entry(stream_id).or_insert((line.timestamp_ms, line.timestamp_ms));
                *span = (span.0.min(line.timestamp_ms), span.1.max(line.timestamp_ms));
            }
        }
        let mut touch = self.connection.prepare_cached(
            "UPDATE streams SET ingested_ms = ?4, first_ms = min(coalesce(first_ms, ?2), ?2),
             last_ms = max(coalesce(last_ms, ?3), ?3) WHERE id = ?1",
        )?;
        for (stream, (first, last)) in spans {
            touch.execute(params![stream, first, last, now_ms])?;
        }
        let mut grow =
            self.connection.prepare_cached("UPDATE groups SET bytes = bytes + ?2 WHERE id = ?1")?;
        for (group, bytes) in bytes {
            grow.execute(params![group, bytes])?;
        }
        self.connection
            .prepare_cached("UPDATE sequence SET next = ?1")?
            .execute(params![self.next])?;
        Ok(())
    }

    fn ensure_stream(&mut self, key: StreamKey, now_ms: i64) -> Result<(i64, i64), StoreError> {
        if let Some(ids) = self.streams.get(&key) {
            return Ok(*ids);
        }
        let group_id = self.ensure_group(&key.0)?;
        self.connection.execute(
            "INSERT OR IGNORE INTO streams (group_id, name, created_ms) VALUES (?1, ?2, ?3)",
            params![group_id, &*key.1, now_ms],
        )?;
        let stream_id = self.connection.query_row(
            "SELECT id FROM streams WHERE group_id = ?1 AND name = ?2",
            params![group_id, &*key.1],
            |row| row.get(0),
        )?;
        self.streams.insert(key, (group_id, stream_id));
        Ok((group_id, stream_id))
    }

    /// The group's id; the group is made if need be.
    pub fn ensure_group(&mut self, name: &str) -> Result<i64, StoreError> {
        self.add_group(name)?;
        let id = self.group(name)?;
        Ok(id.ok_or(rusqlite::Error::QueryReturnedNoRows)?)
    }

    /// Makes the group; false if there is one.
    pub fn add_group(&mut self, name: &str) -> Result<bool, StoreError> {
        let now_ms = Timestamp::now().as_millisecond();
        let sql = "INSERT OR IGNORE INTO groups (name, created_ms) VALUES (?1, ?2)";
        Ok(self.connection.execute(sql, params![name, now_ms])? == 1)
    }

    /// The group's id.
    pub fn group(&self, name: &str) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT id FROM groups WHERE name = ?1";
        Ok(self.connection.query_row(sql, params![name], |row| row.get(0)).optional()?)
    }

    /// Makes the stream; false if there is one.
    pub fn add_stream(&mut self, group: i64, name: &str) -> Result<bool, StoreError> {
        let now_ms = Timestamp::now().as_millisecond();
        let sql = "INSERT OR IGNORE INTO streams (group_id, name, created_ms) VALUES (?1, ?2, ?3)";
        Ok(self.connection.execute(sql, params![group, name, now_ms])? == 1)
    }

    /// Whether the group has this stream.
    pub fn has_stream(&self, group: i64, name: &str) -> Result<bool, StoreError> {
        let sql = "SELECT count(*) FROM streams WHERE group_id = ?1 AND name = ?2";
        let count: i64 = self.connection.query_row(sql, params![group, name], |row| row.get(0))?;
        Ok(count > 0)
    }

    /// Sets how long events are kept; false if there is no such group.
    pub fn set_retention(&mut self, name: &str, days: Option<u32>) -> Result<bool, StoreError> {
        let sql = "UPDATE groups SET retention_days = ?2 WHERE name = ?1";
        Ok(self.connection.execute(sql, params![name, days])? == 1)
    }

    /// Deletes the group and all that is in it; false if there is none.
    pub fn delete_group(&mut self, name: &str) -> Result<bool, StoreError> {
        let Some(id) = self.group(name)? else { return Ok(false) };
        self.streams.retain(|(group, _), _| &**group != name);
        let transaction = self.connection.transaction()?;
        transaction.execute("DELETE FROM events WHERE group_id = ?1", params![id])?;
        transaction.execute("DELETE FROM groups WHERE id = ?1", params![id])?;
        transaction.commit()?;
        Ok(true)
    }

    fn sweep_when_due(&mut self) -> Result<(), StoreError> {
        if self.swept.is_some_and(|at| at.elapsed() < SWEEP) {
            return Ok(());
        }
        // A group with more than one slice to delete is swept on with the next command.
        if self.sweep(Timestamp::now().as_millisecond())? < SWEEP_ROWS {
            self.swept = Some(Instant::now());
        }
        Ok(())
    }

    /// Deletes a slice of each group's events that are past its retention; the largest slice.
    pub(super) fn sweep(&mut self, now_ms: i64) -> Result<usize, StoreError> {
        let groups: Vec<(i64, i64)> = self
            .connection
            .prepare("SELECT id, retention_days FROM groups WHERE retention_days IS NOT NULL")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut most = 0;
        for (id, days) in groups {
            let deleted = self.connection.execute(
                "DELETE FROM events WHERE (group_id, timestamp_ms, seq) IN (SELECT group_id,
                 timestamp_ms, seq FROM events WHERE group_id = ?1 AND timestamp_ms < ?2 LIMIT ?3)",
                params![id, now_ms - days * DAY_MS, SWEEP_ROWS as i64],
            )?;
            if deleted > 0 {
                self.connection.execute(
                    "UPDATE groups SET bytes = (SELECT coalesce(sum(octet_length(message)), 0)
                     FROM events WHERE group_id = ?1) WHERE id = ?1",
                    params![id],
                )?;
            }
            most = most.max(deleted);
        }
        Ok(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::logs::schema;

    fn writer(folder: &tempfile::TempDir) -> Writer {
        Writer {
            connection: schema::open(&folder.path().join("logs.sqlite")).unwrap(),
            streams: HashMap::new(),
            next: 1,
            waiting: Arc::default(),
            swept: None,
            listeners: Listeners::default(),
        }
    }

    fn count(writer: &Writer) -> (i64, i64) {
        let sql = "SELECT count(*), (SELECT bytes FROM groups WHERE name = 'g') FROM events";
        writer.connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    }

    #[test]
    fn a_sweep_deletes_what_is_past_its_retention_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(&folder);
        let now = 100 * DAY_MS;
        let line = |days: i64| LogLine { timestamp_ms: now - days * DAY_MS, message: "abc".into() };
        let lines = vec![line(9), line(8), line(6), line(0)];
        writer.store(&[("g".into(), "s".into(), lines)], now).unwrap();
        assert_eq!(count(&writer), (4, 12));
        assert_eq!(writer.sweep(now).unwrap(), 0, "a group without retention keeps everything");
        writer.set_retention("g", Some(7)).unwrap();
        assert_eq!(writer.sweep(now).unwrap(), 2);
        assert_eq!(count(&writer), (2, 6));
        assert_eq!(writer.sweep(now).unwrap(), 0);
    }

    #[test]
    fn a_writer_that_cannot_keep_up_drops_lines_and_says_so() {
        let (sender, commands) = mpsc::channel();
        let queue = Queue { sender, waiting: Arc::default(), dropped: AtomicUsize::new(0) };
        queue.waiting.store(QUEUE_BYTES, Ordering::Relaxed);
        queue.put("g".into(), "s".into(), vec![LogLine::now("a"), LogLine::now("b")]);
        assert!(commands.try_recv().is_err());
        queue.waiting.store(0, Ordering::Relaxed);
        queue.put("g".into(), "s".into(), vec![LogLine::now("c")]);
        let Ok(Command::Lines { lines, .. }) = commands.try_recv() else { panic!("lines") };
        let messages: Vec<&str> = lines.iter().map(|line| line.message.as_str()).collect();
        let note = "[2 lines were dropped: more was logged than can be stored]";
        assert_eq!(messages, [note, "c"]);
    }
}
