//! What tells one event from another, and which were seen.
//!
//! CloudWatch gives every event an id. A service that gives none leaves only the event itself, and two
//! equal lines of one moment are two lines: such an event is known by what it is and by the how-manieth
//! of its kind it is in one pass over a stretch of time.

use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::hash::{Hash, Hasher};

use crate::aws::LogEvent;

/// An event's identity in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    hash: u128,
    nth: u32,
}

/// One pass over a stretch of time: counts events that nothing else tells apart.
#[derive(Debug, Default)]
pub(super) struct Pass {
    alike: HashMap<u128, u32>,
}

impl Pass {
    /// The identity of the pass's next event.
    pub fn identity(&mut self, event: &LogEvent) -> Identity {
        if !event.id.is_empty() {
            return Identity { hash: wide_hash(&event.id), nth: 0 };
        }
        let hash = wide_hash(&(event.timestamp_ms, &event.stream, &event.message));
        let nth = self.alike.entry(hash).or_insert(0);
        *nth += 1;
        Identity { hash, nth: *nth }
    }
}

/// 128 bits, so that two events of a long tail never share one by chance: among a thousand million
/// the odds are below one in 10^20.
fn wide_hash(value: &impl Hash) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(salt);
        value.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

/// Which events were seen, and when they happened.
#[derive(Debug, Default)]
pub(super) struct Memory {
    seen: HashMap<Identity, i64>,
}

impl Memory {
    /// Whether an event is seen for the first time; it is remembered.
    pub fn is_new(&mut self, identity: Identity, timestamp_ms: i64) -> bool {
        match self.seen.entry(identity) {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                vacant.insert(timestamp_ms);
                true
            }
        }
    }

    /// Forgets what happened before a time.
    pub fn forget_before(&mut self, oldest_ms: i64) {
        self.seen.retain(|_, time| *time >= oldest_ms);
    }

    /// How many events are remembered.
    pub fn len(&self) -> usize {
        self.seen.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, message: &str) -> LogEvent {
        LogEvent { id: id.into(), timestamp_ms: 5, stream: "s".into(), message: message.into() }
    }

    #[test]
    fn an_event_with_an_id_is_the_same_in_every_pass() {
        let (mut pass, mut next, mut memory) =
            (Pass::default(), Pass::default(), Memory::default());
        assert!(memory.is_new(pass.identity(&event("1", "hi")), 5));
        assert!(memory.is_new(pass.identity(&event("2", "hi")), 5));
        assert!(!memory.is_new(pass.identity(&event("2", "hi")), 5), "twice in one pass");
        assert!(!memory.is_new(next.identity(&event("1", "hi")), 5));
    }

    #[test]
    fn equal_lines_without_ids_are_as_many_as_a_pass_shows() {
        let (mut first, mut second) = (Pass::default(), Pass::default());
        let mut memory = Memory::default();
        let line = event("", "hi");
        assert!(memory.is_new(first.identity(&line), 5));
        assert!(memory.is_new(first.identity(&line), 5), "two of a moment are two");
        assert!(!memory.is_new(second.identity(&line), 5));
        assert!(!memory.is_new(second.identity(&line), 5));
        assert!(memory.is_new(second.identity(&line), 5), "a third that came late");
        assert!(memory.is_new(second.identity(&event("", "other")), 5));
    }

    #[test]
    fn what_is_too_old_is_forgotten() {
        let (mut pass, mut memory) = (Pass::default(), Memory::default());
        for (id, time) in [("a", 1), ("b", 2), ("c", 3)] {
            memory.is_new(pass.identity(&event(id, "")), time);
        }
        memory.forget_before(2);
        assert_eq!(memory.len(), 2);
    }
}
