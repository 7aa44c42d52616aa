//! CloudWatch Logs of the stage `local`: a store that survives every kind of ending, and its API.
//!
//! [`LogStore`] keeps groups, streams and events in SQLite; [`LogsApi`] speaks the JSON protocol
//! over it. What a log line means is the writer's affair.

mod api;
mod listeners;
mod pattern;
mod query;
mod schema;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::oneshot;

pub use api::LogsApi;
use listeners::{Listener, Listeners, Wanted};
pub use schema::StoreError;
use writer::{Command, Queue};

/// The longest message that is kept, in bytes; CloudWatch's own limit.
pub const MESSAGE_BYTES: usize = 256 * 1024;

/// One event to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it happened, in milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// What is kept; cut at [`MESSAGE_BYTES`].
    pub message: String,
}

impl LogLine {
    /// A line of this moment.
    pub fn now(message: impl Into<String>) -> Self {
        Self { timestamp_ms: Timestamp::now().as_millisecond(), message: message.into() }
    }

    /// The message within the limit, cut between characters.
    fn kept(&self) -> &str {
        &self.message[..self.message.floor_char_boundary(MESSAGE_BYTES)]
    }
}

/// The store; clones share it.
#[derive(Clone)]
pub struct LogStore(Arc<Inner>);

struct Inner {
    queue: Queue,
    listeners: Listeners,
    /// One reader is enough for one operator; a std mutex, held only on blocking threads.
    reader: Mutex<Connection>,
}

impl LogStore {
    /// Opens the store, or makes it.
    ///
    /// # Errors
    /// The file cannot be opened as a store of this kind.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = schema::open(path)?;
        let listeners = Listeners::default();
        let queue = writer::start(connection, listeners.clone())?;
        let reader = Mutex::new(schema::open_reader(path)?);
        Ok(Self(Arc::new(Inner { queue, listeners, reader })))
    }

    /// Opens the store, or moves a file that is damaged out of the way and makes a new one: logs are
    /// no reason for a stage not to run. Returns where the damaged one lies then.
    ///
    /// # Errors
    /// As [`LogStore::open`], but for damage; or the file cannot be moved.
    pub fn open_or_replace(path: &Path) -> Result<(Self, Option<PathBuf>), StoreError> {
        match Self::open(path) {
            Err(error) if error.is_damage() => {
                let aside = path.with_extension("db.damaged");
                std::fs::rename(path, &aside)?;
                for journal in ["db-wal", "db-shm"] {
                    // Mostly it is not there; one that stays is of no database and is overwritten.
                    let _ = std::fs::remove_file(path.with_extension(journal));
                }
                Ok((Self::open(path)?, Some(aside)))
            }
            opened => Ok((opened?, None)),
        }
    }

    /// Stores lines soon, in a group and a stream that are made if need be. Never blocks; a writer
    /// that cannot keep up drops lines and says so in the stream.
    pub fn put(
        &self,
        group: impl Into<Arc<str>>,
        stream: impl Into<Arc<str>>,
        lines: Vec<LogLine>,
    ) {
        self.0.queue.put(group.into(), stream.into(), lines);
    }

    /// Makes the group, or gives an existing one this retention.
    pub fn create_group(&self, name: &str, retention_days: u32) {
        let name = name.to_owned();
        self.0.queue.run(Box::new(move |writer| {
            writer.ensure_group(&name)?;
            writer.set_retention(&name, Some(retention_days)).map(|_| ())
        }));
    }

    /// Deletes the group with everything in it.
    pub fn delete_group(&self, name: &str) {
        let name = name.to_owned();
        self.0.queue.run(Box::new(move |writer| writer.delete_group(&name).map(|_| ())));
    }

    /// Listens to what is stored from now on; none if too many do already.
    fn listen(&self, wanted: Wanted) -> Option<Arc<Listener>> {
        self.0.listeners.add(wanted)
    }

    /// Returns when everything put so far is stored.
    pub async fn flush(&self) {
        let (done, stored) = oneshot::channel();
        self.0.queue.send(Command::Run(Box::new(move |_| {
            // Nobody waits any more: nothing to tell.
            let _ = done.send(());
            Ok(())
        })));
        // An error means that the writer is gone, and with it everything that could be waited for.
        let _ = stored.await;
    }

    /// Runs a change on the writer, after everything put before it, and returns its result.
    async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut writer::Writer) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, result) = oneshot::channel();
        self.0.queue.send(Command::Run(Box::new(move |writer| {
            let outcome = change(writer);
            let _ = done.send(outcome);
            Ok(())
        })));
        result.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs a query on a blocking thread, seeing everything put before it.
    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.flush().await;
        let inner = self.0.clone();
        let read = tokio::task::spawn_blocking(move || {
            let reader = inner.reader.lock().unwrap_or_else(PoisonError::into_inner);
            // Dropped, that is ended, after the query: all of it sees one state.
            let snapshot = reader.unchecked_transaction()?;
            query(&snapshot)
        });
        read.await.map_err(|_| StoreError::Closed)?
    }
}
