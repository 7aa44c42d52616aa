//! VoiceRooms, one partition a room: `OFF` where an admin has switched voice off, `VOICE` the active
//! voice room, `PERSON#<person>` a talker. In partitions of their own, `JOINS#<person>` and
//! `SIGNALS#<connection>#<period>`, it is counted what people do.

use chatctl_domain::{Fault, Talker, VoiceRoom, VoiceRoomStore, VoiceRows, VoiceStore};
use futures_util::future::try_join;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Table, numeral, string};
use crate::attribute::{Flag, Number, Numbers, Text, flag, number, text};
use crate::dynamo::Refused;
use crate::host::Host;

const OFF: &str = "OFF";
const ROOM: &str = "VOICE";
const TALKER: &str = "PERSON#";
/// The one row of a partition that counts.
const RATE: &str = "RATE";

/// The partitions of the sweep's index.
const KIND_TALKER: &str = "talker";
const KIND_ROOM: &str = "room";

/// Attempts to note a join while other joins of the same person are noted.
const ATTEMPTS: usize = 4;

/// Seconds for which a rate is kept after its last use; it says nothing any more then.
const RATE_TTL_S: u64 = 600;

fn key(room_id: &str, entry: &str) -> Value {
    json!({ "roomId": string(room_id), "entry": string(entry) })
}

fn talker_key(room_id: &str, person_id: &str) -> Value {
    key(room_id, &format!("{TALKER}{person_id}"))
}

