//! The tables: each access pattern of the rules as one call, or one transaction, of DynamoDB.
//!
//! Rows here are shapes on the wire; whether one has expired, and what it allows, is asked elsewhere.

mod connections;
mod messages;
mod names;
mod room_row;
mod rooms;
mod row;
mod voice;
mod voice_row;

use chatctl_domain::Fault;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::dynamo::Refused;
use crate::host::Host;
use crate::settings::required;

/// The tables by their logical names.
#[derive(Debug, Clone, Copy)]
enum Table {
    Connections,
    Names,
    Rooms,
    Messages,
    Dedupe,
    Voice,
}

impl Table {
    /// The physical name, which a function has only if it was granted something on the table.
    fn physical(self) -> Result<String, Fault> {
        required(match self {
            Self::Connections => "TABLE_CHATCONNECTIONS",
            Self::Names => "TABLE_CHATNAMES",
            Self::Rooms => "TABLE_CHATROOMS",
            Self::Messages => "TABLE_CHATMESSAGES",
            Self::Dedupe => "TABLE_CHATDEDUPE",
            Self::Voice => "TABLE_VOICEROOMS",
        })
    }
}

#[derive(Deserialize)]
struct Got<T> {
    #[serde(rename = "Item")]
    item: Option<T>,
}

#[derive(Deserialize)]
struct Old<T> {
    #[serde(rename = "Attributes")]
    attributes: Option<T>,
}

#[derive(Deserialize)]
struct Queried<T> {
    #[serde(rename = "Items", default = "Vec::new")]
    items: Vec<T>,
    #[serde(rename = "LastEvaluatedKey")]
    more: Option<Value>,
}

#[derive(Deserialize)]
struct Counted {
    #[serde(rename = "Count")]
    count: usize,
    #[serde(rename = "LastEvaluatedKey")]
    more: Option<Value>,
}

impl Host {
    /// One row, as of now.
    async fn get<T: DeserializeOwned>(&self, table: Table, key: Value) -> Result<Option<T>, Fault> {
        let input = json!({
            "TableName": table.physical()?,
            "Key": key,
            "ConsistentRead": true,
        });
        let got: Got<T> = self.dynamo()?.call("GetItem", &input).await?;
        Ok(got.item)
    }

    /// Every row that a query finds, page after page.
    async fn query<T: DeserializeOwned>(
        &self,
        table: Table,
        mut input: Value,
    ) -> Result<Vec<T>, Fault> {
        input["TableName"] = table.physical()?.into();
        let mut rows = Vec::new();
        loop {
            let page: Queried<T> = self.dynamo()?.call("Query", &input).await?;
            rows.extend(page.items);
            match page.more {
                Some(key) => input["ExclusiveStartKey"] = key,
                None => return Ok(rows),
            }
        }
    }

    /// How many rows a query finds.
    async fn count(&self, table: Table, mut input: Value) -> Result<usize, Fault> {
        input["TableName"] = table.physical()?.into();
        input["Select"] = "COUNT".into();
        let mut found = 0;
        loop {
            let page: Counted = self.dynamo()?.call("Query", &input).await?;
            found += page.count;
            match page.more {
                Some(key) => input["ExclusiveStartKey"] = key,
                None => return Ok(found),
            }
        }
    }

    /// A write under a condition; false where the condition does not hold.
    async fn write_if(
        &self,
        operation: &str,
        table: Table,
        mut input: Value,
    ) -> Result<bool, Fault> {
        input["TableName"] = table.physical()?.into();
        match self.dynamo()?.run(operation, &input).await {
            Ok(()) => Ok(true),
            Err(Refused::Condition) => Ok(false),
            Err(refused) => Err(refused.into()),
        }
    }
}

/// A row from a value that came inside an error.
fn decode<T: DeserializeOwned>(row: Option<Value>) -> Result<T, Fault> {
    let row = row.ok_or_else(|| Fault("a refused condition came without its row".into()))?;
    serde_json::from_value(row).map_err(|error| Fault(format!("a stored row: {error}")))
}

/// Attributes of a value, for conditions.
fn string(value: &str) -> Value {
    json!({ "S": value })
}

fn numeral(value: u64) -> Value {
    json!({ "N": value.to_string() })
}
