//! Brings a stage up to the project, and takes it away: the stage `local` on this machine
//! ([`local`]), every other on AWS ([`aws`]).
//!
//! Knows neither the command line nor the terminal: it tells what happens by [`Event`]s. Interrupted
//! anywhere, the next deployment converges: every step looks at what is there.

pub mod aws;
pub mod build;
mod error;
mod event;
pub mod local;
pub mod plan;
mod record;
mod site;

pub use error::DeployError;
pub use event::{Event, OnEvent};

use std::time::Instant;

/// Milliseconds since an instant.
fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
