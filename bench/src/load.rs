//! The closed loop: each client of a room sends its next message when its own previous one came back
//! as a push. Nothing is lost unnoticed: every message must reach every member.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use memchr::memmem::Finder;
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::Result;
use crate::client::{self, Client};
use crate::processes::Meter;
use crate::stats;

/// How long a room is loaded.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Before anything counts.
    pub warm_up: Duration,
    /// While everything counts.
    pub window: Duration,
}

/// What a room of a size gave.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Messages that came back to their senders, a second.
    pub messages: f64,
    /// Messages that reached a member, a second.
    pub deliveries: f64,
    /// From sending to the own push, median, ms.
    pub p50: f64,
    /// The same, 99th percentile, ms.
    pub p99: f64,
    /// CPU time a message, ms, by part; the clients' own last.
    pub cpu: Vec<(String, f64)>,
}

const WARMING: u8 = 0;
const COUNTING: u8 = 1;
const ENDING: u8 = 2;

/// What the clients of a room share.
struct Shared {
    room: String,
    phase: AtomicU8,
    messages: AtomicU64,
    deliveries: AtomicU64,
    /// Since the start, warm-up included.
    sent_ever: AtomicU64,
    delivered_ever: AtomicU64,
    waiting: AtomicUsize,
    over: Notify,
}

/// Opens a room of `size` people named after `tag`, loads it and leaves it.
pub async fn room(url: &str, tag: &str, size: usize, span: Span, meter: &Meter) -> Result<Flow> {
    let mut clients = Vec::with_capacity(size);
    for at in 0..size {
        clients.push(Client::connect(url, &format!("{tag}c{at}")).await?);
    }
    let room = client::gather(&mut clients).await?;
    let shared = Arc::new(Shared {
        room,
        phase: AtomicU8::new(WARMING),
        messages: AtomicU64::new(0),
        deliveries: AtomicU64::new(0),
        sent_ever: AtomicU64::new(0),
        delivered_ever: AtomicU64::new(0),
        waiting: AtomicUsize::new(size),
        over: Notify::new(),
    });
    let mut tasks = JoinSet::new();
    for client in clients {
        tasks.spawn(member(client, Arc::clone(&shared)));
    }
    let flow = tokio::select! {
        flow = count(&shared, span, meter) => flow,
        Some(Ok(Err(error))) = tasks.join_next() => return Err(error),
    };
    settle(&shared, size).await?;
    shared.over.notify_waiters();
    let mut latencies = Vec::new();
    while let Some(outcome) = tasks.join_next().await {
        latencies.extend(outcome??);
    }
    latencies.sort_unstable();
    Ok(Flow {
        p50: stats::percentile(&latencies, 0.50) as f64 / 1000.0,
        p99: stats::percentile(&latencies, 0.99) as f64 / 1000.0,
        ..flow
    })
}

/// Lets the clients run through the phases; the latencies are still missing in what it gives.
async fn count(shared: &Shared, span: Span, meter: &Meter) -> Flow {
    tokio::time::sleep(span.warm_up).await;
    let before = meter.cpu();
    shared.phase.store(COUNTING, Relaxed);
    let began = Instant::now();
    tokio::time::sleep(span.window).await;
    shared.phase.store(ENDING, Relaxed);
    let seconds = began.elapsed().as_secs_f64();
    let messages = shared.messages.load(Relaxed) as f64;
    let used = meter.cpu();
    let cpu = used
        .into_iter()
        .zip(before)
        .map(|((label, after), (_, before))| (label, (after - before) * 1000.0 / messages))
        .collect();
    let deliveries = shared.deliveries.load(Relaxed) as f64 / seconds;
    Flow { messages: messages / seconds, deliveries, p50: 0.0, p99: 0.0, cpu }
}

/// Waits until every message that was sent reached every member.
async fn settle(shared: &Shared, size: usize) -> Result<()> {
    let patience = Instant::now() + Duration::from_secs(10);
    loop {
        let due = shared.sent_ever.load(Relaxed) * size as u64;
        let come = shared.delivered_ever.load(Relaxed);
        if shared.waiting.load(Relaxed) == 0 && come >= due {
            return Ok(());
        }
        if Instant::now() > patience {
            return Err(format!("{come} of {due} deliveries came").into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// One client until the room's end; gives its latencies in µs.
async fn member(mut client: Client, shared: Arc<Shared>) -> Result<Vec<u32>> {
    let mut latencies = Vec::new();
    tokio::select! {
        biased;
        error = chat(&mut client, &shared, &mut latencies) => error?,
        () = shared.over.notified() => {}
    }
    Ok(latencies)
}

async fn chat(client: &mut Client, shared: &Shared, latencies: &mut Vec<u32>) -> Result<()> {
    let is_message = Finder::new(r#""action":"message""#);
    let is_error = Finder::new(r#""action":"error""#);
    let mut sequence = 0;
    let mut mine = String::new();
    let mut sent = Instant::now();
    let mut due = true;
    loop {
        if due {
            sequence += 1;
            let id = format!("{}-{sequence}", client.name);
            mine = format!(r#""clientMessageId":"{id}""#);
            let frame = json!({"action": "sendMessage", "roomId": shared.room, "message": TEXT,
                               "clientMessageId": id});
            shared.sent_ever.fetch_add(1, Relaxed);
            sent = Instant::now();
            client.send(frame.to_string()).await?;
            due = false;
        }
        let frame = client.next().await?;
        let bytes = frame.as_bytes();
        if is_message.find(bytes).is_none() {
            if is_error.find(bytes).is_some() {
                return Err(format!("{} was refused: {frame}", client.name).into());
            }
            continue;
        }
        let phase = shared.phase.load(Relaxed);
        shared.delivered_ever.fetch_add(1, Relaxed);
        if phase == COUNTING {
            shared.deliveries.fetch_add(1, Relaxed);
        }
        if mine.is_empty() || memchr::memmem::find(bytes, mine.as_bytes()).is_none() {
            continue;
        }
        if phase == COUNTING {
            shared.messages.fetch_add(1, Relaxed);
            latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
        if phase == ENDING {
            mine.clear();
            shared.waiting.fetch_sub(1, Relaxed);
        } else {
            due = true;
        }
    }
}

/// About what a person writes: 60 bytes.
const TEXT: &str = "The quick brown fox jumps over the lazy dog and runs home.  ";
