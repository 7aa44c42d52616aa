//! Faults on demand: what AWS does on a bad day, so that it can be lived through at a desk.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Which faults are injected. Everything is off by default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FaultSettings {
    /// The share of `$disconnect` events that never arrive, 0 to 1.
    pub drop_disconnect: f64,
    /// The share of inbound messages that are invoked twice, 0 to 1.
    pub duplicate_messages: f64,
    /// The share of posts to connections that are answered 429, 0 to 1.
    pub post_throttle: f64,
    /// The share of inbound messages that wait 5 to 50 ms, so that later ones overtake them, 0 to 1.
    pub reorder_messages: f64,
    /// Milliseconds before every invocation.
    pub latency_ms: u64,
    /// A function (logical or physical name) whose instance is killed in the middle of its next
    /// invocation; the fault is gone after that.
    pub crash_function: Option<String>,
}

/// How often a post looks whether the crash that holds it is over.
const LOOK: Duration = Duration::from_millis(1);

/// The faults in force; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    settings: RwLock<FaultSettings>,
    /// How many instances are dying now.
    crashes: AtomicUsize,
}

/// An instance that is dying of a fault; over when it is dropped.
#[derive(Debug)]
pub struct Crash(Arc<Inner>);

impl Drop for Crash {
    fn drop(&mut self) {
        self.0.crashes.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Faults {
    /// The faults in force now.
    pub fn get(&self) -> FaultSettings {
        self.0.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the faults in force.
    pub fn set(&self, settings: FaultSettings) {
        *self.0.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// Takes the crash that waits for this function, if one does.
    pub fn take_crash(&self, physical: &str) -> Option<Crash> {
        let mut settings = self.0.settings.write().unwrap_or_else(PoisonError::into_inner);
        settings.crash_function.take_if(|name| {
            physical == name
                || physical.strip_suffix(&**name).is_some_and(|rest| rest.ends_with('-'))
        })?;
        self.0.crashes.fetch_add(1, Ordering::Relaxed);
        Some(Crash(self.0.clone()))
    }

    /// Waits until no instance is dying. Posts wait for it, so that the dying one, which no signal
    /// reaches at once, can have begun its work but cannot have told anyone.
    pub async fn outlive_crashes(&self) {
        while self.0.crashes.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(LOOK).await;
        }
    }
}
