//! A server that speaks CloudWatch Logs' JSON 1.1 and has as many events as one wants, with all that
//! makes reading hard: pages that are empty though more follow, refusals as one request too many,
//! events that are shown long after they happened, equal events in one millisecond, a service that
//! gives no ids.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What FilterLogEvents gives at most in one answer.
const PAGE_EVENTS: usize = 10_000;
const PAGE_BYTES: usize = 1024 * 1024;

/// How many requests are taken at once.
const BURST: f64 = 8.0;

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    /// When it happened, ms since the epoch.
    pub timestamp: i64,
    /// From when on it is shown.
    pub shown_at: i64,
    /// What it says.
    pub message: String,
}

/// What makes reading hard.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hardships {
    /// Every so many-th answer is an empty page with a token.
    pub empty_every: Option<u64>,
    /// So many requests a second are taken, a few more at once; the others are refused.
    pub a_second: Option<f64>,
    /// Events have no ids.
    pub without_ids: bool,
}

/// How often it was asked, and how often it was of no help.
#[derive(Debug, Default)]
pub struct Counts {
    pub requests: AtomicU64,
    pub refused: AtomicU64,
    pub empty: AtomicU64,
}

/// The events by group, in order of time, and how they are given out.
#[derive(Debug)]
pub struct Generator {
    groups: HashMap<String, Vec<Event>>,
    hardships: Hardships,
    bucket: Mutex<(f64, Instant)>,
    pub counts: Counts,
}

impl Generator {
    /// A generator of these events.
    pub fn new(mut groups: HashMap<String, Vec<Event>>, hardships: Hardships) -> Arc<Self> {
        groups.values_mut().for_each(|events| events.sort_by_key(|event| event.timestamp));
        let bucket = Mutex::new((BURST, Instant::now()));
        Arc::new(Self { groups, hardships, bucket, counts: Counts::default() })
    }

    /// Serves on a free loopback port until the task is dropped; gives its URL at once.
    pub async fn serve(self: Arc<Self>) -> (String, impl Future<Output = ()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let serving = async move {
            while let Ok((stream, _)) = listener.accept().await {
                let generator = Arc::clone(&self);
                let service = service_fn(move |request| {
                    let generator = Arc::clone(&generator);
                    async move { Ok::<_, Infallible>(generator.answer(request).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                // A client that goes away ends its connection, and that is all.
                tokio::spawn(async move { connection.await.ok() });
            }
        };
        (url, serving)
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
        let is_filter = target == Some("Logs_20140328.FilterLogEvents");
        let body = request.into_body().collect().await.map(|body| body.to_bytes());
        let asked: Value =
            body.ok().and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or_default();
        if !is_filter {
            return refusal("UnknownOperationException", "only FilterLogEvents is known here");
        }
        let number = self.counts.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let is_due = |every: Option<u64>| every.is_some_and(|every| number.is_multiple_of(every));
        if self.is_one_too_many() {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
            return refusal("ThrottlingException", "Rate exceeded");
        }
        let name = asked["logGroupName"].as_str().unwrap_or_default();
        let Some(events) = self.groups.get(name) else {
            return refusal("ResourceNotFoundException", "The specified log group does not exist.");
        };
        let token = asked["nextToken"].as_str();
        if is_due(self.hardships.empty_every) {
            self.counts.empty.fetch_add(1, Ordering::Relaxed);
            let token = token.unwrap_or("0");
            return success(format!(
                r#"{{"events":[],"searchedLogStreams":[],"nextToken":"{token}"}}"#
            ));
        }
        success(self.page(name, events, &asked, token))
    }

    fn is_one_too_many(&self) -> bool {
        let Some(rate) = self.hardships.a_second else { return false };
        let mut bucket = self.bucket.lock().expect("nobody panics here");
        let (left, since) = *bucket;
        let left = (left + since.elapsed().as_secs_f64() * rate).min(BURST);
        let refused = left < 1.0;
        *bucket = (if refused { left } else { left - 1.0 }, Instant::now());
        refused
    }

    fn page(&self, group: &str, events: &[Event], asked: &Value, token: Option<&str>) -> String {
        let start = asked["startTime"].as_i64().unwrap_or(0);
        let end = asked["endTime"].as_i64().unwrap_or(i64::MAX);
        let (now, from) = (now_ms(), token.and_then(|token| token.parse().ok()).unwrap_or(0_usize));
        let first = events.partition_point(|event| event.timestamp < start).max(from);
        let (mut text, mut count, mut next) = (String::from(r#"{"events":["#), 0, None);
        for (at, event) in events.iter().enumerate().skip(first) {
            if event.timestamp > end {
                break;
            }
            if event.shown_at > now {
                continue;
            }
            if count == PAGE_EVENTS || text.len() > PAGE_BYTES {
                next = Some(at);
                break;
            }
            text.push_str(if count == 0 { "" } else { "," });
            count += 1;
            self.write(&mut text, (group, at), event);
        }
        text.push_str(r#"],"searchedLogStreams":[]"#);
        if let Some(next) = next {
            let _ = write!(text, r#","nextToken":"{next}""#);
        }
        text.push('}');
        text
    }

    fn write(&self, text: &mut String, (group, at): (&str, usize), event: &Event) {
        let Event { timestamp, shown_at, message } = event;
        let message = Value::from(message.as_str());
        let _ = write!(
            text,
            r#"{{"logStreamName":"2026/01/31/[$LATEST]{:032x}","timestamp":{timestamp},"message":{message},"ingestionTime":{shown_at}"#,
            timestamp % 3
        );
        if !self.hardships.without_ids {
            let group: u32 = group.bytes().map(u32::from).sum();
            let _ = write!(text, r#","eventId":"{group:012}{timestamp:020}{at:024}""#);
        }
        text.push('}');
    }
}

/// Events that happened in a stretch of time, evenly, and are shown at once.
pub fn past(count: usize, (from, to): (i64, i64), say: impl Fn(usize) -> String) -> Vec<Event> {
    let length = usize::try_from(to - from).expect("a stretch forward in time");
    let event = |at| {
        let timestamp = from + i64::try_from(at * length / count).expect("a time");
        Event { timestamp, shown_at: 0, message: say(at) }
    };
    (0..count).map(event).collect()
}

/// Now, ms since the epoch.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_millis()).expect("a time")
}

fn success(body: String) -> Response<Full<Bytes>> {
    response(200, body)
}

fn refusal(kind: &str, message: &str) -> Response<Full<Bytes>> {
    response(400, json!({"__type": kind, "message": message}).to_string())
}

fn response(status: u16, body: String) -> Response<Full<Bytes>> {
    let response =
        Response::builder().status(status).header("content-type", "application/x-amz-json-1.1");
    response.body(Full::from(body)).expect("a response")
}
