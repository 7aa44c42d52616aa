//! ChatNames.

use chatctl_domain::{Admission, Connection, Fault, NameHold, NameStore};
use serde_json::{Value, json};

use super::row::{ConnectionRow, NameRow};
use super::{Table, decode, numeral, string};
use crate::dynamo::Refused;
use crate::host::Host;

fn key(name_key: &str) -> Value {
    json!({ "nameKey": { "S": name_key } })
}

impl NameStore for Host {
    async fn admit(
        &self,
        connection: &Connection,
        displaced: Option<&NameHold>,
        now: u64,
    ) -> Result<Admission, Fault> {
        let mut condition =
            "attribute_not_exists(nameKey) OR expiresAt <= :now OR personId = :me".to_owned();
        let mut values = json!({
            ":now": numeral(now / 1000),
            ":me": string(&connection.person_id),
        });
        if let Some(holder) = displaced {
            condition.push_str(" OR (personId = :holder AND heldAt = :since)");
            values[":holder"] = string(&holder.person_id);
            values[":since"] = numeral(holder.held_at);
        }
        let take = json!({ "Put": {
            "TableName": Table::Names.physical()?,
            "Item": NameRow::from(connection),
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }});
        let record = json!({ "Put": {
            "TableName": Table::Connections.physical()?,
            "Item": ConnectionRow::from(connection),
        }});
        match self.dynamo()?.transact(vec![take, record]).await {
            Ok(()) => Ok(Admission::Admitted),
            Err(Refused::Transaction(cancelled)) => {
                let holder: NameRow = decode(cancelled.into_row(0))?;
                Ok(Admission::Held(holder.into()))
            }
            Err(refused) => Err(refused.into()),
        }
    }

    async fn name(&self, name_key: &str) -> Result<Option<NameHold>, Fault> {
        let row: Option<NameRow> = self.get(Table::Names, key(name_key)).await?;
        Ok(row.map(Into::into))
    }

    async fn keep_name(&self, connection: &Connection, expires_at: u64) -> Result<bool, Fault> {
        let input = json!({
            "Key": key(&connection.name_key),
            "UpdateExpression":
                "SET expiresAt = :expiry, personId = :me, userId = :user, heldAt = if_not_exists(heldAt, :held)",
            "ConditionExpression": "attribute_not_exists(nameKey) OR personId = :me",
            "ExpressionAttributeValues": {
                ":expiry": numeral(expires_at),
                ":me": string(&connection.person_id),
                ":user": string(&connection.user_id),
                ":held": numeral(connection.connected_at),
            },
        });
        self.write_if("UpdateItem", Table::Names, input).await
    }

    async fn release_name(&self, connection: &Connection, quiet_since: u64) -> Result<(), Fault> {
        let input = json!({
            "Key": key(&connection.name_key),
            "ConditionExpression":
                "personId = :me AND (heldAt <= :connected OR heldAt < :quiet)",
            "ExpressionAttributeValues": {
                ":me": string(&connection.person_id),
                ":connected": numeral(connection.connected_at),
                ":quiet": numeral(quiet_since),
            },
        });
        self.write_if("DeleteItem", Table::Names, input).await.map(drop)
    }
}
