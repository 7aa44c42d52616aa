//! DynamoDB: AWS's JSON protocol over an embedded database, with every call authorised.
//!
//! The database itself is `dynoxide`; here are the transport, IAM's actions, the account's own ARNs
//! and the stack's tables. A call runs on the thread that asks: it takes tens of microseconds, and
//! the database serves one call at a time.

mod arns;
mod demands;
#[cfg(test)]
mod durability;
mod errors;
mod fixed;
mod operations;
mod tables;
mod tokens;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dynoxide::{Database, DynoxideError};
use http::{HeaderValue, StatusCode};

use super::answer::{Answer, Call, answer};
use super::credentials::Caller;
use super::iam::Access;
use crate::stack::Place;
use arns::Arns;
use errors::Failure;
use tokens::Tokens;

pub use tables::ApplyError;

/// The tables cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is not, or no longer, a database.
    #[error("it is no database, or a damaged one")]
    Damaged,
    /// The database refused.
    #[error(transparent)]
    Database(#[from] DynoxideError),
}

impl OpenError {
    /// The library says of a file that is no database that it may be encrypted, and how to open it
    /// then; these never are.
    fn of(error: DynoxideError) -> Self {
        match error {
            DynoxideError::InternalServerError(said) if said.contains("not a valid SQLite") => {
                Self::Damaged
            }
            error => Self::Database(error),
        }
    }
}

/// The JSON protocol's media type.
const MEDIA_TYPE: &str = "application/x-amz-json-1.0";

/// The tables of a stage; clones share them.
#[derive(Clone)]
pub struct DynamoDb {
    database: Database,
    /// The database serves one call at a time behind a lock of its own, which would hold a whole
    /// worker thread of the runtime; those who wait for this one first leave their thread to others.
    turn: Arc<tokio::sync::Mutex<()>>,
    tokens: Arc<Mutex<Tokens>>,
    access: Access,
    arns: Arns,
}

impl DynamoDb {
    /// Opens the database file, or makes it.
    ///
    /// What was answered survives the process being killed: SQLite's write-ahead log is handed to
    /// the operating system with every commit.
    ///
    /// # Errors
    /// The file cannot be opened, or was written by a newer version.
    pub fn open(path: &Path, place: &Place, access: Access) -> Result<Self, OpenError> {
        let database = Database::new(&path.to_string_lossy()).map_err(OpenError::of)?;
        // The name misleads: this sets `synchronous = NORMAL`, which spares an fsync a commit and
        // loses nothing when the process dies, only perhaps the last commits when the power does.
        database.disable_bulk_loading()?;
        Ok(Self {
            database,
            turn: Arc::default(),
            tokens: Arc::default(),
            access,
            arns: Arns::new(place),
        })
    }

    /// Answers a call of the API.
    pub async fn handle(&self, call: Call) -> Answer {
        match self.run(&call).await {
            Ok(body) => respond(StatusCode::OK, body),
            Err(failure) => respond(failure.status(), failure.body()),
        }
    }

    async fn run(&self, call: &Call) -> Result<Vec<u8>, Failure> {
        let target = call.parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let (api, operation) =
            target.and_then(|target| target.split_once('.')).ok_or(Failure::UnknownOperation)?;
        if !matches!(api, "DynamoDB_20120810" | "DynamoDBStreams_20120810") {
            return Err(Failure::UnknownOperation);
        }
        let body = self.arns.inbound(&call.body);
        operations::Run { cloud: self, caller: &call.caller, operation, body: &body }
            .run(&call.parts)
            .await
    }

    /// Refuses a caller that may not do one of these things.
    fn authorise(&self, caller: &Caller, demands: &[demands::Demand]) -> Result<(), Failure> {
        for (action, resource) in demands {
            let resource = self.arns.of(resource);
            self.access.check(caller, action, &resource).map_err(Failure::Denied)?;
        }
        Ok(())
    }

    /// Deletes what has expired; how many items that were.
    ///
    /// # Errors
    /// The database failed.
    pub fn sweep_ttl(&self) -> Result<usize, DynoxideError> {
        self.database.sweep_ttl()
    }

    /// Sweeps every so often, until the future is dropped.
    pub async fn sweep_ttl_every(&self, period: Duration) {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let cloud = self.clone();
            match tokio::task::spawn_blocking(move || cloud.sweep_ttl()).await {
                Ok(Ok(0)) => {}
                Ok(Ok(items)) => tracing::debug!(items, "expired items deleted"),
                Ok(Err(error)) => tracing::warn!(%error, "expired items could not be deleted"),
                Err(error) => tracing::warn!(%error, "the deletion of expired items failed"),
            }
        }
    }
}

/// Every answer carries a request id and the body's checksum, which SDKs verify.
fn respond(status: StatusCode, body: Vec<u8>) -> Answer {
    let checksum = crc32fast::hash(&body);
    let mut answer = answer(status, MEDIA_TYPE, body);
    let headers = answer.headers_mut();
    headers.insert("x-amz-crc32", HeaderValue::from(checksum));
    let id = format!("{}{}", ulid::Ulid::new(), ulid::Ulid::new());
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert("x-amzn-requestid", id);
    }
    answer
}

#[cfg(test)]
mod tests;
