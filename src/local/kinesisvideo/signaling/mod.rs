//! The signaling WebSocket: connects peers of a channel and hands on what they say to each other.
//!
//! A channel is a star: one master, and viewers that reach the master only. What the messages mean
//! is the peers' affair.

mod hub;
mod message;
mod peer;

use std::sync::Arc;
use std::time::Duration;

use hyper::upgrade::OnUpgrade;

use super::refusal::Refusal;
use super::store::Channel;
use crate::local::requests::Requests;
use crate::local::sigv4::Service;
use hub::{Full, Hub};
use message::Kind;
use peer::Peer;

pub use peer::Role;

/// The limits of signaling connections; the defaults are AWS's own.
#[derive(Debug, Clone)]
pub struct SignalingLimits {
    /// The most viewers of a channel at once.
    pub viewers: usize,
    /// Connects a second, of a channel and role.
    pub connects_per_second: u32,
    /// Session descriptions a second and connection, offers and answers each.
    pub descriptions_per_second: u32,
    /// Candidates a second and connection.
    pub candidates_per_second: u32,
    /// A connection as old as this ends.
    pub max_duration: Duration,
    /// How long before that it is told to go.
    pub go_away_ahead: Duration,
    /// A connection without a message for so long ends.
    pub idle: Duration,
}

impl Default for SignalingLimits {
    fn default() -> Self {
        Self {
            viewers: 10,
            connects_per_second: 3,
            descriptions_per_second: 5,
            candidates_per_second: 20,
            max_duration: Duration::from_secs(60 * 60),
            go_away_ahead: Duration::from_secs(60),
            idle: Duration::from_secs(10 * 60),
        }
    }
}

impl SignalingLimits {
    fn rate(&self, kind: Kind) -> u32 {
        match kind {
            Kind::Offer | Kind::Answer => self.descriptions_per_second,
            Kind::Candidate => self.candidates_per_second,
        }
    }
}

/// The open connections of a stage; clones share them.
#[derive(Clone)]
pub struct Signaling(Arc<Inner>);

struct Inner {
    limits: SignalingLimits,
    hub: Hub,
    requests: Requests,
}

impl Signaling {
    /// Nobody is connected. What is sent is counted in `requests`, as it is billed.
    pub fn new(limits: SignalingLimits, requests: Requests) -> Self {
        Self(Arc::new(Inner { limits, hub: Hub::default(), requests }))
    }

    /// Connects a peer that was let in, once its handshake is answered.
    pub fn join(
        &self,
        channel: &Channel,
        arn: &str,
        role: Role,
        upgrade: OnUpgrade,
    ) -> Result<(), Refusal> {
        let keep = Duration::from_secs(channel.message_ttl_s.into());
        let peer = Arc::new(Peer::new(arn, keep, role, self.limits()));
        let most = self.limits().viewers;
        self.hub().join(&peer, most).map_err(|Full| {
            Refusal::too_many(format!("The channel has {most} viewers, the most it may have."))
        })?;
        tokio::spawn(self.clone().live(peer, upgrade));
        Ok(())
    }

    /// Ends every connection of a channel, which is gone.
    pub fn close(&self, arn: &str) {
        self.hub().close(arn);
    }

    /// Ends every connection.
    pub fn shut_down(&self) {
        self.hub().close_all();
    }

    /// Forgets what has waited for too long.
    pub fn sweep(&self) {
        self.hub().sweep();
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.hub().len()
    }

    /// The limits in force.
    pub fn limits(&self) -> &SignalingLimits {
        &self.0.limits
    }

    fn hub(&self) -> &Hub {
        &self.0.hub
    }

    fn count(&self, operation: &'static str) {
        self.0.requests.add(Service::KinesisVideo, operation);
    }
}
