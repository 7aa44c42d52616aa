//! CloudWatch Logs: pages of a group's events, and what comes live.

mod live;
mod removal;

pub use live::{LiveEvent, LiveTail, LiveUpdate};

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::Builder;
use aws_sdk_cloudwatchlogs::config::retry::RetryConfig;

use super::{AwsError, Cloud, failure};

/// The log groups.
#[derive(Debug, Clone)]
pub struct Logs(Client);

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// The service's id of the event, the same in every answer; empty where a service gives none.
    pub id: String,
    /// When it happened, ms since the epoch.
    pub timestamp_ms: i64,
    /// Its stream.
    pub stream: String,
    /// What was written.
    pub message: String,
}

/// A page of events; a page may be empty though more follow.
#[derive(Debug, Clone, Default)]
pub struct LogPage {
    /// The events.
    pub events: Vec<LogEvent>,
    /// The next page's token.
    pub next: Option<String>,
}

impl Logs {
    /// The log groups of a cloud. Refusals are told at once: how soon to ask again is for whoever asks
    /// for many groups.
    pub fn new(cloud: &Cloud) -> Self {
        let config = Builder::from(&cloud.sdk).retry_config(RetryConfig::disabled());
        Self(Client::from_conf(config.build()))
    }

    /// A page of a group's events from a time up to and with another, in ms.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn page(
        &self,
        group: &str,
        (from, to): (i64, Option<i64>),
        pattern: Option<&str>,
        next: Option<String>,
    ) -> Result<LogPage, AwsError> {
        let request = self.0.filter_log_events().log_group_name(group).start_time(from);
        let request = request
            .set_end_time(to)
            .set_filter_pattern(pattern.map(str::to_owned))
            .set_next_token(next);
        let answer = request.send().await.map_err(failure("logs:FilterLogEvents"))?;
        let next = answer.next_token().map(str::to_owned);
        let events = answer.events.unwrap_or_default().into_iter().map(|event| LogEvent {
            id: event.event_id.unwrap_or_default(),
            timestamp_ms: event.timestamp.unwrap_or_default(),
            stream: event.log_stream_name.unwrap_or_default(),
            message: event.message.unwrap_or_default(),
        });
        Ok(LogPage { events: events.collect(), next })
    }
}
