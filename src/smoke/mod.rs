//! A real chat of two people against a stage's own endpoints: every route of both APIs is asked, every
//! answer and every push is checked, and what the chat left behind is removed.
//!
//! Knows neither the command line nor the terminal: it tells of each step as it ends.

mod chat;
mod dial;
mod fetch;
mod health;
mod person;
mod site;
mod step;
mod tidy;
mod trouble;
mod voice;

use std::time::{Duration, Instant};

pub use health::HEALTH_ROUTE;
pub use step::{Passed, Step};
pub use tidy::{Left, tidy};
pub use trouble::Trouble;

/// Where a stage is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// The stage's name, by which it answers for itself.
    pub stage: String,
    /// The WebSocket API, `ws://` or `wss://`.
    pub web_socket_url: String,
    /// The web app; none where the project has no frontend.
    pub site_url: Option<String>,
    /// The HTTP API; none where it has no route for the stage's health, or is not reached.
    pub http_api_url: Option<String>,
    /// How long one answer or push may take.
    pub patience: Duration,
}

/// How a chat went.
#[derive(Debug)]
pub struct Report {
    /// The steps that went well, in their order.
    pub passed: Vec<Passed>,
    /// What stopped it, if anything did.
    pub stopped: Option<Stopped>,
    /// The room that it made, if it came so far.
    pub room_id: Option<String>,
    /// The names under which its people were there.
    pub names: Vec<String>,
}

/// The step that went wrong, and how.
#[derive(Debug, thiserror::Error)]
#[error("step {}: {trouble}", .step.name())]
pub struct Stopped {
    /// The step.
    pub step: Step,
    /// What was wrong.
    pub trouble: Trouble,
}

/// Plays the chat and tells of each step that went well.
pub async fn run(endpoints: &Endpoints, tell: &dyn Fn(&Passed)) -> Report {
    let mut walk = Walk { tell, passed: Vec::new(), room_id: None, names: Vec::new() };
    let stopped = all(&mut walk, endpoints).await.err();
    let Walk { tell: _, passed, room_id, names } = walk;
    Report { passed, stopped, room_id, names }
}

async fn all(walk: &mut Walk<'_>, endpoints: &Endpoints) -> Result<(), Stopped> {
    if let Some(url) = &endpoints.site_url {
        walk.step(Step::Site, site::check(url, endpoints)).await?;
    }
    if let Some(url) = &endpoints.http_api_url {
        walk.step(Step::Health, health::check(url, endpoints)).await?;
    }
    chat::play(walk, endpoints).await
}

/// The steps as they are gone through.
struct Walk<'a> {
    tell: &'a dyn Fn(&Passed),
    passed: Vec<Passed>,
    room_id: Option<String>,
    names: Vec<String>,
}

impl Walk<'_> {
    async fn step<T>(
        &mut self,
        step: Step,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Stopped> {
        let started = Instant::now();
        let value = work.await.map_err(|trouble| Stopped { step, trouble })?;
        let passed = Passed { step, took: started.elapsed() };
        (self.tell)(&passed);
        self.passed.push(passed);
        Ok(value)
    }
}
