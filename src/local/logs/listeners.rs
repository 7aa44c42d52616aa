//! Who is told of lines when they have been stored. What a listener is to hear is kept for it until it
//! looks, as much as one update of Live Tail holds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::LogLine;
use super::pattern::Pattern;

/// How many may listen at a time; CloudWatch's quota of sessions for an account and region.
const LISTENERS: usize = 15;
/// What an update holds.
const EVENTS: usize = 500;
/// The same in bytes of messages: an event stream's message has 16 MiB at most, and JSON may write a
/// byte as six.
const BYTES: usize = 2 * 1024 * 1024;

/// Everybody who listens; clones share them.
#[derive(Clone, Default)]
pub struct Listeners(Arc<Mutex<Vec<Weak<Listener>>>>);

/// What somebody wants to hear of.
#[derive(Debug)]
pub struct Wanted {
    /// The groups' names.
    pub groups: Vec<String>,
    /// Which of their streams.
    pub streams: Streams,
    /// What the messages look like.
    pub pattern: Pattern,
}

/// Which streams.
#[derive(Debug)]
pub enum Streams {
    /// All.
    All,
    /// Those of these names.
    Named(Vec<String>),
    /// Those whose names begin so.
    Prefixed(Vec<String>),
}

/// Somebody who listens, for as long as this lives.
#[derive(Debug)]
pub struct Listener {
    wanted: Wanted,
    heard: Mutex<Heard>,
}

/// What was heard since somebody last looked.
#[derive(Debug, Default)]
pub struct Heard {
    pub events: Vec<HeardEvent>,
    /// Whether there was more than is kept.
    pub sampled: bool,
    bytes: usize,
}

/// An event that was heard of.
#[derive(Debug)]
pub struct HeardEvent {
    pub group: Arc<str>,
    pub stream: Arc<str>,
    pub timestamp_ms: i64,
    pub ingested_ms: i64,
    pub message: String,
}

impl Listeners {
    /// Somebody who listens from now on; none if too many do already.
    pub fn add(&self, wanted: Wanted) -> Option<Arc<Listener>> {
        let mut all = self.all();
        all.retain(|listener| listener.strong_count() > 0);
        let listener = Arc::new(Listener { wanted, heard: Mutex::default() });
        (all.len() < LISTENERS).then(|| {
            all.push(Arc::downgrade(&listener));
            listener
        })
    }

    /// Tells of lines that were stored.
    pub fn tell(&self, group: &Arc<str>, stream: &Arc<str>, lines: &[LogLine], now_ms: i64) {
        for listener in self.all().iter().filter_map(Weak::upgrade) {
            if listener.wanted.includes(group, stream) {
                listener.hear(group, stream, lines, now_ms);
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Weak<Listener>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wanted {
    fn includes(&self, group: &str, stream: &str) -> bool {
        let of_streams = match &self.streams {
            Streams::All => true,
            Streams::Named(names) => names.iter().any(|name| name == stream),
            Streams::Prefixed(prefixes) => prefixes.iter().any(|prefix| stream.starts_with(prefix)),
        };
        of_streams && self.groups.iter().any(|name| name == group)
    }
}

impl Listener {
    /// What was heard since the last look.
    pub fn look(&self) -> Heard {
        std::mem::take(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn hear(&self, group: &Arc<str>, stream: &Arc<str>, lines: &[LogLine], now_ms: i64) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        for line in lines {
            // What comes on top of more than enough need not be looked at.
            if heard.sampled {
                return;
            }
            if !self.wanted.pattern.matches(line.kept()) {
                continue;
            }
            let bytes = heard.bytes + line.kept().len();
            heard.sampled = heard.events.len() == EVENTS || bytes > BYTES;
            if !heard.sampled {
                heard.bytes = bytes;
                heard.events.push(HeardEvent {
                    group: Arc::clone(group),
                    stream: Arc::clone(stream),
                    timestamp_ms: line.timestamp_ms,
                    ingested_ms: now_ms,
                    message: line.kept().to_owned(),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(streams: Streams, pattern: &str) -> Wanted {
        let pattern = Pattern::parse(pattern).unwrap();
        Wanted { groups: vec!["g".to_owned(), "h".to_owned()], streams, pattern }
    }

    fn lines(count: usize, message: &str) -> Vec<LogLine> {
        (0..count).map(|_| LogLine { timestamp_ms: 1, message: message.to_owned() }).collect()
    }

    #[test]
    fn a_listener_hears_what_it_wants_once() {
        let listeners = Listeners::default();
        let named = Streams::Named(vec!["one".to_owned()]);
        let all = listeners.add(wanted(Streams::All, "yes")).unwrap();
        let named = listeners.add(wanted(named, "")).unwrap();
        let prefixed = Streams::Prefixed(vec!["t".to_owned()]);
        let prefixed = listeners.add(wanted(prefixed, "-yes")).unwrap();
        for (group, stream, message) in
            [("g", "one", "yes 1"), ("h", "two", "yes 2"), ("h", "two", "no"), ("x", "one", "yes")]
        {
            listeners.tell(&group.into(), &stream.into(), &lines(1, message), 5);
        }
        let heard = |listener: &Listener| -> Vec<String> {
            listener.look().events.into_iter().map(|event| event.message).collect()
        };
        assert_eq!(heard(&all), ["yes 1", "yes 2"]);
        assert_eq!((heard(&named), heard(&prefixed)), (vec!["yes 1".into()], vec!["no".into()]));
        assert!(heard(&all).is_empty());
    }

    #[test]
    fn what_is_too_much_is_left_out_and_told() {
        let listeners = Listeners::default();
        let listener = listeners.add(wanted(Streams::All, "")).unwrap();
        let tell = |count, message: &str| {
            listeners.tell(&"g".into(), &"s".into(), &lines(count, message), 5);
            let heard = listener.look();
            (heard.events.len(), heard.sampled)
        };
        assert_eq!(tell(EVENTS, "a"), (500, false));
        assert_eq!(tell(EVENTS + 1, "a"), (500, true));
        assert_eq!(tell(1, "a"), (1, false));
        assert_eq!(tell(9, &"x".repeat(300_000)), (8, true), "messages are cut as they are stored");
    }

    #[test]
    fn who_is_gone_makes_room() {
        let listeners = Listeners::default();
        let add = || listeners.add(wanted(Streams::All, ""));
        let mut all: Vec<_> = (0..LISTENERS).map(|_| add().unwrap()).collect();
        assert!(add().is_none());
        all.pop();
        assert!(add().is_some());
    }
}
