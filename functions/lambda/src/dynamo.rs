//! DynamoDB's JSON protocol: one call, its retries, and the two refusals that rules care about.

use std::time::Duration;

use bytes::Bytes;
use chatctl_domain::Fault;
use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::host::jitter;
use crate::http::{Answer, Endpoint, Kind, Outgoing};

/// One attempt's time.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Attempts at a call that failed for a reason that passes.
const ATTEMPTS: u32 = 4;

/// The database.
#[derive(Debug)]
pub(crate) struct Dynamo {
    endpoint: Endpoint,
}

/// Why a call did not do its work.
#[derive(Debug)]
pub(crate) enum Refused {
    /// A condition did not hold.
    Condition,
    /// Conditions of a transaction did not hold.
    Transaction(Cancelled),
    /// Anything else.
    Fault(Fault),
}

/// Which actions of a transaction were refused, in their order; each with its row where asked for.
#[derive(Debug)]
pub(crate) struct Cancelled(Vec<Option<Option<Value>>>);

impl Cancelled {
    /// Whether the action at this place was refused.
    pub(crate) fn at(&self, place: usize) -> bool {
        self.0.get(place).is_some_and(Option::is_some)
    }

    /// The row that stood against the action at this place.
    pub(crate) fn into_row(mut self, place: usize) -> Option<Value> {
        self.0.get_mut(place).and_then(Option::take).flatten()
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Condition => Fault("a condition did not hold".into()),
            Refused::Transaction(_) => Fault("a condition of a transaction did not hold".into()),
            Refused::Fault(fault) => fault,
        }
    }
}

impl Dynamo {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint }
    }

    /// Calls an operation and reads its answer.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        operation: &str,
        input: &impl Serialize,
    ) -> Result<T, Refused> {
        let body = self.bytes(operation, input).await?;
        serde_json::from_slice(&body)
            .map_err(|error| Refused::Fault(Fault(format!("{operation}: {error}"))))
    }

    /// Calls an operation whose answer does not matter.
    pub(crate) async fn run(&self, operation: &str, input: &impl Serialize) -> Result<(), Refused> {
        self.bytes(operation, input).await.map(drop)
    }

    /// Writes all actions or none. The token makes a retry after a lost answer harmless.
    pub(crate) async fn transact(&self, actions: Vec<Value>) -> Result<(), Refused> {
        let token = format!("{:032x}", crate::host::bits());
        let input = json!({ "TransactItems": actions, "ClientRequestToken": token });
        self.run("TransactWriteItems", &input).await
    }

    async fn bytes(&self, operation: &str, input: &impl Serialize) -> Result<Bytes, Refused> {
        let fault = |text: String| Refused::Fault(Fault(format!("{operation}: {text}")));
        let body: Bytes =
            serde_json::to_vec(input).map_err(|error| fault(error.to_string()))?.into();
        let target = format!("DynamoDB_20120810.{operation}");
        let mut attempt = 1;
        loop {
            let outgoing = Outgoing {
                method: Method::POST,
                path: "/",
                kind: Kind::Target(&target, "application/x-amz-json-1.0"),
                body: body.clone(),
                timeout: TIMEOUT,
            };
            let failure = match self.endpoint.send(outgoing).await {
                Ok(Answer { status: StatusCode::OK, body, .. }) => return Ok(body),
                Ok(answer) => failure(&answer),
                Err(Fault(text)) => Failure::Passing(text),
            };
            match failure {
                Failure::Refused(refused) => return Err(refused),
                Failure::Lasting(text) => return Err(fault(text)),
                Failure::Passing(text) if attempt == ATTEMPTS => return Err(fault(text)),
                Failure::Passing(_) => tokio::time::sleep(jitter(attempt)).await,
            }
            attempt += 1;
        }
    }
}

enum Failure {
    Refused(Refused),
    /// The same call can succeed a moment later.
    Passing(String),
    Lasting(String),
}

fn failure(answer: &Answer) -> Failure {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let kind = body["__type"].as_str().and_then(|kind| kind.rsplit('#').next()).unwrap_or_default();
    let said = body["message"].as_str().or_else(|| body["Message"].as_str()).unwrap_or_default();
    let text = format!("{} {kind}: {said}", answer.status.as_u16());
    match kind {
        "ConditionalCheckFailedException" => Failure::Refused(Refused::Condition),
        "TransactionCanceledException" => cancelled(&body, text),
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "TransactionConflictException"
        | "TransactionInProgressException" => Failure::Passing(text),
        _ if answer.status.is_server_error() => Failure::Passing(text),
        _ => Failure::Lasting(text),
    }
}

/// A transaction that lost a race is tried again; one whose conditions do not hold is not.
fn cancelled(body: &Value, text: String) -> Failure {
    let reasons = body["CancellationReasons"].as_array().map(Vec::as_slice).unwrap_or_default();
    let code = |reason: &Value| reason["Code"].as_str().unwrap_or_default().to_owned();
    if reasons.iter().any(|reason| code(reason) == "ConditionalCheckFailed") {
        let refused = reasons.iter().map(|reason| {
            (code(reason) == "ConditionalCheckFailed").then(|| reason.get("Item").cloned())
        });
        return Failure::Refused(Refused::Transaction(Cancelled(refused.collect())));
    }
    let passes = ["TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"];
    match reasons.iter().any(|reason| passes.contains(&code(reason).as_str())) {
        true => Failure::Passing(text),
        false => Failure::Lasting(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: Value) -> Failure {
        let status = StatusCode::from_u16(status).unwrap();
        failure(&Answer { status, refusal: String::new(), body: body.to_string().into() })
    }

    #[test]
    fn a_lost_race_is_tried_again_and_a_failed_condition_is_not() {
        let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
        let lost = json!({"__type": kind, "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}]});
        assert!(matches!(answered(400, lost), Failure::Passing(_)));
        let row = json!({"personId": {"S": "p"}});
        let failed = json!({"__type": kind, "CancellationReasons": [
            {"Code": "None"}, {"Code": "ConditionalCheckFailed", "Item": row}]});
        let Failure::Refused(Refused::Transaction(cancelled)) = answered(400, failed) else {
            panic!("not seen as a failed condition");
        };
        assert!(!cancelled.at(0) && cancelled.at(1) && !cancelled.at(2));
        assert_eq!(cancelled.into_row(1), Some(row));
    }

    #[test]
    fn a_denial_lasts_and_an_outage_passes() {
        let denied =
            json!({"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "no"});
        assert!(matches!(answered(400, denied), Failure::Lasting(text) if text.contains("no")));
        assert!(matches!(answered(503, Value::Null), Failure::Passing(_)));
    }
}
