//! Operations on events: putting, searching a group, reading a stream.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Caller, Fault, LogsApi, Outcome, group_name, limit, named_group, now_ms, token};
use crate::local::logs::pattern::Pattern;
use crate::local::logs::query::{
    self, Direction, Event, PAGE_EVENTS, Position, Search, Stream, Stretch,
};
use crate::local::logs::writer::DAY_MS;
use crate::local::logs::{LogLine, MESSAGE_BYTES};

/// The oldest and the newest event that AWS takes, from now.
const OLDEST_MS: i64 = 14 * DAY_MS;
const NEWEST_MS: i64 = 2 * 3_600_000;
/// What one request may put, with 26 bytes more for each event.
const PUT_BYTES: usize = 1_048_576;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Put {
    log_group_name: String,
    log_stream_name: String,
    log_events: Vec<InputEvent>,
}

#[derive(Deserialize)]
struct InputEvent {
    timestamp: i64,
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Get {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: String,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<i64>,
    #[serde(default)]
    start_from_head: bool,
}

impl LogsApi {
    pub(super) async fn put_events(&self, caller: &Caller, request: Put) -> Outcome {
        let group = group_name(&request.log_group_name)?.to_owned();
        self.allow(caller, "PutLogEvents", &group)?;
        check_batch(&request.log_events)?;
        let stream = request.log_stream_name;
        let now = now_ms();
        let fresh = |event: &InputEvent| {
            event.timestamp > now - OLDEST_MS && event.timestamp < now + NEWEST_MS
        };
        let too_old = request.log_events.iter().take_while(|e| e.timestamp <= now - OLDEST_MS);
        let too_old = too_old.count();
        let too_new = request.log_events.iter().position(|e| e.timestamp >= now + NEWEST_MS);
        let lines: Vec<LogLine> = request
            .log_events
            .into_iter()
            .filter(fresh)
            .map(|event| LogLine { timestamp_ms: event.timestamp, message: event.message })
            .collect();
        self.store
            .write(move |writer| {
                let Some(id) = writer.group(&group)? else { return Ok(Err(Fault::no_group())) };
                if !writer.has_stream(id, &stream)? {
                    return Ok(Err(Fault::no_stream()));
                }
                writer.store(&[(Arc::from(group), Arc::from(stream), lines)], now).map(Ok)
            })
            .await??;
        let mut answer = json!({"nextSequenceToken": format!("{now:056}")});
        if too_old > 0 {
            answer["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"] = too_old.into();
        }
        if let Some(index) = too_new {
            answer["rejectedLogEventsInfo"]["tooNewLogEventStartIndex"] = index.into();
        }
        Ok(answer)
    }

    pub(super) async fn filter_events(&self, caller: &Caller, request: Filter) -> Outcome {
        let purpose = token::purpose(&(
            (&request.log_group_name, &request.log_group_identifier),
            (&request.log_stream_names, &request.log_stream_name_prefix),
            (request.start_time, request.end_time, &request.filter_pattern),
        ));
        let name = named_group(request.log_group_name, request.log_group_identifier)?;
        self.allow(caller, "FilterLogEvents", &name)?;
        if request.log_stream_names.is_some() && request.log_stream_name_prefix.is_some() {
            return Err(Fault::invalid(
                "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.",
            ));
        }
        let pattern = Pattern::parse(request.filter_pattern.as_deref().unwrap_or_default())
            .map_err(|error| Fault::invalid(error.to_string()))?;
        let limit = limit(request.limit, PAGE_EVENTS)?;
        let token = request.next_token.map(|token| token::open(&token, &purpose, now_ms()));
        let token: Option<(i64, i64)> = token.transpose()?;
        let group = self.group(&name).await?;
        let start = request.start_time.unwrap_or(0).max(group.kept_since(now_ms()));
        let first = Position { timestamp_ms: start, seq: 0 };
        let after = token.map_or(first, |(timestamp_ms, seq)| Position { timestamp_ms, seq });
        let wanted =
            Wanted { names: request.log_stream_names, prefix: request.log_stream_name_prefix };
        let until_ms = request.end_time.unwrap_or(i64::MAX);
        let (found, names) = self
            .store
            .read(move |store| {
                let streams = query::streams(store, group.id)?;
                let Some(searched) = wanted.among(&streams) else { return Ok(None) };
                let names: HashMap<i64, String> =
                    streams.into_iter().map(|stream| (stream.id, stream.name)).collect();
                let after = after.max(first);
                let search =
                    Search { group: group.id, after, until_ms, streams: searched, pattern, limit };
                Ok(Some((query::search(store, &search)?, names)))
            })
            .await?
            .ok_or_else(Fault::no_stream)?;
        let events: Vec<Value> =
            found.events.into_iter().map(|event| filtered_json(event, &names)).collect();
        let mut answer = json!({"events": events, "searchedLogStreams": []});
        if let Some(more) = found.more_after {
            answer["nextToken"] =
                token::seal((more.timestamp_ms, more.seq), &purpose, now_ms()).into();
        }
        Ok(answer)
    }

