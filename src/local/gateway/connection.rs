//! An open connection, as everything but its socket sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::event::Subject;
use super::settings::GatewayLimits;
use crate::local::websocket::{End, GOING_AWAY, Outbox, Refused};

/// Who is at the other end, as events and `GET @connections` tell it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The peer's address.
    pub source_ip: String,
    /// The handshake's `User-Agent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// Who a connection is; never changes.
#[derive(Debug)]
pub struct Person {
    /// The connection's id.
    pub id: Arc<str>,
    /// When the handshake began, ms since the epoch.
    pub connected_at: i64,
    /// Who is at the other end.
    pub identity: Identity,
    /// The host that the client asked for.
    pub domain: String,
}

/// An open connection.
pub struct Connection {
    /// Who it is.
    pub person: Person,
    /// What the authorizer returned; part of every event.
    pub authorizer: Option<Value>,
    /// What waits to be sent, and whether the connection has ended.
    pub outbox: Outbox,
    /// When a message last went either way, ms since the epoch.
    last_active: AtomicI64,
}

impl Connection {
    /// A connection that was just accepted.
    pub fn new(person: Person, authorizer: Option<Value>) -> Self {
        let last_active = AtomicI64::new(person.connected_at);
        Self { person, authorizer, outbox: Outbox::default(), last_active }
    }

    /// The connection's id.
    pub fn id(&self) -> &Arc<str> {
        &self.person.id
    }

    /// Queues a text, in the order of the calls.
    ///
    /// # Errors
    /// Too much waits already, or the connection has ended.
    pub fn post(&self, text: Utf8Bytes, limits: &GatewayLimits) -> Result<(), Refused> {
        self.outbox.post(text, limits.queue_bytes)?;
        self.touch();
        Ok(())
    }

    /// Notes that a message went just now.
    pub fn touch(&self) {
        self.last_active.store(Timestamp::now().as_millisecond(), Ordering::Relaxed);
    }

    /// When a message last went either way, ms since the epoch.
    pub fn last_active(&self) -> i64 {
        self.last_active.load(Ordering::Relaxed)
    }

    /// Why the connection has to end at this time (ms since the epoch), if it has to.
    pub fn overdue(&self, now: i64, limits: &GatewayLimits) -> Option<End> {
        let reached = |since: i64, limit: std::time::Duration| {
            u128::try_from(now - since).is_ok_and(|past| past >= limit.as_millis())
        };
        let idle = reached(self.last_active(), limits.idle);
        (idle || reached(self.person.connected_at, limits.max_duration)).then_some(GOING_AWAY)
    }

    /// Whose event it is.
    pub fn subject(&self) -> Subject<'_> {
        Subject { person: &self.person, authorizer: self.authorizer.as_ref() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_overdue_when_idle_or_old() {
        let person = Person {
            id: "JC1dgf9yoAMCK-g=".into(),
            connected_at: 1_000_000,
            identity: Identity { source_ip: "127.0.0.1".to_owned(), user_agent: None },
            domain: "127.0.0.1".to_owned(),
        };
        let connection = Connection::new(person, None);
        let limits = GatewayLimits::default();
        let ten_minutes = 600_000;
        assert_eq!(connection.overdue(1_000_000 + ten_minutes - 1, &limits), None);
        assert_eq!(connection.overdue(1_000_000 + ten_minutes, &limits), Some(GOING_AWAY));

        connection.last_active.store(1_000_000 + 12 * ten_minutes - 1, Ordering::Relaxed);
        assert_eq!(connection.overdue(1_000_000 + 12 * ten_minutes - 1, &limits), None);
        assert_eq!(connection.overdue(1_000_000 + 12 * ten_minutes, &limits), Some(GOING_AWAY));
        assert_eq!(connection.overdue(0, &limits), None, "a clock that was set back ends nobody");
    }
}
