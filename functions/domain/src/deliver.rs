//! Delivery: bounded, and no failure of one frame touches another.

use bytes::Bytes;
use chatctl_protocol::{Reply, ServerMessage};
use futures_util::StreamExt;
use futures_util::stream;

use crate::outcome::{Push, Target};
use crate::{Ports, Posted, Tally};

/// Posts in flight at a time.
const IN_FLIGHT: usize = 50;

/// An attachment younger than this is kept even if its connection seems gone, ms: a connection whose
/// `$connect` has not returned is told of in the same way.
pub(crate) const SETTLED_MS: u64 = 30_000;

/// A message as the bytes of a frame.
pub(crate) fn frame(message: ServerMessage, request_id: Option<String>) -> Bytes {
    // Only maps with keys other than strings fail to become JSON, and no message has any.
    serde_json::to_vec(&Reply { message, request_id }).unwrap_or_default().into()
}

/// Sends every push to everyone whom it is for.
pub(crate) async fn deliver<P: Ports>(ports: &P, pushes: Vec<Push>) -> Tally {
    let parcels = pushes.into_iter().flat_map(|Push { to, message }| {
        let frame = frame(message, None);
        to.into_iter().map(move |target| (target, frame.clone()))
    });
    stream::iter(parcels)
        .map(|(target, frame)| send(ports, target, frame))
        .buffer_unordered(IN_FLIGHT)
        .fold(Tally::default(), |sum, one| async move { sum + one })
        .await
}

async fn send<P: Ports>(ports: &P, target: Target, frame: Bytes) -> Tally {
    let Target { connection_id, attachment } = target;
    match ports.post(&connection_id, frame).await {
        Posted::Delivered => Tally { delivered: 1, ..Tally::default() },
        Posted::Failed(_) => Tally { failed: 1, ..Tally::default() },
        Posted::Gone => Tally {
            gone: 1,
            pruned: prune(ports, &connection_id, attachment).await,
            ..Tally::default()
        },
    }
}

async fn prune<P: Ports>(ports: &P, id: &str, attachment: Option<(String, u64)>) -> u32 {
    let before = ports.now().saturating_sub(SETTLED_MS);
    match attachment {
        Some((room_id, attached_at)) if attached_at < before => {
            ports.prune_attachment(&room_id, id, before).await.is_ok().into()
        }
        _ => 0,
    }
}

impl std::ops::Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            delivered: self.delivered + other.delivered,
            failed: self.failed + other.failed,
            gone: self.gone + other.gone,
            pruned: self.pruned + other.pruned,
        }
    }
}
