//! ChatConnections.

use chatctl_domain::{Connection, ConnectionStore, Fault, RefusalNotice};
use chatctl_protocol::Refusal;
use serde_json::{Value, json};

use super::row::{ConnectionRow, RefusalRow, Standing};
use super::{Old, Table, numeral, string};
use crate::host::Host;

fn key(connection_id: &str) -> Value {
    json!({ "connectionId": { "S": connection_id } })
}

impl Host {
    async fn standing(&self, connection_id: &str) -> Result<Option<Standing>, Fault> {
        self.get(Table::Connections, key(connection_id)).await
    }
}

impl ConnectionStore for Host {
    async fn connection(&self, connection_id: &str) -> Result<Option<Connection>, Fault> {
        Ok(self.standing(connection_id).await?.and_then(Standing::admitted))
    }

    async fn connections_of(&self, person_id: &str) -> Result<Vec<Connection>, Fault> {
        let input = json!({
            "IndexName": "byPerson",
            "KeyConditionExpression": "personId = :person",
            "ExpressionAttributeValues": { ":person": string(person_id) },
        });
        let rows: Vec<ConnectionRow> = self.query(Table::Connections, input).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn record_refusal(&self, notice: &RefusalNotice, expires_at: u64) -> Result<(), Fault> {
        let input = json!({
            "TableName": Table::Connections.physical()?,
            "Item": RefusalRow::new(notice, expires_at),
        });
        Ok(self.dynamo()?.run("PutItem", &input).await?)
    }

    async fn refusal(&self, connection_id: &str) -> Result<Option<Refusal>, Fault> {
        Ok(self.standing(connection_id).await?.and_then(Standing::refused))
    }

    async fn remove_connection(&self, connection_id: &str) -> Result<Option<Connection>, Fault> {
        let input = json!({
            "TableName": Table::Connections.physical()?,
            "Key": key(connection_id),
            "ReturnValues": "ALL_OLD",
        });
        let old: Old<Standing> = self.dynamo()?.call("DeleteItem", &input).await?;
        Ok(old.attributes.and_then(Standing::admitted))
    }

    async fn prune_connection(&self, connection_id: &str, before: u64) -> Result<(), Fault> {
        let input = json!({
            "Key": key(connection_id),
            "ConditionExpression": "connectedAt < :before",
            "ExpressionAttributeValues": { ":before": numeral(before) },
        });
        self.write_if("DeleteItem", Table::Connections, input).await.map(drop)
    }

    async fn touch_connection(&self, connection_id: &str, expires_at: u64) -> Result<(), Fault> {
        let input = json!({
            "Key": key(connection_id),
            "UpdateExpression": "SET expiresAt = :expiry",
            "ConditionExpression": "attribute_exists(connectionId)",
            "ExpressionAttributeValues": { ":expiry": numeral(expires_at) },
        });
        self.write_if("UpdateItem", Table::Connections, input).await.map(drop)
    }

    async fn enter_room(&self, connection_id: &str, room_id: &str) -> Result<(), Fault> {
        let input = entering(connection_id, room_id);
        self.write_if("UpdateItem", Table::Connections, input).await.map(drop)
    }
}

/// The update that notes a room at a connection, if that is still there.
pub(super) fn entering(connection_id: &str, room_id: &str) -> Value {
    json!({
        "Key": key(connection_id),
        "UpdateExpression": "SET roomId = :room",
        "ConditionExpression": "attribute_exists(connectionId)",
        "ExpressionAttributeValues": { ":room": string(room_id) },
    })
}
