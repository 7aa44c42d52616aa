//! Operations on streams.

use serde::Deserialize;
use serde_json::{Value, json};

use super::query::Stream;
use super::{
    Caller, Fault, LogsApi, Outcome, group_name, limit, named_group, now_ms, query, token,
};

const PAGE: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DescribeStreams {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    next_token: Option<String>,
    limit: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedStream {
    log_group_name: String,
    log_stream_name: String,
}

/// What streams are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Name,
    LastEvent,
}

impl Order {
    fn parse(order: Option<&str>, prefix: Option<&str>) -> Result<Self, Fault> {
        match order {
            None | Some("LogStreamName") => Ok(Self::Name),
            Some("LastEventTime") if prefix.is_some() => {
                Err(Fault::invalid("Cannot order by LastEventTime with a logStreamNamePrefix."))
            }
            Some("LastEventTime") => Ok(Self::LastEvent),
            Some(other) => Err(Fault::invalid(format!(
                "1 validation error detected: Value '{other}' at 'orderBy' failed to satisfy \
                 constraint: Member must satisfy enum value set: [LogStreamName, LastEventTime]"
            ))),
        }
    }

    /// What a stream is ordered by; the name makes it unique.
    fn key(self, stream: &Stream) -> (i64, String) {
        let time = match self {
            Self::Name => 0,
            Self::LastEvent => stream.last_ms.unwrap_or(0),
        };
        (time, stream.name.clone())
    }
}

impl LogsApi {
    pub(super) async fn describe_streams(
        &self,
        caller: &Caller,
        request: DescribeStreams,
    ) -> Outcome {
        let name = named_group(request.log_group_name, request.log_group_identifier)?;
        self.allow(caller, "DescribeLogStreams", &name)?;
        let prefix = request.log_stream_name_prefix;
        let order = Order::parse(request.order_by.as_deref(), prefix.as_deref())?;
        let descending = request.descending;
        let limit = limit(request.limit, PAGE)?;
        let purpose = token::purpose(&(&name, &prefix, order == Order::Name, descending));
        let after = request.next_token.map(|token| token::open(&token, &purpose, now_ms()));
        let after: Option<(i64, String)> = after.transpose()?;
        let group = self.group(&name).await?;
        let mut streams = self.store.read(move |store| query::streams(store, group.id)).await?;
        streams.retain(|stream| stream.name.starts_with(prefix.as_deref().unwrap_or_default()));
        streams.sort_by_cached_key(|stream| order.key(stream));
        if descending {
            streams.reverse();
        }
        if let Some(after) = after {
            streams.retain(|stream| {
                let key = order.key(stream);
                if descending { key < after } else { key > after }
            });
        }
        let next = (streams.len() > limit)
            .then(|| token::seal(order.key(&streams[limit - 1]), &purpose, now_ms()));
        let shown: Vec<Value> =
            streams.iter().take(limit).map(|stream| self.stream_json(&name, stream)).collect();
        let mut answer = json!({"logStreams": shown});
        if let Some(next) = next {
            answer["nextToken"] = next.into();
        }
        Ok(answer)
    }

    fn stream_json(&self, group: &str, stream: &Stream) -> Value {
        let arn = format!("{}:log-stream:{}", self.group_arn(group), stream.name);
        let mut shown = json!({
            "logStreamName": stream.name,
            "creationTime": stream.created_ms,
            "arn": arn,
            "storedBytes": 0,
        });
        let times = [
            ("firstEventTimestamp", stream.first_ms),
            ("lastEventTimestamp", stream.last_ms),
            ("lastIngestionTime", stream.ingested_ms),
        ];
        for (name, time) in times {
            if let Some(time) = time {
                shown[name] = time.into();
            }
        }
        shown
    }

    pub(super) async fn create_stream(&self, caller: &Caller, request: NamedStream) -> Outcome {
        let group = group_name(&request.log_group_name)?.to_owned();
        let stream = request.log_stream_name;
        if !(1..=512).contains(&stream.len()) || stream.contains([':', '*']) {
            return Err(Fault::invalid(format!(
                "1 validation error detected: Value '{stream}' at 'logStreamName' failed to \
                 satisfy constraint: Member must satisfy regular expression pattern: [^:*]*"
            )));
        }
        self.allow(caller, "CreateLogStream", &group)?;
        let made = self.store.write(move |writer| match writer.group(&group)? {
            Some(id) => writer.add_stream(id, &stream).map(Some),
            None => Ok(None),
        });
        match made.await? {
            Some(true) => Ok(Value::Null),
            Some(false) => Err(Fault::named(
                "ResourceAlreadyExistsException",
                "The specified log stream already exists",
            )),
            None => Err(Fault::no_group()),
        }
    }
}
