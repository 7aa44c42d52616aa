//! StartLiveTail: an answer that goes on, as AWS's event stream, with what was stored each second.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use aws_smithy_types::str_bytes::StrBytes;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use http::{HeaderValue as HttpValue, header};
use http_body_util::{BodyExt, Either, StreamBody};
use hyper::body::Frame;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::{Caller, Fault, LogsApi, group_name};
use crate::local::answer::Reply;
use crate::local::logs::listeners::{Heard, HeardEvent, Listener, Streams, Wanted};
use crate::local::logs::pattern::Pattern;

/// The operation.
pub const NAME: &str = "StartLiveTail";
const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";
/// How many groups one session takes.
const GROUPS: usize = 10;

/// How often an update comes, and when the session is over.
#[derive(Debug, Clone, Copy)]
struct Timing {
    every: Duration,
    life: Duration,
}

impl Timing {
    /// CloudWatch's own.
    const AWS: Self =
        Self { every: Duration::from_secs(1), life: Duration::from_secs(3 * 60 * 60) };
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    #[serde(default)]
    log_group_identifiers: Vec<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefixes: Option<Vec<String>>,
    log_event_filter_pattern: Option<String>,
}

impl LogsApi {
    pub(super) async fn start_live_tail(
        &self,
        caller: &Caller,
        request: Start,
    ) -> Result<Reply, Fault> {
        let groups = self.live_groups(&request.log_group_identifiers)?;
        for group in &groups {
            self.allow(caller, NAME, group)?;
        }
        let (opening, wanted) = (opening(&request), wanted(request, groups)?);
        for group in &wanted.groups {
            self.group(group).await?;
        }
        let listener = self.store.listen(wanted).ok_or_else(|| {
            let message = "The maximum number of concurrent Live Tail sessions has been reached.";
            Fault::named("LimitExceededException", message)
        })?;
        let session = Session::new(listener, &self.place.account, Timing::AWS);
        let body = session.stream(opening).map(|bytes| Ok::<_, Infallible>(Frame::data(bytes)));
        let mut reply = Reply::new(Either::Right(StreamBody::new(body).boxed_unsync()));
        let content_type = HttpValue::from_static(CONTENT_TYPE);
        reply.headers_mut().insert(header::CONTENT_TYPE, content_type);
        Ok(reply)
    }

    /// The names of the groups, which are given by their ARNs.
    fn live_groups(&self, identifiers: &[String]) -> Result<Vec<String>, Fault> {
        if !(1..=GROUPS).contains(&identifiers.len()) {
            return Err(Fault::invalid(format!(
                "1 validation error detected: Value at 'logGroupIdentifiers' failed to satisfy \
                 constraint: Member must have length between 1 and {GROUPS}"
            )));
        }
        let name = |identifier: &String| {
            if !identifier.starts_with("arn:") || identifier.ends_with('*') {
                return Err(Fault::invalid(format!(
                    "The log group identifier '{identifier}' is not valid: it must be the ARN of a \
                     log group, without an asterisk at its end."
                )));
            }
            let name = identifier.strip_prefix(&self.group_arn("")).ok_or_else(Fault::no_group)?;
            group_name(name).map(str::to_owned)
        };
        identifiers.iter().map(name).collect()
    }
}

fn wanted(request: Start, groups: Vec<String>) -> Result<Wanted, Fault> {
    let pattern = request.log_event_filter_pattern.unwrap_or_default();
    let pattern = Pattern::parse(&pattern).map_err(|error| Fault::invalid(error.to_string()))?;
    let streams = match (request.log_stream_names, request.log_stream_name_prefixes) {
        (None, None) => Streams::All,
        (Some(_), Some(_)) => {
            return Err(Fault::invalid(
                "logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.",
            ));
        }
        _ if groups.len() > 1 => {
            return Err(Fault::invalid(
                "logStreamNames and logStreamNamePrefixes can be given for one log group only.",
            ));
        }
        (Some(names), None) => Streams::Named(names),
        (None, Some(prefixes)) => Streams::Prefixed(prefixes),
    };
    Ok(Wanted { groups, streams, pattern })
}

/// What a session begins with: an answer to the request as every event stream gives one, and what the
/// session is about.
fn opening(request: &Start) -> Bytes {
    let mut start = json!({
        "requestId": ulid::Ulid::new().to_string(),
        "sessionId": ulid::Ulid::new().to_string(),
        "logGroupIdentifiers": request.log_group_identifiers,
    });
    for (name, values) in [
        ("logStreamNames", &request.log_stream_names),
        ("logStreamNamePrefixes", &request.log_stream_name_prefixes),
    ] {
        if let Some(values) = values {
            start[name] = json!(values);
        }
    }
    if let Some(pattern) = &request.log_event_filter_pattern {
        start["logEventFilterPattern"] = pattern.as_str().into();
    }
    [event("initial-response", &json!({})), event("sessionStart", &start)].concat().into()
}

/// A session; dropping it ends it, which is what happens when the client leaves.
struct Session {
    listener: Arc<Listener>,
    account: String,
    ticks: Interval,
    over: Instant,
}

