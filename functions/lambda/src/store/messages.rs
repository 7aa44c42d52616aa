//! ChatMessages and ChatDedupe.

use chatctl_domain::{Fault, MessageStore, Page, Stored, StoredMessage};
use serde_json::{Value, json};

use super::row::{DedupeRow, MessageRow};
use super::{Queried, Table, decode, string};
use crate::attribute::{number, text};
use crate::dynamo::Refused;
use crate::host::Host;

impl MessageStore for Host {
    async fn store(&self, message: &StoredMessage, expires_at: u64) -> Result<Stored, Fault> {
        let put = json!({
            "TableName": Table::Messages.physical()?,
            "Item": MessageRow::from(message),
        });
        let Some(client_id) = &message.message.client_message_id else {
            self.dynamo()?.run("PutItem", &put).await?;
            return Ok(Stored::New);
        };
        let first = json!({ "Put": {
            "TableName": Table::Dedupe.physical()?,
            "Item": dedupe(message, client_id, expires_at),
            "ConditionExpression": "attribute_not_exists(dedupeKey) OR expiresAt <= :now",
            "ExpressionAttributeValues": {
                ":now": { "N": (message.message.timestamp / 1000).to_string() },
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }});
        match self.dynamo()?.transact(vec![first, json!({ "Put": put })]).await {
            Ok(()) => Ok(Stored::New),
            Err(Refused::Transaction(cancelled)) => {
                let row: DedupeRow = decode(cancelled.into_row(0))?;
                Ok(Stored::Before {
                    message_id: row.message_id.value,
                    timestamp: row.timestamp.value,
                })
            }
            Err(refused) => Err(refused.into()),
        }
    }

    async fn message(
        &self,
        room_id: &str,
        message_id: &str,
    ) -> Result<Option<StoredMessage>, Fault> {
        let key = json!({ "roomId": string(room_id), "messageId": string(message_id) });
        let row: Option<MessageRow> = self.get(Table::Messages, key).await?;
        Ok(row.map(Into::into))
    }

    async fn messages(
        &self,
        room_id: &str,
        page: Page<'_>,
        limit: u32,
    ) -> Result<Vec<StoredMessage>, Fault> {
        let mut input = input(room_id, page);
        input["TableName"] = Table::Messages.physical()?.into();
        input["Limit"] = limit.into();
        let found: Queried<MessageRow> = self.dynamo()?.call("Query", &input).await?;
        let mut messages: Vec<StoredMessage> = found.items.into_iter().map(Into::into).collect();
        if !matches!(page, Page::After(_)) {
            messages.reverse();
        }
        Ok(messages)
    }
}

/// The remembered id: a person's own, in one room.
fn dedupe(stored: &StoredMessage, client_id: &str, expires_at: u64) -> DedupeRow {
    let StoredMessage { message, person_id } = stored;
    DedupeRow {
        dedupe_key: text(format!("{}#{person_id}#{client_id}", message.room_id)),
        message_id: text(&message.message_id),
        timestamp: number(message.timestamp),
        expires_at: number(expires_at),
    }
}

/// The query of a page. One answer of DynamoDB holds it: at most 101 rows of 9 KiB are below its 1 MiB.
fn input(room_id: &str, page: Page<'_>) -> Value {
    let (condition, bound) = match page {
        Page::Newest => ("roomId = :room", None),
        Page::Before(id) => ("roomId = :room AND messageId < :id", Some(id)),
        Page::After(id) => ("roomId = :room AND messageId > :id", Some(id)),
    };
    let mut values = json!({ ":room": string(room_id) });
    if let Some(id) = bound {
        values[":id"] = string(id);
    }
    json!({
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": matches!(page, Page::After(_)),
        "ConsistentRead": true,
    })
}
