//! Brings up the stack's tables; refuses, as AWS would, what would lose data.

use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};

use super::DynamoDb;
use crate::stack::{Index, Table};

/// Why the tables cannot be brought up.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Keys cannot be changed; the table would have to be replaced, and its items lost.
    #[error(
        "the keys of `{table}` changed from {old} to {new}; a table's keys are for ever. Give the \
         new table another name and move the items, or remove the stage's data with \
         `chatctl teardown`"
    )]
    KeysChanged {
        /// The table, or `table/index`.
        table: String,
        /// The keys that it has.
        old: String,
        /// The keys that the stack wants.
        new: String,
    },
    /// The database failed.
    #[error("table `{table}`: {source}")]
    Database {
        /// The table.
        table: String,
        /// The database's words.
        source: DynoxideError,
    },
}

impl DynamoDb {
    /// Makes the tables that are missing, adds and removes indexes, and sets the expiry. Returns the
    /// names of the tables that changed.
    ///
    /// # Errors
    /// The keys of a table or an index differ from those that exist, or the database failed.
    pub fn apply(&self, tables: &[Table]) -> Result<Vec<String>, ApplyError> {
        let mut changed = Vec::new();
        for table in tables {
            if apply_table(&self.database, table)? {
                changed.push(table.physical.clone());
            }
        }
        Ok(changed)
    }
}

fn apply_table(database: &Database, table: &Table) -> Result<bool, ApplyError> {
    let failed = |source| ApplyError::Database { table: table.physical.clone(), source };
    let known = database.get_table_metadata(&table.physical).map_err(failed)?.is_some();
    let indexes = if known {
        let description = describe(database, &table.physical).map_err(failed)?;
        same_keys(
            &table.physical,
            &description["KeySchema"],
            &table.partition,
            table.sort.as_ref(),
        )?;
        apply_indexes(database, table, &description)?
    } else {
        database.create_table(request(create_request(table)).map_err(failed)?).map_err(failed)?;
        true
    };
    Ok(apply_ttl(database, table).map_err(failed)? || indexes)
}

fn describe(database: &Database, name: &str) -> Result<Value, DynoxideError> {
    let described = database.describe_table(request(json!({"TableName": name}))?)?;
    let mut value = serde_json::to_value(described).unwrap_or_default();
    Ok(value["Table"].take())
}

fn same_keys(
    what: &str,
    schema: &Value,
    partition: &str,
    sort: Option<&String>,
) -> Result<(), ApplyError> {
    let named = |elements: &Value| {
        let names = elements.as_array().into_iter().flatten();
        names.filter_map(|key| key["AttributeName"].as_str()).collect::<Vec<_>>().join(", ")
    };
    let (old, new) = (named(schema), named(&key_schema(partition, sort)));
    if old == new {
        return Ok(());
    }
    Err(ApplyError::KeysChanged { table: what.to_owned(), old, new })
}

fn apply_indexes(
    database: &Database,
    table: &Table,
    description: &Value,
) -> Result<bool, ApplyError> {
    let failed = |source| ApplyError::Database { table: table.physical.clone(), source };
    let existing = description["GlobalSecondaryIndexes"].as_array().cloned().unwrap_or_default();
    let name_of = |index: &Value| index["IndexName"].as_str().unwrap_or_default().to_owned();
    let mut updates = Vec::new();
    for index in &table.indexes {
        match existing.iter().find(|known| name_of(known) == index.name) {
            Some(known) => {
                let what = format!("{}/{}", table.physical, index.name);
                same_keys(&what, &known["KeySchema"], &index.partition, index.sort.as_ref())?;
            }
            None => updates.push(json!({"Create": index_request(index)})),
        }
    }
    let wanted = |name: &str| table.indexes.iter().any(|index| index.name == name);
    let gone = existing.iter().map(name_of).filter(|name| !wanted(name));
    updates.extend(gone.map(|name| json!({"Delete": {"IndexName": name}})));
    for update in &updates {
        let update = json!({
            "TableName": table.physical,
            "AttributeDefinitions": attributes(table),
            "GlobalSecondaryIndexUpdates": [update],
        });
        database.update_table(request(update).map_err(failed)?).map_err(failed)?;
    }
    Ok(!updates.is_empty())
}

/// DynamoDB refuses to set the expiry to what it is.
fn apply_ttl(database: &Database, table: &Table) -> Result<bool, DynoxideError> {
    let name = json!({"TableName": table.physical});
    let described = database.describe_time_to_live(request(name)?)?;
    let described = serde_json::to_value(described).unwrap_or_default();
    let described = &described["TimeToLiveDescription"];
    let on = described["TimeToLiveStatus"] == "ENABLED";
    let current = described["AttributeName"].as_str().filter(|_| on);
    if current == table.ttl.as_deref() {
        return Ok(false);
    }
    let set = |attribute: &str, enabled: bool| {
        let change = json!({
            "TableName": table.physical,
            "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": enabled},
        });
        database.update_time_to_live(request(change)?).map(drop)
    };
    if let Some(attribute) = current {
        set(attribute, false)?;
    }
    if let Some(attribute) = &table.ttl {
        set(attribute, true)?;
    }
    Ok(true)
}

fn create_request(table: &Table) -> Value {
    let mut create = json!({
        "TableName": table.physical,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": key_schema(&table.partition, table.sort.as_ref()),
        "AttributeDefinitions": attributes(table),
    });
    if !table.indexes.is_empty() {
        create["GlobalSecondaryIndexes"] = table.indexes.iter().map(index_request).collect();
    }
    create
}

fn index_request(index: &Index) -> Value {
    json!({
        "IndexName": index.name,
        "KeySchema": key_schema(&index.partition, index.sort.as_ref()),
        "Projection": {"ProjectionType": "ALL"},
    })
}

fn key_schema(partition: &str, sort: Option<&String>) -> Value {
    let mut schema = vec![json!({"AttributeName": partition, "KeyType": "HASH"})];
    schema.extend(sort.map(|sort| json!({"AttributeName": sort, "KeyType": "RANGE"})));
    schema.into()
}

/// Every attribute that some key uses, once; all are strings.
fn attributes(table: &Table) -> Value {
    let of_indexes =
        table.indexes.iter().flat_map(|index| [Some(&index.partition), index.sort.as_ref()]);
    let mut names: Vec<_> = [Some(&table.partition), table.sort.as_ref()]
        .into_iter()
        .chain(of_indexes)
        .flatten()
        .collect();
    names.sort_unstable();
    names.dedup();
    names.iter().map(|name| json!({"AttributeName": name, "AttributeType": "S"})).collect()
}

/// A request of the database, through the reader that checks it.
fn request<T: serde::de::DeserializeOwned>(request: Value) -> Result<T, DynoxideError> {
    serde_json::from_value(request)
        .map_err(|error| DynoxideError::ValidationException(error.to_string()))
}
