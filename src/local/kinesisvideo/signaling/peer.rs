//! A signaling connection: what it sends, how often, and when it has to end.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::upgrade::OnUpgrade;
use jiff::Timestamp;

use super::message::{Kind, Received, Sent, Status, Wrong};
use super::{Signaling, SignalingLimits};
use crate::local::kinesisvideo::rates::Bucket;
use crate::local::websocket::{End, Frames, GOING_AWAY, LOST, Outbox, Socket, Turn};

/// How large a message may be at all, so that one with too long a payload can still be answered.
const FRAMES: Frames = Frames { frame_bytes: 128 * 1024, message_bytes: 128 * 1024 };

/// How much may wait for a peer that reads slowly, in bytes; what is more is lost.
const QUEUE_BYTES: usize = 1024 * 1024;

/// Who a connection is in its channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// The one in the middle.
    Master,
    /// One of the others, by client id.
    Viewer(Box<str>),
}

/// An open connection.
pub struct Peer {
    /// The channel's ARN.
    pub channel: Box<str>,
    /// How long the channel keeps what cannot be delivered.
    pub keep: Duration,
    /// Who it is.
    pub role: Role,
    /// What waits to be sent, and whether the connection has ended.
    pub outbox: Outbox,
    /// When a message last went either way, ms since the epoch.
    last_active: AtomicI64,
    /// What it may still send this second: offers, answers, candidates.
    buckets: Mutex<[Bucket; 3]>,
}

impl Peer {
    /// A connection that is about to be accepted.
    pub fn new(channel: &str, keep: Duration, role: Role, limits: &SignalingLimits) -> Self {
        let now = Instant::now();
        let kinds = [Kind::Offer, Kind::Answer, Kind::Candidate];
        Self {
            channel: channel.into(),
            keep,
            role,
            outbox: Outbox::default(),
            last_active: AtomicI64::new(Timestamp::now().as_millisecond()),
            buckets: Mutex::new(kinds.map(|kind| Bucket::full(limits.rate(kind), now))),
        }
    }

    /// Queues a text. A peer that does not read loses what does not fit.
    pub fn send(&self, text: String) {
        if self.outbox.post(text.into(), QUEUE_BYTES).is_ok() {
            self.touch();
        }
    }

    fn touch(&self) {
        self.last_active.store(Timestamp::now().as_millisecond(), Ordering::Relaxed);
    }

    fn take(&self, kind: Kind, limits: &SignalingLimits) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = match kind {
            Kind::Offer => &mut buckets[0],
            Kind::Answer => &mut buckets[1],
            Kind::Candidate => &mut buckets[2],
        };
        bucket.take(limits.rate(kind), Instant::now())
    }

    /// Answers a message that goes nowhere, if its sender wants to know.
    fn refuse(&self, sent: &Sent, wrong: &Wrong) {
        let Some(correlation_id) = &sent.correlation_id else { return };
        let (error_type, description) = wrong.parts();
        let status = Status { correlation_id, error_type, status_code: "400", description };
        let received = Received {
            message_type: "STATUS_RESPONSE",
            status_response: Some(status),
            ..Received::default()
        };
        self.send(received.text());
    }
}

/// What time does to a connection, in the order of its happening.
struct Clock {
    idle: Duration,
    go_away: Option<Instant>,
    end: Instant,
}

impl Clock {
    fn new(limits: &SignalingLimits) -> Self {
        let end = Instant::now() + limits.max_duration;
        let go_away = end.checked_sub(limits.go_away_ahead);
        Self { idle: limits.idle, go_away, end }
    }

    /// When to look again.
    fn next(&self, peer: &Peer) -> Instant {
        let soonest = self.go_away.unwrap_or(self.end).min(self.end);
        soonest.min(Instant::now() + self.idle.saturating_sub(idle_for(peer)))
    }

    /// What is due now: a last word, or the end.
    fn due(&mut self, peer: &Peer) -> Option<End> {
        let now = Instant::now();
        if now >= self.end || idle_for(peer) >= self.idle {
            return Some(GOING_AWAY);
        }
        if self.go_away.is_some_and(|at| now >= at) {
            self.go_away = None;
            peer.outbox_only(Received { message_type: "GO_AWAY", ..Received::default() }.text());
        }
        None
    }
}

impl Peer {
    /// Queues what is no activity of the connection's own.
    fn outbox_only(&self, text: String) {
        // A peer that is gone or does not read misses it, and is closed in a minute anyway.
        let _ = self.outbox.post(text.into(), QUEUE_BYTES);
    }
}

fn idle_for(peer: &Peer) -> Duration {
    let past = Timestamp::now().as_millisecond() - peer.last_active.load(Ordering::Relaxed);
    Duration::from_millis(u64::try_from(past).unwrap_or_default())
}

impl Signaling {
    /// Serves a connection until it ends.
    pub(super) async fn live(self, peer: Arc<Peer>, upgrade: OnUpgrade) {
        let Ok(io) = upgrade.await else { return self.hub().leave(&peer) };
        let mut socket = Socket::new(io, FRAMES).await;
        let mut clock = Clock::new(self.limits());
        let end = loop {
            let look = tokio::time::sleep_until(clock.next(&peer).into());
            let turn = tokio::select! {
                turn = socket.turn(&peer.outbox) => turn,
                () = look => match clock.due(&peer) {
                    Some(end) => break end,
                    None => continue,
                },
            };
            match turn {
                Turn::Text(text) => self.receive(&peer, &text),
                Turn::End(end) => break end,
            }
        };
        peer.outbox.end(LOST);
        self.hub().leave(&peer);
        socket.farewell(&peer.outbox, &end).await;
    }

    fn receive(&self, peer: &Peer, text: &str) {
        peer.touch();
        // Without an object there is no correlation id, and nobody to be told.
        let Ok(sent) = serde_json::from_str::<Sent>(text) else { return };
        if let Err(wrong) = self.relay(peer, &sent) {
            peer.refuse(&sent, &wrong);
        }
    }

    /// Hands a message on: a viewer's to the master, the master's to the viewer that it names.
    fn relay(&self, peer: &Peer, sent: &Sent) -> Result<(), Wrong> {
        let kind = sent.kind()?;
        let to = match (&peer.role, &sent.recipient_client_id) {
            (Role::Viewer(_), None) => Role::Master,
            (Role::Master, Some(id)) => Role::Viewer(id.as_str().into()),
            (Role::Viewer(_), Some(_)) => {
                let words =
                    "a viewer's messages go to the master; recipientClientId must be absent";
                return Err(Wrong::Invalid(words.to_owned()));
            }
            (Role::Master, None) => {
                let words = "the master must name a viewer in recipientClientId";
                return Err(Wrong::Invalid(words.to_owned()));
            }
        };
        if !peer.take(kind, self.limits()) {
            let (rate, name) = (self.limits().rate(kind), kind.name());
            return Err(Wrong::TooMany(format!(
                "a connection sends {rate} {name} a second at most"
            )));
        }
        let sender_client_id = match &peer.role {
            Role::Master => None,
            Role::Viewer(id) => Some(&**id),
        };
        let received = Received {
            message_type: kind.name(),
            message_payload: &sent.message_payload,
            sender_client_id,
            status_response: None,
        };
        self.count("SendMessage");
        self.hub().send(&peer.channel, to, received.text(), peer.keep);
        Ok(())
    }
}
