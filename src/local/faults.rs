//! Faults on demand: what AWS does on a bad day, so that it can be lived through at a desk.

use std::sync::{Arc, PoisonError, RwLock};

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

/// The faults in force; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<RwLock<FaultSettings>>);

impl Faults {
    /// The faults in force now.
    pub fn get(&self) -> FaultSettings {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the faults in force.
    pub fn set(&self, settings: FaultSettings) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// Takes the crash that waits for this function, if one does.
    pub fn take_crash(&self, physical: &str) -> bool {
        let mut settings = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let hit = settings.crash_function.as_deref().is_some_and(|name| {
            physical == name || physical.strip_suffix(name).is_some_and(|rest| rest.ends_with('-'))
        });
        if hit {
            settings.crash_function = None;
        }
        hit
    }
}