    pub(super) async fn get_events(&self, caller: &Caller, request: Get) -> Outcome {
        let name = named_group(request.log_group_name, request.log_group_identifier)?;
        self.allow(caller, "GetLogEvents", &name)?;
        let limit = limit(request.limit, PAGE_EVENTS)?;
        let token = request.next_token.as_deref().map(parse_token).transpose()?;
        let (direction, from) = match (token, request.start_from_head) {
            (Some(token), _) => token,
            (None, true) => (Direction::Forward, Position::START),
            (None, false) => (Direction::Backward, Position::END),
        };
        let group = self.group(&name).await?;
        let from_ms = request.start_time.unwrap_or(0).max(group.kept_since(now_ms()));
        let before_ms = request.end_time.unwrap_or(i64::MAX);
        let events = self.store.read(move |store| {
            let streams = query::streams(store, group.id)?;
            let stream = streams.into_iter().find(|one| one.name == request.log_stream_name);
            let Some(stream) = stream else { return Ok(None) };
            let stretch = Stretch { stream: stream.id, from_ms, before_ms, direction, from, limit };
            query::stretch(store, &stretch).map(Some)
        });
        let events = events.await?.ok_or_else(Fault::no_stream)?;
        let (forward, backward) = tokens(&events, direction, from);
        let events: Vec<Value> = events.into_iter().map(event_json).collect();
        Ok(json!({"events": events, "nextForwardToken": forward, "nextBackwardToken": backward}))
    }
}

/// The streams that a search is about.
struct Wanted {
    names: Option<Vec<String>>,
    prefix: Option<String>,
}

impl Wanted {
    /// Their ids; none if a named one is missing.
    fn among(&self, streams: &[Stream]) -> Option<HashSet<i64>> {
        let prefix = self.prefix.as_deref().unwrap_or_default();
        match &self.names {
            None => {
                Some(streams.iter().filter(|s| s.name.starts_with(prefix)).map(|s| s.id).collect())
            }
            Some(names) => names
                .iter()
                .map(|name| streams.iter().find(|s| s.name == *name).map(|s| s.id))
                .collect(),
        }
    }
}

fn check_batch(events: &[InputEvent]) -> Result<(), Fault> {
    if events.is_empty() || events.len() > PAGE_EVENTS {
        return Err(Fault::invalid("A batch has between 1 and 10000 log events."));
    }
    let bytes: usize = events.iter().map(|event| event.message.len() + 26).sum();
    if bytes > PUT_BYTES {
        return Err(Fault::invalid(format!(
            "Upload too large: {bytes} bytes exceeds limit of {PUT_BYTES}"
        )));
    }
    if events.iter().any(|event| event.message.len() > MESSAGE_BYTES) {
        return Err(Fault::invalid(format!("Log event too large: limit is {MESSAGE_BYTES} bytes")));
    }
    if !events.is_sorted_by_key(|event| event.timestamp) {
        return Err(Fault::invalid(
            "Log events in a single PutLogEvents request must be in chronological order.",
        ));
    }
    Ok(())
}

/// Fifty-six digits like AWS's: unique, the same for ever, and sorting as events do.
fn event_id(at: Position) -> String {
    format!("{:020}{:036}", at.timestamp_ms, at.seq)
}

fn filtered_json(event: Event, names: &HashMap<i64, String>) -> Value {
    json!({
        "eventId": event_id(event.at),
        "logStreamName": names.get(&event.stream),
        "timestamp": event.at.timestamp_ms,
        "ingestionTime": event.ingested_ms,
        "message": event.message,
    })
}

fn event_json(event: Event) -> Value {
    json!({
        "timestamp": event.at.timestamp_ms,
        "ingestionTime": event.ingested_ms,
        "message": event.message,
    })
}

/// The tokens around a page. Whoever is at an end gets the token again that led there, and going
/// the other way from there meets the event at the end once more.
fn tokens(events: &[Event], direction: Direction, from: Position) -> (String, String) {
    let forward = |at: Position| format!("f/{}", event_id(at));
    let backward = |at: Position| format!("b/{}", event_id(at));
    let shifted = |by: i64| Position { seq: from.seq.saturating_add(by).max(0), ..from };
    match (events, direction) {
        ([first, .., last], _) => (forward(last.at), backward(first.at)),
        ([only], _) => (forward(only.at), backward(only.at)),
        ([], Direction::Forward) => (forward(from), backward(shifted(1))),
        // An empty stream read from its end: what comes later is after its start.
        ([], Direction::Backward) if from == Position::END => {
            (forward(Position::START), backward(Position::START))
        }
        ([], Direction::Backward) => (forward(shifted(-1)), backward(from)),
    }
}

fn parse_token(token: &str) -> Result<(Direction, Position), Fault> {
    let invalid = || Fault::invalid("The specified nextToken is invalid.");
    let (direction, id) = match token.split_once('/') {
        Some(("f", id)) => (Direction::Forward, id),
        Some(("b", id)) => (Direction::Backward, id),
        _ => return Err(invalid()),
    };
    if id.len() != 56 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid());
    }
    let (timestamp_ms, seq) = id.split_at(20);
    let timestamp_ms = timestamp_ms.parse().map_err(|_| invalid())?;
    let seq = seq.parse().map_err(|_| invalid())?;
    Ok((direction, Position { timestamp_ms, seq }))
}
