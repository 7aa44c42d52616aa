//! Removes what the chat left in the tables: messages outlive the room that they were said in.
//!
//! Only rows of the chat's own room and people are ever touched.

use chatctl_protocol::UserName;
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::Value;

use crate::aws::{AwsError, Row, Tables};
use crate::stack::{Stack, Table};

/// Rows removed at a time.
const IN_FLIGHT: usize = 10;

/// What could not be removed.
#[derive(Debug)]
pub struct Left {
    /// The room whose rows are left.
    pub room_id: String,
    /// Why.
    pub error: AwsError,
}

/// Removes the rows of a room: its messages, their memory of being sent, what is left of the room;
/// and the names of its people, which the stage would keep for them.
///
/// # Errors
/// The tables cannot be read or written.
pub async fn tidy(
    tables: &Tables,
    stack: &Stack,
    room_id: &str,
    names: &[String],
) -> Result<usize, Left> {
    let removed = rows(tables, stack, room_id, names).await;
    removed.map_err(|error| Left { room_id: room_id.to_owned(), error })
}

async fn rows(
    tables: &Tables,
    stack: &Stack,
    room_id: &str,
    names: &[String],
) -> Result<usize, AwsError> {
    let mut doomed = Vec::new();
    if let Some(table) = stack.table("ChatNames") {
        doomed.extend(names.iter().filter_map(|name| Some((table, name_key(table, name)?))));
    }
    for table in ["ChatMessages", "ChatRooms"].into_iter().filter_map(|name| stack.table(name)) {
        let found = tables.query(&table.physical, &table.partition, room_id).await?;
        if let (Some(dedupe), "ChatMessages") = (stack.table("ChatDedupe"), table.logical.as_str())
        {
            doomed.extend(found.iter().filter_map(|row| Some((dedupe, sent_key(dedupe, row)?))));
        }
        if let (Some(voice), "ChatMessages") = (stack.table("VoiceRooms"), table.logical.as_str()) {
            doomed.extend(found.iter().filter_map(|row| Some((voice, joins_key(voice, row)?))));
        }
        doomed.extend(found.iter().map(|row| (table, key(table, row))));
    }
    let mut removing = stream::iter(&doomed)
        .map(|(table, key)| tables.delete_row(&table.physical, key))
        .buffer_unordered(IN_FLIGHT);
    while let Some(removed) = removing.next().await {
        removed?;
    }
    Ok(doomed.len())
}

/// A row's key.
fn key(table: &Table, row: &Row) -> Row {
    let names = std::iter::once(&table.partition).chain(&table.sort);
    names.filter_map(|name| Some((name.clone(), row.get(name)?.clone()))).collect()
}

/// The key under which a name is held.
fn name_key(table: &Table, name: &str) -> Option<Row> {
    let key = UserName::parse(name).ok()?.key();
    Some(Row::from_iter([(table.partition.clone(), Value::String(key))]))
}

/// The key under which the joins to voice of whoever said a message are counted.
fn joins_key(voice: &Table, message: &Row) -> Option<Row> {
    let joins = format!("JOINS#{}", message.get("personId")?.as_str()?);
    let sort = voice.sort.clone()?;
    Some(Row::from_iter([
        (voice.partition.clone(), Value::String(joins)),
        (sort, Value::String("RATE".to_owned())),
    ]))
}

/// The key under which the stage remembers that a message was sent: room, person and client's id.
fn sent_key(dedupe: &Table, message: &Row) -> Option<Row> {
    let part = |name: &str| message.get(name)?.as_str();
    let (room, person) = (part("roomId")?, part("personId")?);
    let key = format!("{room}#{person}#{}", part("clientMessageId")?);
    Some(Row::from_iter([(dedupe.partition.clone(), Value::String(key))]))
}
