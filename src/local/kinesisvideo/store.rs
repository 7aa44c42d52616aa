//! The channels, in a database file that is made when the first one is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, Row, params};

/// Why the channels cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("the signaling channels cannot be kept: {0}")]
pub struct StoreError(#[from] rusqlite::Error);

/// A signaling channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its name, unique in the account.
    pub name: String,
    /// When it was made, ms since the epoch; part of its ARN.
    pub created_ms: i64,
    /// Changes with every change.
    pub version: String,
    /// How long undelivered messages are kept, in seconds.
    pub message_ttl_s: u32,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS channels (
    name TEXT NOT NULL PRIMARY KEY,
    created_ms INTEGER NOT NULL,
    version TEXT NOT NULL,
    message_ttl_s INTEGER NOT NULL,
    tags TEXT NOT NULL
) WITHOUT ROWID;
";

const COLUMNS: &str = "name, created_ms, version, message_ttl_s, tags";

/// The file. Its mutex is a std one: nothing is awaited while it is held.
pub struct Store {
    path: PathBuf,
    connection: Mutex<Option<Connection>>,
}

impl Store {
    /// A store at a path; nothing is opened yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), connection: Mutex::new(None) }
    }

    /// The channel of a name.
    pub fn get(&self, name: &str) -> Result<Option<Channel>, StoreError> {
        self.with(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM channels WHERE name = ?1");
            connection.prepare_cached(&sql)?.query_row([name], channel).optional()
        })
    }

    /// How many there are.
    pub fn count(&self) -> Result<u64, StoreError> {
        self.with(|connection| {
            connection.query_row("SELECT count(*) FROM channels", [], |row| row.get(0))
        })
    }

    /// The channels after a name whose names begin so, in the order of their names.
    pub fn list(
        &self,
        after: &str,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<Channel>, StoreError> {
        self.with(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM channels \
                 WHERE name > ?1 AND substr(name, 1, length(?2)) = ?2 ORDER BY name LIMIT ?3"
            );
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            connection
                .prepare_cached(&sql)?
                .query_map(params![after, prefix, limit], channel)?
                .collect()
        })
    }

    /// Adds a channel; says whether its name was free.
    pub fn add(&self, channel: &Channel) -> Result<bool, StoreError> {
        self.with(|connection| {
            let sql = format!("INSERT INTO channels ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING");
            let Channel { name, created_ms, version, message_ttl_s, tags } = channel;
            let values = params![name, created_ms, version, message_ttl_s, json(tags)];
            Ok(connection.prepare_cached(&sql)?.execute(values)? == 1)
        })
    }

    /// Replaces what can change of a channel.
    pub fn replace(&self, channel: &Channel) -> Result<(), StoreError> {
        self.with(|connection| {
            let sql = "UPDATE channels SET version = ?3, message_ttl_s = ?4, tags = ?5 \
                       WHERE name = ?1 AND created_ms = ?2";
            let Channel { name, created_ms, version, message_ttl_s, tags } = channel;
            let values = params![name, created_ms, version, message_ttl_s, json(tags)];
            connection.prepare_cached(sql)?.execute(values).map(drop)
        })
    }

    /// Removes a channel.
    pub fn remove(&self, channel: &Channel) -> Result<(), StoreError> {
        self.with(|connection| {
            let sql = "DELETE FROM channels WHERE name = ?1 AND created_ms = ?2";
            let values = params![channel.name, channel.created_ms];
            connection.prepare_cached(sql)?.execute(values).map(drop)
        })
    }

    fn with<T>(
        &self,
        run: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if connection.is_none() {
            *connection = Some(open(&self.path)?);
        }
        let Some(connection) = &*connection else {
            return Err(rusqlite::Error::InvalidQuery.into());
        };
        Ok(run(connection)?)
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.execute_batch(TABLES)?;
    Ok(connection)
}

fn json(tags: &BTreeMap<String, String>) -> String {
    serde_json::to_string(tags).unwrap_or_default()
}

fn channel(row: &Row<'_>) -> rusqlite::Result<Channel> {
    let tags: String = row.get(4)?;
    Ok(Channel {
        name: row.get(0)?,
        created_ms: row.get(1)?,
        version: row.get(2)?,
        message_ttl_s: row.get(3)?,
        tags: serde_json::from_str(&tags).unwrap_or_default(),
    })
}
