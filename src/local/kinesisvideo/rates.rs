//! How often an operation may be asked for, by account and by channel: AWS's quotas.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Above this many counted channels, those that have been quiet are forgotten.
const KEPT: usize = 4_096;

/// Tokens that refill by the second; a full bucket is one second's.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// A bucket for `rate` a second, full.
    pub fn full(rate: u32, now: Instant) -> Self {
        Self { tokens: rate.into(), at: now }
    }

    /// Takes one token, if there is one.
    pub fn take(&mut self, rate: u32, now: Instant) -> bool {
        let rate = f64::from(rate);
        let refilled = now.saturating_duration_since(self.at).as_secs_f64() * rate;
        self.tokens = (self.tokens + refilled).min(rate);
        self.at = now;
        let taken = self.tokens >= 1.0;
        if taken {
            self.tokens -= 1.0;
        }
        taken
    }

    fn is_quiet(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at).as_secs() > 1
    }
}

type Key = (&'static str, Option<Box<str>>);

/// The counts of a service.
#[derive(Debug, Default)]
pub struct Rates(Mutex<HashMap<Key, Bucket>>);

impl Rates {
    /// Whether an operation may be asked for once more, of the account or of one channel.
    pub fn take(
        &self,
        operation: &'static str,
        channel: Option<&str>,
        rate: u32,
        now: Instant,
    ) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() > KEPT {
            buckets.retain(|_, bucket| !bucket.is_quiet(now));
        }
        let bucket = buckets.entry((operation, channel.map(Box::from)));
        bucket.or_insert_with(|| Bucket::full(rate, now)).take(rate, now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_has_its_rate_and_the_next_one_again() {
        let rates = Rates::default();
        let now = Instant::now();
        let taken =
            |channel, now| (0..20).filter(|_| rates.take("Describe", channel, 5, now)).count();
        assert_eq!(taken(Some("a"), now), 5);
        assert_eq!(taken(Some("a"), now), 0);
        assert_eq!(taken(Some("b"), now), 5, "each channel has its own");
        assert_eq!(taken(Some("a"), now + Duration::from_millis(400)), 2);
        assert_eq!(taken(Some("a"), now + Duration::from_secs(60)), 5);
    }
}