/// A talker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TalkerRow {
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
struct VoiceRoomRow {
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

/// When somebody did something, the last few times.
#[derive(Debug, Deserialize)]
struct RateRow {
    recent: Numbers,
}

fn sort(rows: Vec<Value>) -> Result<VoiceRows, Fault> {
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

fn read<T: DeserializeOwned>(row: Value) -> Result<T, Fault> {
    serde_json::from_value(row).map_err(|error| Fault(format!("a row of VoiceRooms: {error}")))
}

impl VoiceStore for Host {
    async fn voice_rows(&self, room_id: &str) -> Result<VoiceRows, Fault> {
        let input = json!({
            "KeyConditionExpression": "roomId = :room",
            "ExpressionAttributeValues": { ":room": string(room_id) },
            "ConsistentRead": true,
        });
        sort(self.query(Table::Voice, input).await?)
    }

    async fn seat(&self, talker: &Talker) -> Result<bool, Fault> {
        let note = noting(&talker.connection_id, &talker.person_id, &talker.room_id)?;
        let put = json!({ "Put": {
            "TableName": Table::Voice.physical()?,
            "Item": TalkerRow::from(talker),
        }});
        match self.dynamo()?.transact(vec![note, put]).await {
            Ok(()) => Ok(true),
            Err(Refused::Transaction(_)) => Ok(false),
            Err(refused) => Err(refused.into()),
        }
    }

    async fn unseat(
        &self,
        room_id: &str,
        person_id: &str,
        connection_id: &str,
    ) -> Result<bool, Fault> {
        let input = json!({
            "Key": talker_key(room_id, person_id),
            "ConditionExpression": "connectionId = :connection",
            "ExpressionAttributeValues": { ":connection": string(connection_id) },
        });
        self.write_if("DeleteItem", Table::Voice, input).await
    }

    async fn set_muted(&self, talker: &Talker, muted: bool) -> Result<bool, Fault> {
        let input = json!({
            "Key": talker_key(&talker.room_id, &talker.person_id),
            "UpdateExpression": "SET muted = :muted",
            "ConditionExpression": "connectionId = :connection",
            "ExpressionAttributeValues": {
                ":muted": flag(muted),
                ":connection": string(&talker.connection_id),
            },
        });
        self.write_if("UpdateItem", Table::Voice, input).await
    }

    async fn count_signal(
        &self,
        connection_id: &str,
        period: u64,
        most: u32,
        expires_at: u64,
    ) -> Result<bool, Fault> {
        let input = json!({
            "Key": key(&format!("SIGNALS#{connection_id}#{period}"), RATE),
            "UpdateExpression": "SET expiresAt = :expiry ADD signals :one",
            "ConditionExpression": "attribute_not_exists(signals) OR signals < :most",
            "ExpressionAttributeValues": {
                ":expiry": numeral(expires_at),
                ":one": numeral(1),
                ":most": numeral(most.into()),
            },
        });
        self.write_if("UpdateItem", Table::Voice, input).await
    }

    async fn count_join(
        &self,
        person_id: &str,
        now: u64,
        within_ms: u64,
        most: u32,
    ) -> Result<Option<u64>, Fault> {
        let key = key(&format!("JOINS#{person_id}"), RATE);
        let note = |update: &str, condition: &str, mut values: Value| {
            values[":expiry"] = numeral(now / 1000 + RATE_TTL_S);
            json!({
                "Key": key,
                "UpdateExpression": format!("SET recent = {update}, expiresAt = :expiry"),
                "ConditionExpression": condition,
                "ExpressionAttributeValues": values,
            })
        };
        for _ in 0..ATTEMPTS {
            let append = note(
                "list_append(if_not_exists(recent, :none), :now)",
                "attribute_not_exists(recent) OR size(recent) < :most",
                json!({ ":none": { "L": [] }, ":now": list(&[now]), ":most": numeral(most.into()) }),
            );
            if self.write_if("UpdateItem", Table::Voice, append).await? {
                return Ok(None);
            }
            let row: Option<RateRow> = self.get(Table::Voice, key.clone()).await?;
            let Some(RateRow { recent }) = row else { continue };
            let mut young = recent.values();
            young.retain(|at| at + within_ms > now);
            if young.len() >= most as usize {
                return Ok(young.first().copied());
            }
            young.push(now);
            let replace = note(
                ":young",
                "recent = :seen",
                json!({ ":young": list(&young), ":seen": list(&recent.values()) }),
            );
            if self.write_if("UpdateItem", Table::Voice, replace).await? {
                return Ok(None);
            }
        }
        Ok(Some(now))
    }

    async fn allow_voice(&self, room_id: &str, allowed: bool) -> Result<(), Fault> {
        let table = Table::Voice.physical()?;
        let key = key(room_id, OFF);
        let (operation, input) = match allowed {
            true => ("DeleteItem", json!({ "TableName": table, "Key": key })),
            false => ("PutItem", json!({ "TableName": table, "Item": key })),
        };
        Ok(self.dynamo()?.run(operation, &input).await?)
    }
}

impl Host {
    /// A change of a voice room, if it is the one that is there.
    async fn change_voice_room(
        &self,
        operation: &str,
        room: &VoiceRoom,
        mut change: Value,
    ) -> Result<bool, Fault> {
        change["Key"] = key(&room.room_id, ROOM);
        change["ConditionExpression"] = "voiceRoomId = :own".into();
        change["ExpressionAttributeValues"][":own"] = string(&room.voice_room_id);
        self.write_if(operation, Table::Voice, change).await
    }

    async fn of_kind(&self, kind: &str) -> Result<Vec<Value>, Fault> {
        let input = json!({
            "IndexName": "byKind",
            "KeyConditionExpression": "kind = :kind",
            "ExpressionAttributeValues": { ":kind": string(kind) },
        });
        self.query(Table::Voice, input).await
    }
}

impl VoiceRoomStore for Host {
    async fn open_voice_room(&self, room: &VoiceRoom) -> Result<bool, Fault> {
        let input = json!({
            "Item": VoiceRoomRow::from(room),
            "ConditionExpression": "attribute_not_exists(roomId)",
        });
        self.write_if("PutItem", Table::Voice, input).await
    }

    async fn note_channel(&self, room: &VoiceRoom, channel_arn: &str) -> Result<bool, Fault> {
        let change = json!({
            "UpdateExpression": "SET channelArn = :arn",
            "ExpressionAttributeValues": { ":arn": string(channel_arn) },
        });
        self.change_voice_room("UpdateItem", room, change).await
    }

    async fn note_master(&self, room: &VoiceRoom, connection_id: &str) -> Result<bool, Fault> {
        let note = noting(connection_id, &room.created_by, &room.room_id)?;
        let appoint = json!({ "Update": {
            "TableName": Table::Voice.physical()?,
            "Key": key(&room.room_id, ROOM),
            "UpdateExpression": "SET masterConnection = :connection",
            "ConditionExpression": "voiceRoomId = :own",
            "ExpressionAttributeValues": {
                ":connection": string(connection_id),
                ":own": string(&room.voice_room_id),
            },
        }});
        match self.dynamo()?.transact(vec![note, appoint]).await {
            Ok(()) => Ok(true),
            Err(Refused::Transaction(_)) => Ok(false),
            Err(refused) => Err(refused.into()),
        }
    }

    async fn close_voice_room(&self, room: &VoiceRoom) -> Result<bool, Fault> {
        let change = json!({ "ExpressionAttributeValues": {} });
        self.change_voice_room("DeleteItem", room, change).await
    }

    async fn all_voice(&self) -> Result<(Vec<Talker>, Vec<VoiceRoom>), Fault> {
        let (talkers, rooms) = try_join(self.of_kind(KIND_TALKER), self.of_kind(KIND_ROOM)).await?;
        let talkers = talkers.into_iter().map(|row| Ok(read::<TalkerRow>(row)?.into()));
        let rooms = rooms.into_iter().map(|row| Ok(read::<VoiceRoomRow>(row)?.into()));
        Ok((talkers.collect::<Result<_, Fault>>()?, rooms.collect::<Result<_, Fault>>()?))
    }
}

/// The action that notes a room at a person's connection, if that is still there.
fn noting(connection_id: &str, person_id: &str, room_id: &str) -> Result<Value, Fault> {
    Ok(json!({ "Update": {
        "TableName": Table::Connections.physical()?,
        "Key": { "connectionId": string(connection_id) },
        "UpdateExpression": "ADD voiceRooms :rooms",
        "ConditionExpression": "personId = :me",
        "ExpressionAttributeValues": { ":rooms": { "SS": [room_id] }, ":me": string(person_id) },
    }}))
}

fn list(values: &[u64]) -> Value {
    json!({ "L": values.iter().map(|value| numeral(*value)).collect::<Vec<_>>() })
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
