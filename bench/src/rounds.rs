//! One round of one side: start, idle connections, echo, rooms of 10 and 50, end.

use std::time::Instant;

use crate::client::Client;
use crate::load::{self, Flow};
use crate::processes::{Memory, Meter};
use crate::sides::{Offline, Stage, Variant};
use crate::{Result, Settings};

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// This project's stage `local`.
    Chatctl,
    /// The rival.
    Offline(Variant),
}

/// What one round of one side gave.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Seconds to ready, by kind of start.
    pub ready: Vec<(&'static str, f64)>,
    /// The first connection of a fresh start, from connecting to the answer to its hello, ms.
    pub first_hello_ms: f64,
    /// Memory with the idle connections open.
    pub idle: Vec<Memory>,
    /// A room of one.
    pub echo: Flow,
    /// A room of 10.
    pub ten: Flow,
    /// A room of 50.
    pub fifty: Flow,
}

impl Side {
    /// In the order of the tables.
    pub const ALL: [Self; 3] =
        [Self::Chatctl, Self::Offline(Variant::Http), Self::Offline(Variant::Sdk)];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chatctl => "chatctl, stage local",
            Self::Offline(variant) => variant.name(),
        }
    }
}

/// Starts a side fresh, measures it, ends it.
pub async fn measure(side: Side, round: usize, settings: &Settings) -> Result<Figures> {
    match side {
        Side::Chatctl => {
            let stage = Stage::new(&settings.chatctl, &std::env::current_dir()?)?;
            let ready = readiness(&stage)?;
            let figures = loaded(&stage.url()?, &stage.meter()?, ready, round, settings).await?;
            stage.teardown()?;
            Ok(figures)
        }
        Side::Offline(variant) => {
            let offline = Offline::start(&settings.rival, variant)?;
            let ready = vec![("start", offline.ready.as_secs_f64())];
            loaded(&offline.url(), &offline.meter(), ready, round, settings).await
        }
    }
}

/// One room on a fresh stage, and nothing else.
pub async fn room(people: usize, settings: &Settings) -> Result<Flow> {
    let stage = Stage::new(&settings.chatctl, &std::env::current_dir()?)?;
    stage.deploy()?;
    let flow = load::room(&stage.url()?, "room", people, settings.span(), &stage.meter()?).await?;
    stage.teardown()?;
    Ok(flow)
}

/// A first deployment, one with nothing to do, and one of the stopped stage.
fn readiness(stage: &Stage) -> Result<Vec<(&'static str, f64)>> {
    let first = stage.deploy()?.as_secs_f64();
    let unchanged = stage.deploy()?.as_secs_f64();
    stage.stop()?;
    let again = stage.deploy()?.as_secs_f64();
    Ok(vec![("first", first), ("no change", unchanged), ("start", again)])
}

async fn loaded(
    url: &str,
    meter: &Meter,
    ready: Vec<(&'static str, f64)>,
    round: usize,
    settings: &Settings,
) -> Result<Figures> {
    let began = Instant::now();
    let first = Client::connect(url, &format!("r{round}first")).await?;
    let first_hello_ms = began.elapsed().as_secs_f64() * 1000.0;
    drop(first);
    let idle = idle(url, round, settings.idle, meter).await?;
    meter.rest().await;
    let span = settings.span();
    let echo = load::room(url, &format!("r{round}e"), 1, span, meter).await?;
    meter.rest().await;
    let ten = load::room(url, &format!("r{round}t"), 10, span, meter).await?;
    meter.rest().await;
    let fifty = load::room(url, &format!("r{round}f"), 50, span, meter).await?;
    Ok(Figures { ready, first_hello_ms, idle, echo, ten, fifty })
}

/// Opens connections one after the other, each of which has said hello, and weighs the side at rest.
async fn idle(url: &str, round: usize, count: usize, meter: &Meter) -> Result<Vec<Memory>> {
    let mut clients = Vec::with_capacity(count);
    for at in 0..count {
        clients.push(Client::connect(url, &format!("r{round}i{at}")).await?);
    }
    meter.rest().await;
    meter.memory()
}
