//! What is odd in the tables: rows that should have gone with what they belong to.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::read::Read;
use crate::aws::{AwsError, Row, Tables};
use crate::stack::{Stack, Table};

/// A table, counted and checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding {
    /// The logical name.
    pub table: String,
    /// How many rows it has.
    pub rows: usize,
    /// How many of them have expired; they go by themselves within two days.
    pub expired: usize,
    /// What is odd, and how often.
    pub odd: BTreeMap<&'static str, usize>,
}

/// What the check of one table needs to know of others.
#[derive(Debug, Default)]
struct Known {
    connections: HashSet<String>,
    rooms: HashSet<String>,
}

/// Checks every table of a stack.
pub(super) async fn of(
    tables: &Tables,
    stack: &Stack,
    segments: i32,
) -> Result<Vec<Finding>, AwsError> {
    let mut all = Vec::new();
    for table in &stack.tables {
        let fields = fields(table);
        let read = Read {
            table: &table.physical,
            condition: None,
            fields: &fields,
            segments,
            limit: None,
        };
        let rows = read.all(tables).await?;
        all.push((table, rows));
    }
    let known = known(&all);
    let now = Timestamp::now().as_second();
    Ok(all.iter().map(|(table, rows)| finding(table, rows, &known, now)).collect())
}

/// What the check looks at; what people said is not read.
fn fields(table: &Table) -> Vec<String> {
    let others = ["connectionId", "roomId", "entry"].map(str::to_owned);
    let keys = std::iter::once(&table.partition).chain(&table.sort).chain(&table.ttl).cloned();
    keys.chain(others).collect::<BTreeSet<_>>().into_iter().collect()
}

fn known(all: &[(&Table, Vec<Row>)]) -> Known {
    let mut known = Known::default();
    for (table, rows) in all {
        match table.logical.as_str() {
            "ChatConnections" => {
                known.connections.extend(rows.iter().filter_map(|row| text(row, "connectionId")))
            }
            "ChatRooms" => {
                let rooms = rows
                    .iter()
                    .filter(|row| text(row, "entry").is_some_and(|entry| entry == "ROOM"));
                known.rooms.extend(rooms.filter_map(|row| text(row, "roomId")));
            }
            _ => {}
        }
    }
    known
}

fn finding(table: &Table, rows: &[Row], known: &Known, now: i64) -> Finding {
    let is_expired = |row: &&Row| {
        let time = table.ttl.as_ref().and_then(|ttl| row.get(ttl)).and_then(Value::as_i64);
        time.is_some_and(|time| time <= now)
    };
    let mut odd = BTreeMap::new();
    for row in rows.iter().filter(|row| !is_expired(row)) {
        if let Some(what) = oddity(&table.logical, row, known) {
            *odd.entry(what).or_insert(0) += 1;
        }
    }
    Finding {
        table: table.logical.clone(),
        rows: rows.len(),
        expired: rows.iter().filter(is_expired).count(),
        odd,
    }
}

/// What is odd about a row that is still to live.
fn oddity(table: &str, row: &Row, known: &Known) -> Option<&'static str> {
    let room_is_gone = || text(row, "roomId").is_some_and(|room| !known.rooms.contains(&room));
    match table {
        "ChatRooms" => {
            let entry = text(row, "entry")?;
            if let Some(connection) = entry.strip_prefix("CONN#") {
                return (!known.connections.contains(connection))
                    .then_some("CONN rows without a connection");
            }
            (entry != "ROOM" && room_is_gone()).then_some("rows of rooms that are gone")
        }
        "ChatMessages" => room_is_gone().then_some("messages of rooms that are gone"),
        _ => None,
    }
}

fn text(row: &Row, name: &str) -> Option<String> {
    row.get(name)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(value: Value) -> Row {
        value.as_object().unwrap().clone()
    }

    fn table(logical: &str, ttl: Option<&str>) -> Table {
        Table {
            logical: logical.into(),
            physical: logical.into(),
            partition: "p".into(),
            sort: None,
            indexes: Vec::new(),
            ttl: ttl.map(str::to_owned),
        }
    }

    #[test]
    fn orphans_are_counted_and_expired_ones_are_only_expired() {
        let connections = table("ChatConnections", None);
        let rooms = table("ChatRooms", Some("expiresAt"));
        let all = [
            (&connections, vec![row(json!({"connectionId": "live="}))]),
            (
                &rooms,
                vec![
                    row(json!({"roomId": "r", "entry": "ROOM"})),
                    row(json!({"roomId": "r", "entry": "CONN#live="})),
                    row(json!({"roomId": "r", "entry": "CONN#gone="})),
                    row(json!({"roomId": "r", "entry": "CONN#old=", "expiresAt": 5})),
                    row(json!({"roomId": "other", "entry": "MEMBER#p"})),
                ],
            ),
        ];
        let found = finding(&rooms, &all[1].1, &known(&all), 10);
        assert_eq!((found.rows, found.expired), (5, 1));
        let odd = BTreeMap::from([
            ("CONN rows without a connection", 1),
            ("rows of rooms that are gone", 1),
        ]);
        assert_eq!(found.odd, odd);
    }
}
