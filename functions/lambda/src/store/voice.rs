//! VoiceRooms, one partition a room: `OFF` where an admin has switched voice off, `VOICE` the active
//! voice room, `PERSON#<person>` a talker. In partitions of their own, `JOINS#<person>` and
//! `SIGNALS#<connection>#<period>`, it is counted what people do.

use chatctl_domain::{
    Ending, Fault, Seating, Talker, VoiceRoom, VoiceRoomStore, VoiceRows, VoiceStore,
};
use futures_util::future::try_join;
use serde::Deserialize;
use serde_json::{Value, json};

use super::rooms::{member_exists, room_exists};
use super::voice_row::{
    KIND_ROOM, KIND_TALKER, OFF, ROOM, TalkerRow, VoiceRoomRow, key, read, sort, talker_key,
};
use super::{Table, numeral, string};
use crate::attribute::{Numbers, flag};
use crate::dynamo::Refused;
use crate::host::Host;

/// The one row of a partition that counts.
const RATE: &str = "RATE";

/// Attempts to note a join while other joins of the same person are noted.
const ATTEMPTS: usize = 4;

/// Seconds for which a rate is kept after its last use; it says nothing any more then.
const RATE_TTL_S: u64 = 600;

/// When somebody did something, the last few times.
#[derive(Debug, Deserialize)]
struct RateRow {
    recent: Numbers,
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

    async fn seat(&self, talker: &Talker) -> Result<Seating, Fault> {
        let Talker { room_id, person_id, connection_id, .. } = talker;
        let member = member_exists(room_id, person_id)?;
        let note = noting(connection_id, person_id, room_id)?;
        let put = json!({ "Put": {
            "TableName": Table::Voice.physical()?,
            "Item": TalkerRow::from(talker),
        }});
        match self.dynamo()?.transact(vec![member, note, put]).await {
            Ok(()) => Ok(Seating::Seated),
            Err(Refused::Transaction(cancelled)) if cancelled.at(0) => Ok(Seating::NotMember),
            Err(Refused::Transaction(_)) => Ok(Seating::NotConnected),
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

    async fn forbid_voice(&self, room_id: &str) -> Result<bool, Fault> {
        let room = room_exists(room_id)?;
        let put = json!({ "Put": {
            "TableName": Table::Voice.physical()?,
            "Item": key(room_id, OFF),
        }});
        self.transact_if(vec![room, put]).await
    }

    async fn allow_voice(&self, room_id: &str) -> Result<(), Fault> {
        let input = json!({ "TableName": Table::Voice.physical()?, "Key": key(room_id, OFF) });
        Ok(self.dynamo()?.run("DeleteItem", &input).await?)
    }
}

impl Host {
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
        let table = Table::Voice.physical()?;
        let allowed = json!({ "ConditionCheck": {
            "TableName": table,
            "Key": key(&room.room_id, OFF),
            "ConditionExpression": "attribute_not_exists(roomId)",
        }});
        let put = json!({ "Put": {
            "TableName": table,
            "Item": VoiceRoomRow::from(room),
            "ConditionExpression": "attribute_not_exists(roomId)",
        }});
        self.transact_if(vec![allowed, put]).await
    }

    async fn note_channel(&self, room: &VoiceRoom, channel_arn: &str) -> Result<bool, Fault> {
        let input = json!({
            "Key": key(&room.room_id, ROOM),
            "UpdateExpression": "SET channelArn = :arn",
            "ConditionExpression": "voiceRoomId = :own",
            "ExpressionAttributeValues": {
                ":arn": string(channel_arn),
                ":own": string(&room.voice_room_id),
            },
        });
        self.write_if("UpdateItem", Table::Voice, input).await
    }

    async fn note_master(&self, room: &VoiceRoom, connection_id: &str) -> Result<bool, Fault> {
        let member = member_exists(&room.room_id, &room.created_by)?;
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
        self.transact_if(vec![member, note, appoint]).await
    }

    async fn close_voice_room(&self, room: &VoiceRoom, ending: Ending) -> Result<bool, Fault> {
        let mut values = json!({ ":own": string(&room.voice_room_id) });
        let condition = match (ending, &room.master_connection) {
            (Ending::AnyMaster, _) => "voiceRoomId = :own",
            (Ending::SameMaster, None) => {
                "voiceRoomId = :own AND attribute_not_exists(masterConnection)"
            }
            (Ending::SameMaster, Some(master)) => {
                values[":master"] = string(master);
                "voiceRoomId = :own AND masterConnection = :master"
            }
        };
        let input = json!({
            "Key": key(&room.room_id, ROOM),
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        });
        self.write_if("DeleteItem", Table::Voice, input).await
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
