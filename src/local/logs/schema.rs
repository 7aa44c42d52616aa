//! The store's file: its tables and how it is opened.
//!
//! Events lie clustered in the order in which they are read, by group and time. `seq` is unique
//! in the whole file and never used twice, so that it can be an event's id for good.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

/// Why the store did not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("the log store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A thread that writes could not be started, or a file not be moved.
    #[error("the log store: {0}")]
    Io(#[from] std::io::Error),
    /// The writer has ended.
    #[error("the log store is closed")]
    Closed,
    /// The file was made by a newer version.
    #[error("the log store has version {0}, which this program does not know")]
    Version(i64),
}

impl StoreError {
    /// Whether the file is not, or no longer, a database.
    pub fn is_damage(&self) -> bool {
        let Self::Sqlite(error) = self else { return false };
        let code = error.sqlite_error_code();
        matches!(code, Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
    }
}

const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE groups (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    retention_days INTEGER,
    created_ms INTEGER NOT NULL,
    bytes INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL REFERENCES groups(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    first_ms INTEGER,
    last_ms INTEGER,
    ingested_ms INTEGER,
    UNIQUE (group_id, name)
);
CREATE TABLE events (
    group_id INTEGER NOT NULL,
    timestamp_ms INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    ingested_ms INTEGER NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (group_id, timestamp_ms, seq)
) WITHOUT ROWID;
CREATE INDEX events_by_stream ON events (stream_id, timestamp_ms, seq);
CREATE TABLE sequence (next INTEGER NOT NULL);
INSERT INTO sequence VALUES (1);
";

/// Opens the file for writing and makes what is missing.
pub fn open(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // A killed process loses nothing that was committed; only a power cut could.
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match version {
        VERSION => Ok(connection),
        0 => {
            let made =
                format!("BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;");
            connection.execute_batch(&made)?;
            Ok(connection)
        }
        other => Err(StoreError::Version(other)),
    }
}

/// Opens the file for reading only.
pub fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}
