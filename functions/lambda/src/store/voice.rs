//! VoiceRooms, one partition a room: `OFF` where an admin has switched voice off, `PERSON#<person>`
//! a talker. And ChatRates, where joins are counted.

use chatctl_domain::{Fault, Talker, VoiceRows, VoiceStore};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Table, numeral, string};
use crate::attribute::{Flag, Number, Numbers, Text, flag, number, text};
use crate::dynamo::Refused;
use crate::host::Host;

const OFF: &str = "OFF";
const TALKER: &str = "PERSON#";

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
    period: Number,
    signals: Number,
    expires_at: Number,
}

impl From<&Talker> for TalkerRow {
    fn from(talker: &Talker) -> Self {
        let Talker {
            room_id,
            person_id,
            user_id,
            connection_id,
            muted,
            joined_at,
            period,
            signals,
            expires_at,
        } = talker;
        Self {
            room_id: text(room_id),
            entry: text(format!("{TALKER}{person_id}")),
            person_id: text(person_id),
            user_id: text(user_id),
            connection_id: text(connection_id),
            muted: flag(*muted),
            joined_at: number(*joined_at),
            period: number(*period),
            signals: number((*signals).into()),
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
            period: row.period.value,
            signals: u32::try_from(row.signals.value).unwrap_or(u32::MAX),
            expires_at: row.expires_at.value,
        }
    }
}

/// ChatRates, one row a person and thing that they do.
#[derive(Debug, Deserialize)]
struct RateRow {
    recent: Numbers,
}

fn sort(rows: Vec<Value>) -> Result<VoiceRows, Fault> {
    let mut sorted = VoiceRows::default();
    for row in rows {
        match row["entry"]["S"].as_str().unwrap_or_default() {
            OFF => sorted.forbidden = true,
            _ => {
                let row: TalkerRow = serde_json::from_value(row)
                    .map_err(|error| Fault(format!("a row of VoiceRooms: {error}")))?;
                sorted.talkers.push(row.into());
            }
        }
    }
    Ok(sorted)
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
        let note = json!({ "Update": {
            "TableName": Table::Connections.physical()?,
            "Key": { "connectionId": string(&talker.connection_id) },
            "UpdateExpression": "ADD voiceRooms :rooms",
            "ConditionExpression": "personId = :me",
            "ExpressionAttributeValues": {
                ":rooms": { "SS": [&talker.room_id] },
                ":me": string(&talker.person_id),
            },
        }});
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

    async fn count_signal(&self, talker: &Talker, period: u64, most: u32) -> Result<bool, Fault> {
        let mut values = json!({
            ":connection": string(&talker.connection_id),
            ":period": numeral(period),
            ":one": numeral(1),
        });
        let (update, condition) = match talker.period == period {
            true => {
                values[":most"] = numeral(most.into());
                ("SET signals = signals + :one", "period = :period AND signals < :most")
            }
            false => ("SET period = :period, signals = :one", "period < :period"),
        };
        let input = json!({
            "Key": talker_key(&talker.room_id, &talker.person_id),
            "UpdateExpression": update,
            "ConditionExpression": format!("connectionId = :connection AND {condition}"),
            "ExpressionAttributeValues": values,
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
        let key = json!({ "rateKey": string(&format!("voice:join#{person_id}")) });
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
            if self.write_if("UpdateItem", Table::Rates, append).await? {
                return Ok(None);
            }
            let row: Option<RateRow> = self.get(Table::Rates, key.clone()).await?;
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
            if self.write_if("UpdateItem", Table::Rates, replace).await? {
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
            period: 8,
            signals: 9,
            expires_at: 10,
        };
        let row = serde_json::to_value(TalkerRow::from(&talker)).unwrap();
        assert_eq!(row["entry"]["S"], "PERSON#p");
        let rows = sort(vec![row, key("r", OFF)]).unwrap();
        assert_eq!(rows, VoiceRows { talkers: vec![talker], forbidden: true });
    }
}
