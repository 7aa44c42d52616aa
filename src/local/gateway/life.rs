//! A connection's life from its admission to its `$disconnect`, and the end of all of them.

use std::sync::Arc;
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use jiff::Timestamp;
use tokio::sync::watch;

use super::Gateway;
use super::connection::Connection;
use crate::local::websocket::{End, GOING_AWAY, LOST, Socket, Turn};

/// How long the ending gateway waits for connections to close and `$disconnect` to run.
const PATIENCE: Duration = Duration::from_secs(3);

/// Counts one thing that the end of the gateway waits for.
pub(super) struct Lease(watch::Sender<usize>);

impl Lease {
    fn new(lives: &watch::Sender<usize>) -> Self {
        lives.send_modify(|count| *count += 1);
        Self(lives.clone())
    }
}

impl Clone for Lease {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Gateway {
    /// What the end of the gateway waits for while it is held; nothing once the end has begun.
    pub(super) fn lease(&self) -> Option<Lease> {
        let lease = Lease::new(&self.0.lives);
        (!*self.0.ending.borrow()).then_some(lease)
    }

    /// Serves an admitted connection until it ends.
    pub(super) async fn live(self, connection: Arc<Connection>, upgrade: OnUpgrade, lease: Lease) {
        let Ok(io) = upgrade.await else {
            // The client hung up while `$connect` ran: it was connected, and is gone.
            return self.end(connection, LOST, lease);
        };
        let mut socket = Socket::new(io, self.limits().frames()).await;
        let end = loop {
            match socket.turn(&connection.outbox).await {
                Turn::Text(text) => self.receive(&connection, text),
                Turn::End(end) => break end,
            }
        };
        self.end(connection.clone(), end.clone(), lease.clone());
        socket.farewell(&connection.outbox, &end).await;
        drop(lease);
    }

    /// Closes the connection to posts and runs `$disconnect` in a task of its own, so that neither
    /// waits for a client that is slow to leave.
    fn end(&self, connection: Arc<Connection>, end: End, lease: Lease) {
        self.0.registry.remove(connection.id());
        connection.outbox.end(end.clone());
        let gateway = self.clone();
        tokio::spawn(async move {
            gateway.disconnected(&connection, &end).await;
            drop(lease);
        });
    }

    /// Closes what is idle for too long or too old, for as long as it is polled: one timer for all
    /// connections.
    pub async fn enforce_time_limits(&self) {
        let limits = self.limits();
        let pause = (limits.idle.min(limits.max_duration) / 10)
            .clamp(Duration::from_millis(20), Duration::from_secs(5));
        loop {
            tokio::time::sleep(pause).await;
            let now = Timestamp::now().as_millisecond();
            for (connection, end) in self.0.registry.overdue(now, limits) {
                connection.outbox.end(end);
            }
        }
    }

    /// Admits nobody any more, closes every connection with 1001 and gives `$disconnect` a moment
    /// to run.
    pub async fn shutdown(&self) {
        self.0.ending.send_replace(true);
        for connection in self.0.registry.all() {
            connection.outbox.end(GOING_AWAY);
        }
        let mut lives = self.0.lives.subscribe();
        // Whatever has not ended by then ends with the process.
        let _ = tokio::time::timeout(PATIENCE, lives.wait_for(|count| *count == 0)).await;
    }
}
