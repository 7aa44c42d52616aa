//! Who is connected to which channel, and what waits for those who are not there yet.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::peer::{Peer, Role};
use crate::local::websocket::{DELETED, GOING_AWAY};

/// The most messages that wait in one channel.
const WAITING: usize = 256;

/// A channel that somebody is connected to, or something waits in.
#[derive(Default)]
struct Room {
    master: Option<Arc<Peer>>,
    viewers: HashMap<Box<str>, Arc<Peer>>,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    to: Role,
    text: String,
    until: Instant,
}

impl Room {
    fn peer(&self, role: &Role) -> Option<&Arc<Peer>> {
        match role {
            Role::Master => self.master.as_ref(),
            Role::Viewer(id) => self.viewers.get(id),
        }
    }

    fn is_empty(&self) -> bool {
        self.master.is_none() && self.viewers.is_empty() && self.waiting.is_empty()
    }
}

/// There are as many viewers as may be.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

/// The open connections of all channels. Its mutex is a std one: no step of it waits.
#[derive(Default)]
pub struct Hub(Mutex<HashMap<Box<str>, Room>>);

impl Hub {
    /// Connects a peer to its channel. An older connection of the same role ends, and what waited
    /// for the role is sent.
    ///
    /// # Errors
    /// There are `viewers` others already.
    pub fn join(&self, peer: &Arc<Peer>, viewers: usize) -> Result<(), Full> {
        let mut rooms = self.rooms();
        let room = rooms.entry(peer.channel.clone()).or_default();
        let older = match &peer.role {
            Role::Master => room.master.replace(peer.clone()),
            Role::Viewer(id) => {
                if room.viewers.len() >= viewers && !room.viewers.contains_key(id) {
                    return Err(Full);
                }
                room.viewers.insert(id.clone(), peer.clone())
            }
        };
        if let Some(older) = older {
            older.outbox.end(DELETED);
        }
        let now = Instant::now();
        for waiting in std::mem::take(&mut room.waiting) {
            match waiting {
                Waiting { until, .. } if until <= now => {}
                Waiting { to, text, .. } if to == peer.role => peer.send(text),
                other => room.waiting.push_back(other),
            }
        }
        Ok(())
    }

    /// Forgets a peer that has gone, unless a newer one has taken its place.
    pub fn leave(&self, peer: &Arc<Peer>) {
        let mut rooms = self.rooms();
        let Some(room) = rooms.get_mut(&peer.channel) else { return };
        if room.peer(&peer.role).is_some_and(|now| Arc::ptr_eq(now, peer)) {
            match &peer.role {
                Role::Master => room.master = None,
                Role::Viewer(id) => drop(room.viewers.remove(id)),
            }
        }
        if room.is_empty() {
            rooms.remove(&peer.channel);
        }
    }

    /// Sends a text to a role of a channel, or keeps it for a while where nobody has the role.
    pub fn send(&self, channel: &str, to: Role, text: String, keep: Duration) {
        let mut rooms = self.rooms();
        let Some(room) = rooms.get_mut(channel) else { return };
        match room.peer(&to) {
            Some(peer) => peer.send(text),
            None => {
                if room.waiting.len() >= WAITING {
                    room.waiting.pop_front();
                }
                room.waiting.push_back(Waiting { to, text, until: Instant::now() + keep });
            }
        }
    }

    /// Ends every connection of a channel, which is gone.
    pub fn close(&self, channel: &str) {
        let room = self.rooms().remove(channel);
        end(room);
    }

    /// Ends every connection there is.
    pub fn close_all(&self) {
        end(std::mem::take(&mut *self.rooms()).into_values());
    }

    /// Forgets what has waited for too long.
    pub fn sweep(&self) {
        let now = Instant::now();
        self.rooms().retain(|_, room| {
            room.waiting.retain(|waiting| waiting.until > now);
            !room.is_empty()
        });
    }

    /// How many connections are open.
    pub fn len(&self) -> usize {
        let rooms = self.rooms();
        rooms.values().map(|room| room.viewers.len() + usize::from(room.master.is_some())).sum()
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<Box<str>, Room>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn end(rooms: impl IntoIterator<Item = Room>) {
    for room in rooms {
        for peer in room.master.iter().chain(room.viewers.values()) {
            peer.outbox.end(GOING_AWAY);
        }
    }
}
