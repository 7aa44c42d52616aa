//! How fast a service is asked: as fast as it answers, until it says that this is too fast.
//!
//! CloudWatch counts requests an account and region, and others ask as well, so no figure would be
//! right: each refusal doubles the time between two requests, each answer shortens it a little.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::aws::AwsError;

/// Requests in flight at the same time.
const IN_FLIGHT: usize = 8;
/// The time between two requests after the first refusal, and at most.
const FIRST: Duration = Duration::from_millis(25);
const LONGEST: Duration = Duration::from_secs(1);
/// How long one request may be refused, or fail for other passing reasons, before it is given up.
const THROTTLED_FOR: Duration = Duration::from_secs(180);
const BROKEN_TIMES: usize = 4;

/// The pace of one service, shared by everything that asks it.
#[derive(Debug)]
pub struct Pace {
    turns: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    between: Duration,
    next: Instant,
    slowed: Instant,
    refusals: u64,
}

impl Default for Pace {
    fn default() -> Self {
        let now = Instant::now();
        let state = State { between: Duration::ZERO, next: now, slowed: now, refusals: 0 };
        Self { turns: Semaphore::new(IN_FLIGHT), state: Mutex::new(state) }
    }
}

impl Pace {
    /// Makes a request, as often as it takes while the service refuses it as one too many or a
    /// connection breaks.
    ///
    /// # Errors
    /// The request's own, or a refusal that does not end.
    pub async fn ask<T, F>(&self, request: impl Fn() -> F) -> Result<T, AwsError>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        let started = Instant::now();
        let mut pauses = pauses();
        let mut broken = 0;
        loop {
            let error = match self.once(request()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let again = if error.is_throttled() {
                started.elapsed() < THROTTLED_FOR
            } else {
                broken += 1;
                error.is_passing() && broken < BROKEN_TIMES
            };
            if !again {
                return Err(error);
            }
            tokio::time::sleep(pauses.next().unwrap_or(LONGEST)).await;
        }
    }

    /// How many requests were refused as too many.
    pub fn refusals(&self) -> u64 {
        self.state().refusals
    }

    async fn once<T>(
        &self,
        request: impl Future<Output = Result<T, AwsError>>,
    ) -> Result<T, AwsError> {
        // Never closed, so this is never refused.
        let _turn = self.turns.acquire().await;
        let slot = self.state().slot(Instant::now());
        tokio::time::sleep_until(slot).await;
        let answer = request.await;
        match &answer {
            Ok(_) => self.state().went_well(),
            Err(error) if error.is_throttled() => self.state().was_refused(Instant::now()),
            Err(_) => {}
        }
        answer
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn slot(&mut self, now: Instant) -> Instant {
        let slot = self.next.max(now);
        self.next = slot + self.between;
        slot
    }

    fn went_well(&mut self) {
        self.between = self.between.mul_f64(0.9);
        if self.between < Duration::from_millis(1) {
            self.between = Duration::ZERO;
        }
    }

    /// Several that were in flight together are refused together: they slow down once.
    fn was_refused(&mut self, now: Instant) {
        self.refusals += 1;
        if self.between.is_zero() || now.duration_since(self.slowed) > self.between {
            self.between = (self.between * 2).clamp(FIRST, LONGEST);
            self.slowed = now;
        }
    }
}

/// Each pause twice as long as the one before, moved at random so that several do not march in step.
fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(LONGEST)
        .with_factor(2.0)
        .with_jitter()
        .without_max_times()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_slow_down_and_answers_speed_up_again() {
        let now = Instant::now();
        let mut state = State { between: Duration::ZERO, next: now, slowed: now, refusals: 0 };
        assert_eq!((state.slot(now), state.slot(now)), (now, now), "no limit before a refusal");
        state.was_refused(now);
        state.was_refused(now);
        assert_eq!(state.between, FIRST, "refused together, slowed once");
        state.was_refused(now + Duration::from_secs(1));
        assert_eq!(state.between, FIRST * 2);
        let (first, second) = (state.slot(now), state.slot(now));
        assert_eq!(second - first, FIRST * 2);
        (0..60).for_each(|_| state.went_well());
        assert_eq!(state.between, Duration::ZERO);
    }
}
