//! The rows of VoiceRooms: a talker, a voice room, and whether voice is off.

use chatctl_domain::{Fault, Talker, VoiceRoom, VoiceRows};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::string;
use crate::attribute::{Flag, Number, Text, flag, number, text};

/// The sort key of what says that voice is off.
pub(super) const OFF: &str = "OFF";
/// The sort key of the active voice room.
pub(super) const ROOM: &str = "VOICE";
/// Where the sort keys of talkers start.
const TALKER: &str = "PERSON#";

/// The partitions of the sweep's index.
pub(super) const KIND_TALKER: &str = "talker";
pub(super) const KIND_ROOM: &str = "room";

/// A key of the table.
pub(super) fn key(room_id: &str, entry: &str) -> Value {
    json!({ "roomId": string(room_id), "entry": string(entry) })
}

/// The key of a talker.
pub(super) fn talker_key(room_id: &str, person_id: &str) -> Value {
    key(room_id, &format!("{TALKER}{person_id}"))
}

/// A talker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TalkerRow {
    room_id: Text,
    entry: Text,
    person_id: Text,
    user_id: Text,
    connection_id: Text,
    muted: Flag,
    joined_at: Number,
    /// What the sweep's index goes by.
    kind: Text,
    expires_at: Number,
}

impl From<&Talker> for TalkerRow {
    fn from(talker: &Talker) -> Self {
        let Talker { room_id, person_id, user_id, connection_id, muted, joined_at, expires_at } =
            talker;
        Self {
            room_id: text(room_id),
            entry: text(format!("{TALKER}{person_id}")),
            person_id: text(person_id),
            user_id: text(user_id),
            connection_id: text(connection_id),
            muted: flag(*muted),
            joined_at: number(*joined_at),
            kind: text(KIND_TALKER),
            expires_at: number(*expires_at),
        }
    }
}

impl From<TalkerRow> for Talker {
    fn from(row: TalkerRow) -> Self {
        Self {
            room_id: row.room_id.value,
            person_id: row.person_id.value,
            user_id: row.user_id.value,
            connection_id: row.connection_id.value,
            muted: row.muted.value,
            joined_at: row.joined_at.value,
            expires_at: row.expires_at.value,
        }
    }
}

/// A voice room.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VoiceRoomRow {
    room_id: Text,
    entry: Text,
    voice_room_id: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_arn: Option<Text>,
    created_by: Text,
    user_id: Text,
    created_at: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    master_connection: Option<Text>,
    kind: Text,
    expires_at: Number,
}

impl From<&VoiceRoom> for VoiceRoomRow {
    fn from(room: &VoiceRoom) -> Self {
        let VoiceRoom {
            room_id,
            voice_room_id,
            channel_arn,
            created_by,
            user_id,
            created_at,
            master_connection,
            expires_at,
        } = room;
        Self {
            room_id: text(room_id),
            entry: text(ROOM),
            voice_room_id: text(voice_room_id),
            channel_arn: channel_arn.as_ref().map(text),
            created_by: text(created_by),
            user_id: text(user_id),
            created_at: number(*created_at),
            master_connection: master_connection.as_ref().map(text),
            kind: text(KIND_ROOM),
            expires_at: number(*expires_at),
        }
    }
}

impl From<VoiceRoomRow> for VoiceRoom {
    fn from(row: VoiceRoomRow) -> Self {
        Self {
            room_id: row.room_id.value,
            voice_room_id: row.voice_room_id.value,
            channel_arn: row.channel_arn.map(|arn| arn.value),
            created_by: row.created_by.value,
            user_id: row.user_id.value,
            created_at: row.created_at.value,
            master_connection: row.master_connection.map(|id| id.value),
            expires_at: row.expires_at.value,
        }
    }
}

/// A partition, sorted by kind.
pub(super) fn sort(rows: Vec<Value>) -> Result<VoiceRows, Fault> {
    let mut sorted = VoiceRows::default();
    for row in rows {
        match row["entry"]["S"].as_str().unwrap_or_default() {
            OFF => sorted.forbidden = true,
            ROOM => sorted.voice_room = Some(read::<VoiceRoomRow>(row)?.into()),
            _ => sorted.talkers.push(read::<TalkerRow>(row)?.into()),
        }
    }
    Ok(sorted)
}

/// A row of one kind.
pub(super) fn read<T: DeserializeOwned>(row: Value) -> Result<T, Fault> {
    serde_json::from_value(row).map_err(|error| Fault(format!("a row of VoiceRooms: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_talker_keeps_its_row_on_the_way_there_and_back() {
        let talker = Talker {
            room_id: "r".into(),
            person_id: "p".into(),
            user_id: "Alice".into(),
            connection_id: "c=".into(),
            muted: true,
            joined_at: 7,
            expires_at: 10,
        };
        let row = serde_json::to_value(TalkerRow::from(&talker)).unwrap();
        assert_eq!(row["entry"]["S"], "PERSON#p");
        let room = VoiceRoom {
            room_id: "r".into(),
            voice_room_id: "r-v".into(),
            channel_arn: None,
            created_by: "p".into(),
            user_id: "Alice".into(),
            created_at: 7,
            master_connection: Some("c=".into()),
            expires_at: 10,
        };
        let active = serde_json::to_value(VoiceRoomRow::from(&room)).unwrap();
        let rows = sort(vec![row, key("r", OFF), active]).unwrap();
        let (talkers, voice_room) = (vec![talker], Some(room));
        assert_eq!(rows, VoiceRows { talkers, forbidden: true, voice_room });
    }
}
