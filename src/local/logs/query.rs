//! Reading the store: groups, streams, and pages of events. Knows nothing of the protocol.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::pattern::Pattern;
use super::schema::StoreError;
use super::writer::DAY_MS;

/// A page holds at most so many events, and so many bytes of them with 26 more for each, as AWS
/// counts.
pub const PAGE_EVENTS: usize = 10_000;
const PAGE_BYTES: usize = 1024 * 1024;
const EVENT_OVERHEAD: usize = 26;
/// A search looks at so many events before it gives what it has with a token to go on: a page may
/// be empty, as on AWS.
const SCAN_EVENTS: usize = 50_000;

/// A place among a group's events, which are ordered by time and then by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub timestamp_ms: i64,
    pub seq: i64,
}

impl Position {
    /// Before everything.
    pub const START: Self = Self { timestamp_ms: 0, seq: 0 };
    /// After everything.
    pub const END: Self = Self { timestamp_ms: i64::MAX, seq: i64::MAX };
}

/// A log group.
#[derive(Debug, Clone)]
pub struct Group {
    pub id: i64,
    pub name: String,
    pub retention_days: Option<i64>,
    pub created_ms: i64,
    /// The bytes of its messages.
    pub bytes: i64,
}

impl Group {
    /// The time before which events are no longer shown.
    pub fn kept_since(&self, now_ms: i64) -> i64 {
        self.retention_days.map_or(0, |days| now_ms - days * DAY_MS)
    }

    fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            retention_days: row.get(2)?,
            created_ms: row.get(3)?,
            bytes: row.get(4)?,
        })
    }
}

/// A log stream.
#[derive(Debug, Clone)]
pub struct Stream {
    pub id: i64,
    pub name: String,
    pub created_ms: i64,
    pub first_ms: Option<i64>,
    pub last_ms: Option<i64>,
    pub ingested_ms: Option<i64>,
}

/// An event as it is stored.
#[derive(Debug, Clone)]
pub struct Event {
    pub at: Position,
    pub stream: i64,
    pub ingested_ms: i64,
    pub message: String,
}

/// The group of this name.
pub fn group(connection: &Connection, name: &str) -> Result<Option<Group>, StoreError> {
    let sql = "SELECT id, name, retention_days, created_ms, bytes FROM groups WHERE name = ?1";
    Ok(connection.query_row(sql, params![name], Group::from_row).optional()?)
}

/// The groups after a name, by name.
pub fn groups(connection: &Connection, after: &str) -> Result<Vec<Group>, StoreError> {
    let sql = "SELECT id, name, retention_days, created_ms, bytes FROM groups WHERE name > ?1
               ORDER BY name";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![after], Group::from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A group's streams, by name.
pub fn streams(connection: &Connection, group: i64) -> Result<Vec<Stream>, StoreError> {
    let sql = "SELECT id, name, created_ms, first_ms, last_ms, ingested_ms FROM streams
               WHERE group_id = ?1 ORDER BY name";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![group], |row| {
        Ok(Stream {
            id: row.get(0)?,
            name: row.get(1)?,
            created_ms: row.get(2)?,
            first_ms: row.get(3)?,
            last_ms: row.get(4)?,
            ingested_ms: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A search through a group.
pub struct Search {
    pub group: i64,
    /// Only events after this place.
    pub after: Position,
    /// Only events up to and with this time.
    pub until_ms: i64,
    /// The streams to search.
    pub streams: HashSet<i64>,
    pub pattern: Pattern,
    pub limit: usize,
}

/// What a search found, and where to go on if it did not come to the end.
pub struct Found {
    pub events: Vec<Event>,
    pub more_after: Option<Position>,
}

/// Runs a search for one page.
pub fn search(connection: &Connection, search: &Search) -> Result<Found, StoreError> {
    let sql = "SELECT timestamp_ms, seq, stream_id, ingested_ms, message FROM events
               WHERE group_id = ?1 AND (timestamp_ms, seq) > (?2, ?3) AND timestamp_ms <= ?4
               ORDER BY timestamp_ms, seq";
    let mut statement = connection.prepare_cached(sql)?;
    let after = search.after;
    let mut rows =
        statement.query(params![search.group, after.timestamp_ms, after.seq, search.until_ms])?;
    let mut found = Found { events: Vec::new(), more_after: None };
    let (mut scanned, mut bytes, mut last) = (0, 0, search.after);
    while let Some(row) = rows.next()? {
        let event = event(row)?;
        let size = event.message.len() + EVENT_OVERHEAD;
        let matches =
            search.streams.contains(&event.stream) && search.pattern.matches(&event.message);
        let full = matches
            && (found.events.len() == search.limit
                || (!found.events.is_empty() && bytes + size > PAGE_BYTES));
        if full || scanned == SCAN_EVENTS {
            found.more_after = Some(last);
            break;
        }
        (scanned, last) = (scanned + 1, event.at);
        if matches {
            bytes += size;
            found.events.push(event);
        }
    }
    Ok(found)
}

/// Which way a stream is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From a place on, to later events.
    Forward,
    /// From a place back, to earlier ones.
    Backward,
}

/// A stretch of one stream.
pub struct Stretch {
    pub stream: i64,
    pub from_ms: i64,
    /// Events of this time and later are left out.
    pub before_ms: i64,
    pub direction: Direction,
    /// Exclusive, in the direction.
    pub from: Position,
    pub limit: usize,
}

/// Reads a page of a stream, always given in the order of time.
pub fn stretch(connection: &Connection, stretch: &Stretch) -> Result<Vec<Event>, StoreError> {
    let (comparison, order) = match stretch.direction {
        Direction::Forward => (">", "ASC"),
        Direction::Backward => ("<", "DESC"),
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT timestamp_ms, seq, stream_id, ingested_ms, message FROM events
         WHERE stream_id = ?1 AND (timestamp_ms, seq) {comparison} (?2, ?3)
         AND timestamp_ms >= ?4 AND timestamp_ms < ?5
         ORDER BY timestamp_ms {order}, seq {order} LIMIT ?6"
    ))?;
    let mut rows = statement.query(params![
        stretch.stream,
        stretch.from.timestamp_ms,
        stretch.from.seq,
        stretch.from_ms,
        stretch.before_ms,
        stretch.limit as i64,
    ])?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let event = event(row)?;
        bytes += event.message.len() + EVENT_OVERHEAD;
        if !events.is_empty() && bytes > PAGE_BYTES {
            break;
        }
        events.push(event);
    }
    if stretch.direction == Direction::Backward {
        events.reverse();
    }
    Ok(events)
}

fn event(row: &rusqlite::Row<'_>) -> rusqlite::Result<Event> {
    Ok(Event {
        at: Position { timestamp_ms: row.get(0)?, seq: row.get(1)? },
        stream: row.get(2)?,
        ingested_ms: row.get(3)?,
        message: row.get(4)?,
    })
}
