//! Answers that say what the account is, and need no database beyond a table's existence.

use dynoxide::{Database, DynoxideError};
use http::request::Parts;
use serde::Deserialize;
use serde_json::{Value, json};

/// Where to send requests: here.
pub fn endpoints(parts: &Parts) -> Value {
    let host = parts.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    json!({"Endpoints": [{"Address": host, "CachePeriodInMinutes": 1440}]})
}

/// A new account's limits.
pub fn limits() -> Value {
    json!({
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    })
}

/// Names a table and nothing else.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TableOnly {
    /// The table.
    pub table_name: String,
}

/// Backups: there is no point-in-time recovery here, and the answer says so.
///
/// # Errors
/// There is no such table.
pub fn continuous_backups(database: &Database, table: &str) -> Result<Value, DynoxideError> {
    if database.get_table_metadata(table)?.is_none() {
        let message = format!("Table not found: {table}");
        return Err(DynoxideError::ResourceNotFoundException(message));
    }
    Ok(json!({"ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
    }}))
}