impl Session {
    fn new(listener: Arc<Listener>, account: &str, timing: Timing) -> Self {
        let begun = Instant::now();
        let mut ticks = interval_at(begun + timing.every, timing.every);
        // A client that was slow gets what was kept for it, and not one update for each that it missed.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { listener, account: account.to_owned(), ticks, over: begun + timing.life }
    }

    /// Everything that is sent.
    fn stream(self, opening: Bytes) -> impl Stream<Item = Bytes> + Send + 'static {
        let begun = stream::once(std::future::ready(opening));
        begun.chain(stream::unfold(Some(self), |session| async move {
            let mut session = session?;
            if session.ticks.tick().await >= session.over {
                let message = json!({"message": "The Live Tail session has timed out."});
                return Some((exception("SessionTimeoutException", &message), None));
            }
            Some((session.update(), Some(session)))
        }))
    }

    fn update(&self) -> Bytes {
        let Heard { events, sampled, .. } = self.listener.look();
        let events: Vec<Value> = events.into_iter().map(|event| self.event_json(event)).collect();
        let metadata = json!({"sampled": sampled});
        event("sessionUpdate", &json!({"sessionMetadata": metadata, "sessionResults": events}))
    }

    fn event_json(&self, event: HeardEvent) -> Value {
        let HeardEvent { group, stream, timestamp_ms, ingested_ms, message } = event;
        json!({
            "logGroupIdentifier": format!("{}:{group}", self.account),
            "logStreamName": &*stream,
            "timestamp": timestamp_ms,
            "ingestionTime": ingested_ms,
            "message": message,
        })
    }
}

fn event(name: &'static str, payload: &Value) -> Bytes {
    framed([(":message-type", "event"), (":event-type", name)], payload)
}

fn exception(name: &'static str, payload: &Value) -> Bytes {
    framed([(":message-type", "exception"), (":exception-type", name)], payload)
}

/// A message of an event stream.
fn framed(headers: [(&'static str, &'static str); 2], payload: &Value) -> Bytes {
    let text = |(name, value): (&'static str, &'static str)| {
        Header::new(name, HeaderValue::String(StrBytes::from(value)))
    };
    let content_type = text((":content-type", "application/json"));
    let headers = headers.map(text).into_iter().chain([content_type]).collect();
    let mut frame = Vec::new();
    let message = Message::new_from_parts(headers, payload.to_string());
    if let Err(error) = write_message_to(&message, &mut frame) {
        // Headers are short and a listener keeps less than a message may hold: it does not come to it.
        tracing::error!(%error, "an update of Live Tail was lost");
        frame.clear();
    }
    frame.into()
}

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::read_message_from;

    use super::*;
    use crate::local::logs::LogLine;
    use crate::local::logs::listeners::Listeners;

    /// The kinds and the payloads of the messages in a piece of a stream.
    fn messages(mut bytes: Bytes) -> Vec<(String, Value)> {
        let mut all = Vec::new();
        while !bytes.is_empty() {
            let message = read_message_from(&mut bytes).unwrap();
            let kind = message.headers()[1].value().as_string().unwrap().as_str().to_owned();
            all.push((kind, serde_json::from_slice(message.payload()).unwrap()));
        }
        all
    }

    #[tokio::test]
    async fn a_session_begins_tells_what_came_and_is_over_in_time() {
        let listeners = Listeners::default();
        let request = || Start {
            log_group_identifiers: vec!["arn".to_owned()],
            log_stream_names: None,
            log_stream_name_prefixes: Some(vec!["s".to_owned()]),
            log_event_filter_pattern: Some("a".to_owned()),
        };
        let wanted = wanted(request(), vec!["g".to_owned()]).unwrap();
        let listener = listeners.add(wanted).unwrap();
        let line = LogLine { timestamp_ms: 3, message: "abc".to_owned() };
        listeners.tell(&"g".into(), &"s".into(), &[line], 5);
        let every = Duration::from_millis(20);
        let session = Session::new(listener, "000000000000", Timing { every, life: every * 3 });
        let pieces: Vec<Bytes> = session.stream(opening(&request())).collect().await;
        let sent: Vec<(String, Value)> = pieces.into_iter().flat_map(messages).collect();
        let kinds: Vec<&str> = sent.iter().map(|(kind, _)| kind.as_str()).collect();
        let [begin @ .., over] = &kinds[..] else { panic!("{kinds:?}") };
        assert_eq!(begin[..3], ["initial-response", "sessionStart", "sessionUpdate"]);
        assert_eq!(*over, "SessionTimeoutException");
        assert_eq!(sent[1].1["logGroupIdentifiers"], json!(["arn"]));
        assert_eq!(sent[1].1["logEventFilterPattern"], "a");
        let told = json!({"logGroupIdentifier": "000000000000:g", "logStreamName": "s",
            "timestamp": 3, "ingestionTime": 5, "message": "abc"});
        let update = json!({"sessionMetadata": {"sampled": false}, "sessionResults": [told]});
        assert_eq!(sent[2].1, update);
        let empty = json!({"sessionMetadata": {"sampled": false}, "sessionResults": []});
        assert_eq!(sent[3].1, empty, "an update comes though nothing did");
    }
}
