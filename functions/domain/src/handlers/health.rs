//! `GET /healthz`: does the stage work? Who gets here has an API and a function; what is left to ask
//! is whether the function can read a table.

use std::pin::pin;
use std::time::Duration;

use chatctl_protocol::{Health, HealthStatus};
use futures_util::future::{Either, select};

use crate::fault::Fault;
use crate::http::HttpAnswer;
use crate::outcome::Report;
use crate::{Clock, ConnectionStore};

/// An id that no connection has.
const NOBODY: &str = "healthz";

/// How long the table may take; the function has longer, so that a table that is silent is told of.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is asked about.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The stage.
    pub stage: &'a str,
    /// The version of the functions.
    pub version: &'a str,
}

/// Reads a row that is not there, and tells how the stage is.
pub async fn handle<P: ConnectionStore + Clock>(
    ports: &P,
    about: About<'_>,
) -> (Report, HttpAnswer) {
    let About { stage, version } = about;
    let reading = pin!(ports.connection(NOBODY));
    let waiting = pin!(ports.pause(PATIENCE));
    let fault = match select(reading, waiting).await {
        Either::Left((Ok(_), _)) => {
            let (stage, version) = (stage.to_owned(), version.to_owned());
            let health = Health { status: HealthStatus::Ok, stage, version };
            return (Report::default(), HttpAnswer::new(200, &health));
        }
        Either::Left((Err(fault), _)) => fault,
        Either::Right(_) => Fault(format!("the table is silent for {} s", PATIENCE.as_secs())),
    };
    let message = "the stage cannot read its tables just now; ask again in a moment";
    (Report::default().fault(&fault), HttpAnswer::unavailable(message))
}
