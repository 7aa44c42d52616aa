//! ChatNames.

use chatctl_domain::{Admission, Claim, Connection, Fault, NameHold, NameStore, RESERVED_MS};
use chatctl_protocol::Limits;
use serde_json::{Value, json};

use super::row::{ConnectionRow, NameRow};
use super::{Table, decode, numeral, string};
use crate::dynamo::Refused;
use crate::host::Host;

fn key(name_key: &str) -> Value {
    json!({ "nameKey": { "S": name_key } })
}

/// The change that gives a connection its name, under the condition of its claim.
fn taking(connection: &Connection, claim: Claim<'_>, returning: bool, now: u64) -> Value {
    let Connection { connection_id, person_id, user_id, connected_at, expires_at, .. } = connection;
    let mut values = json!({
        ":me": string(person_id),
        ":held": numeral(*connected_at),
        ":expiry": numeral(*expires_at),
        ":connection": strings(std::slice::from_ref(connection_id)),
    });
    let (update, condition) = match claim {
        Claim::Beside => {
            values[":most"] = numeral(Limits::CURRENT.connections_max.into());
            (BESIDE, format!("personId = :me AND ({NOBODY} OR size(connections) < :most)"))
        }
        Claim::Alone | Claim::InsteadOf(_) => {
            values[":user"] = string(user_id);
            values[":returning"] = json!({ "BOOL": returning });
            values[":now"] = numeral(now / 1000);
            values[":no"] = json!({ "BOOL": false });
            values[":quiet"] = numeral(now.saturating_sub(RESERVED_MS));
            (AFRESH, free(claim, &mut values))
        }
    };
    json!({
        "Key": key(&connection.name_key),
        "UpdateExpression": update,
        "ConditionExpression": condition,
        "ExpressionAttributeValues": values,
    })
}

const BESIDE: &str = "SET heldAt = :held, expiresAt = :expiry ADD connections :connection";

const AFRESH: &str = "SET userId = :user, personId = :me, heldAt = :held, expiresAt = :expiry, \
                      connections = :connection, reserved = :returning REMOVE leftAt";

/// A set without members is no attribute.
const NOBODY: &str = "attribute_not_exists(connections)";

/// The condition on which a name is free, as `NameHold::is_free` has it, or still held as told.
fn free(claim: Claim<'_>, values: &mut Value) -> String {
    let mut condition = format!(
        "attribute_not_exists(nameKey) OR expiresAt <= :now OR \
         ({NOBODY} AND (personId = :me OR reserved = :no OR leftAt <= :quiet))"
    );
    if let Claim::InsteadOf(holder) = claim {
        condition.push_str(" OR (personId = :holder AND heldAt = :since)");
        values[":holder"] = string(&holder.person_id);
        values[":since"] = numeral(holder.held_at);
    }
    condition
}

impl NameStore for Host {
    async fn admit(
        &self,
        connection: &Connection,
        claim: Claim<'_>,
        returning: bool,
        now: u64,
    ) -> Result<Admission, Fault> {
        let mut take = taking(connection, claim, returning, now);
        take["TableName"] = Table::Names.physical()?.into();
        take["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD".into();
        let record = json!({ "Put": {
            "TableName": Table::Connections.physical()?,
            "Item": ConnectionRow::from(connection),
        }});
        match self.dynamo()?.transact(vec![json!({ "Update": take }), record]).await {
            Ok(()) => Ok(Admission::Admitted),
            Err(Refused::Transaction(cancelled)) => match cancelled.into_row(0) {
                Some(row) => Ok(Admission::Held(decode::<NameRow>(Some(row))?.into())),
                None => Ok(Admission::Free),
            },
            Err(refused) => Err(refused.into()),
        }
    }

    async fn name(&self, name_key: &str) -> Result<Option<NameHold>, Fault> {
        let row: Option<NameRow> = self.get(Table::Names, key(name_key)).await?;
        Ok(row.map(Into::into))
    }

    async fn keep_name(
        &self,
        connection: &Connection,
        expires_at: u64,
        reserve: bool,
    ) -> Result<bool, Fault> {
        let reserved = if reserve { ":reserve" } else { "if_not_exists(reserved, :reserve)" };
        let input = json!({
            "Key": key(&connection.name_key),
            "UpdateExpression": format!(
                "SET expiresAt = :expiry, personId = :me, userId = :user, reserved = {reserved}, \
                 heldAt = if_not_exists(heldAt, :held) ADD connections :connection"
            ),
            "ConditionExpression": "attribute_not_exists(nameKey) OR personId = :me",
            "ExpressionAttributeValues": {
                ":expiry": numeral(expires_at),
                ":me": string(&connection.person_id),
                ":user": string(&connection.user_id),
                ":held": numeral(connection.connected_at),
                ":reserve": { "BOOL": reserve },
                ":connection": strings(std::slice::from_ref(&connection.connection_id)),
            },
        });
        self.write_if("UpdateItem", Table::Names, input).await
    }

    async fn part(
        &self,
        name_key: &str,
        person_id: &str,
        connections: &[String],
        now: u64,
    ) -> Result<(), Fault> {
        let input = json!({
            "Key": key(name_key),
            "UpdateExpression": "SET leftAt = :now DELETE connections :connections",
            "ConditionExpression": "personId = :me",
            "ExpressionAttributeValues": {
                ":now": numeral(now),
                ":me": string(person_id),
                ":connections": strings(connections),
            },
        });
        self.write_if("UpdateItem", Table::Names, input).await.map(drop)
    }
}

fn strings(values: &[String]) -> Value {
    json!({ "SS": values })
}
