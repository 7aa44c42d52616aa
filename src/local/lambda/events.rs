//! Invocations of the type `Event`: nobody waits for them, and what fails is tried again.
//!
//! They live in memory: events that wait when the host ends are lost, which AWS's are not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Invocation, InvokeError, Lambda, ids};

/// Events that may wait or run at a time.
const MOST: usize = 10_000;
/// The first and the longest wait where there was no process to run it, and for how long to try.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
const OLDEST: Duration = Duration::from_secs(6 * 3600);

/// How many events are under way.
#[derive(Debug, Default)]
pub struct Backlog(AtomicUsize);

impl Lambda {
    /// Invokes a function without waiting for it. One that fails is tried again, twice by default.
    ///
    /// # Errors
    /// There is no such function, or too many events wait.
    pub fn invoke_event(&self, name: &str, payload: Bytes) -> Result<(), InvokeError> {
        self.enqueue(name, ids::request_id()?, payload)
    }

    pub(super) fn enqueue(
        &self,
        name: &str,
        id: Arc<str>,
        payload: Bytes,
    ) -> Result<(), InvokeError> {
        if self.0.find(name).is_none() {
            return Err(InvokeError::NotFound);
        }
        let backlog = &self.0.events.0;
        if backlog.fetch_add(1, Ordering::Relaxed) >= MOST {
            backlog.fetch_sub(1, Ordering::Relaxed);
            return Err(InvokeError::Throttled);
        }
        let (lambda, name) = (self.clone(), name.to_owned());
        tokio::spawn(async move {
            lambda.run_event(&name, id, payload).await;
            lambda.0.events.0.fetch_sub(1, Ordering::Relaxed);
        });
        Ok(())
    }

    async fn run_event(&self, name: &str, id: Arc<str>, payload: Bytes) {
        let born = Instant::now();
        let mut retries = self.0.limits.event_retries.iter();
        let mut wait = FIRST_WAIT;
        loop {
            match self.run(name, id.clone(), payload.clone(), false).await {
                Ok(done) if matches!(done.invocation, Invocation::Success(_)) => return,
                Ok(_) => match retries.next() {
                    Some(wait) => tokio::time::sleep(*wait).await,
                    None => return tracing::warn!(%name, %id, "an event failed for good"),
                },
                Err(InvokeError::NotFound) => return,
                Err(error) if born.elapsed() > OLDEST => {
                    return tracing::warn!(%name, %id, %error, "an event grew too old");
                }
                Err(_) => {
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }
}
