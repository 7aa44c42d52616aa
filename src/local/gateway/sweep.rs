//! The two time limits, and the end of everything.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;

use super::Gateway;

/// How long the ending gateway waits for connections to close and `$disconnect` to run.
const PATIENCE: Duration = Duration::from_secs(3);

impl Gateway {
    /// Closes what is idle for too long or too old, for as long as it is polled: one timer for all
    /// connections.
    pub async fn enforce_time_limits(&self) {
        let limits = &self.settings().limits;
        let pause = (limits.idle.min(limits.max_duration) / 10)
            .clamp(Duration::from_millis(20), Duration::from_secs(1));
        loop {
            tokio::time::sleep(pause).await;
            let now = Timestamp::now().as_millisecond();
            let older = |since: i64, limit: Duration| now - since > limit.as_millis() as i64;
            for connection in self.0.registry.all() {
                let idle = older(connection.last_active.load(Ordering::Relaxed), limits.idle);
                if idle || older(connection.connected_at, limits.max_duration) {
                    connection.close(1001, "Going away");
                }
            }
        }
    }

    /// Closes every connection with 1001 and gives `$disconnect` a moment to run.
    pub async fn shutdown(&self) {
        for connection in self.0.registry.all() {
            connection.close(1001, "Going away");
        }
        let empty = async {
            while self.connections() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        // Whatever has not closed by then is closed by the process's end.
        let _ = tokio::time::timeout(PATIENCE, empty).await;
    }
}
