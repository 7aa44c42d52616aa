//! The JSON 1.1 protocol of CloudWatch Logs: `X-Amz-Target` in, an answer or an error by name out.
//!
//! The operator may do everything; whoever else asks is measured by its policy document.

mod events;
mod groups;
mod live;
mod streams;
mod token;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body_util::Full;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::LogStore;
use super::query::{self, Group};
use super::schema::StoreError;
use crate::local::answer::{self, Answer, Call, Reply};
use crate::local::credentials::Caller;
use crate::local::iam::{Access, Denied};
use crate::stack::Place;

const TARGET: &str = "Logs_20140328.";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// The API over a store; clones share it.
#[derive(Clone)]
pub struct LogsApi {
    store: LogStore,
    access: Access,
    place: Place,
}

/// An error as the service names it.
#[derive(Debug)]
struct Fault {
    status: StatusCode,
    name: &'static str,
    message: String,
}

impl Fault {
    fn named(name: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, name, message: message.into() }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::named("InvalidParameterException", message)
    }

    fn no_group() -> Self {
        Self::named("ResourceNotFoundException", "The specified log group does not exist.")
    }

    fn no_stream() -> Self {
        Self::named("ResourceNotFoundException", "The specified log stream does not exist.")
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self { status, name: "ServiceUnavailableException", message: error.to_string() }
    }
}

impl From<Denied> for Fault {
    fn from(denied: Denied) -> Self {
        Self::named("AccessDeniedException", denied.message)
    }
}

type Outcome = Result<Value, Fault>;

impl LogsApi {
    /// The API of the store's groups at this place.
    pub fn new(store: LogStore, access: Access, place: Place) -> Self {
        Self { store, access, place }
    }

    /// Answers a verified request.
    pub async fn handle(&self, call: Call) -> Reply {
        let Call { caller, parts: _, body } = &call;
        let outcome = match operation(&call) {
            Some(live::NAME) => match self.live(caller, body).await {
                Ok(reply) => return reply,
                Err(fault) => Err(fault),
            },
            Some(name) => self.dispatch(name, caller, body).await,
            None => Err(Fault::named("UnknownOperationException", "X-Amz-Target is missing")),
        };
        answer::whole(match outcome {
            Ok(value) => respond(StatusCode::OK, value),
            Err(fault) => {
                respond(fault.status, json!({"__type": fault.name, "message": fault.message}))
            }
        })
    }

    async fn live(&self, caller: &Caller, body: &Bytes) -> Result<Reply, Fault> {
        self.start_live_tail(caller, parse(body)?).await
    }

    async fn dispatch(&self, operation: &str, caller: &Caller, body: &Bytes) -> Outcome {
        match operation {
            "DescribeLogGroups" => self.describe_groups(caller, parse(body)?).await,
            "CreateLogGroup" => self.create_group(caller, parse(body)?).await,
            "DeleteLogGroup" => self.delete_group(caller, parse(body)?).await,
            "PutRetentionPolicy" => self.put_retention(caller, parse(body)?).await,
            "DeleteRetentionPolicy" => self.delete_retention(caller, parse(body)?).await,
            "DescribeLogStreams" => self.describe_streams(caller, parse(body)?).await,
            "CreateLogStream" => self.create_stream(caller, parse(body)?).await,
            "PutLogEvents" => self.put_events(caller, parse(body)?).await,
            "FilterLogEvents" => self.filter_events(caller, parse(body)?).await,
            "GetLogEvents" => self.get_events(caller, parse(body)?).await,
            other => Err(Fault::named(
                "UnknownOperationException",
                format!("{other} is not part of the stage `local`"),
            )),
        }
    }

    fn allow(&self, caller: &Caller, operation: &str, group: &str) -> Result<(), Fault> {
        let resource = format!("{}:*", self.group_arn(group));
        Ok(self.access.check(caller, &format!("logs:{operation}"), &resource)?)
    }

    fn group_arn(&self, group: &str) -> String {
        self.place.arn("logs", &format!("log-group:{group}"))
    }

    /// Finds a group for reading.
    async fn group(&self, name: &str) -> Result<Group, Fault> {
        let name = name.to_owned();
        self.store.read(move |store| query::group(store, &name)).await?.ok_or_else(Fault::no_group)
    }
}

fn operation(call: &Call) -> Option<&str> {
    call.parts.headers.get("x-amz-target")?.to_str().ok()?.strip_prefix(TARGET)
}

fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, Fault> {
    serde_json::from_slice(body)
        .map_err(|error| Fault::named("SerializationException", error.to_string()))
}

fn respond(status: StatusCode, value: Value) -> Answer {
    // Operations without a result have an empty body.
    let body = if value.is_null() { String::new() } else { value.to_string() };
    let mut answer = Answer::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    answer
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// A limit between 1 and `most`, `most` if none is given.
fn limit(given: Option<i64>, most: usize) -> Result<usize, Fault> {
    match given {
        None => Ok(most),
        Some(given) => {
            usize::try_from(given).ok().filter(|n| (1..=most).contains(n)).ok_or_else(|| {
                Fault::invalid(format!(
                    "1 validation error detected: Value '{given}' at 'limit' failed to satisfy \
                     constraint: Member must have value between 1 and {most}"
                ))
            })
        }
    }
}

/// Checks a group's name against AWS's alphabet.
fn group_name(name: &str) -> Result<&str, Fault> {
    let fine = |c: char| c.is_ascii_alphanumeric() || "._-/#".contains(c);
    if (1..=512).contains(&name.len()) && name.chars().all(fine) {
        return Ok(name);
    }
    Err(Fault::invalid(format!(
        "1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy \
         constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
    )))
}

/// The group's name from the one of two parameters that is given; an identifier may be an ARN.
fn named_group(name: Option<String>, identifier: Option<String>) -> Result<String, Fault> {
    match (name, identifier) {
        (Some(name), None) => group_name(&name).map(str::to_owned),
        (None, Some(identifier)) => {
            let name = identifier.split_once(":log-group:").map_or(&*identifier, |(_, name)| name);
            group_name(name.trim_end_matches(":*")).map(str::to_owned)
        }
        (Some(_), Some(_)) => {
            Err(Fault::invalid("LogGroup name and LogGroup ARN are mutually exclusive parameters."))
        }
        (None, None) => {
            Err(Fault::invalid("Either logGroupName or logGroupIdentifier must be given."))
        }
    }
}
