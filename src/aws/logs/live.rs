//! Live Tail: a session in which CloudWatch Logs sends what comes, once a second.
//!
//! A session knows neither what was before it nor what came while there was none, and it has no ids
//! of events; whoever must not lose a line asks for [`super::LogPage`]s.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::config::interceptors::BeforeSerializationInterceptorContextMut;
use aws_sdk_cloudwatchlogs::config::{
    Builder, ConfigBag, Intercept, RuntimeComponents, StalledStreamProtectionConfig,
};
use aws_sdk_cloudwatchlogs::error::{BoxError, SdkError};
use aws_sdk_cloudwatchlogs::primitives::event_stream::EventReceiver;
use aws_sdk_cloudwatchlogs::types::error::StartLiveTailResponseStreamError as Exception;
use aws_sdk_cloudwatchlogs::types::{
    LiveTailSessionLogEvent, LiveTailSessionUpdate, StartLiveTailResponseStream as Sent,
};
use aws_smithy_runtime_api::client::endpoint::EndpointPrefix;
use aws_smithy_types::event_stream::RawMessage;
use aws_types::endpoint_config::EndpointUrl;

use super::{LogEvent, Logs};
use crate::aws::{AwsError, failure};

const OPERATION: &str = "logs:StartLiveTail";
/// For how long nothing may come before a session counts as lost. An update is promised every second,
/// if only an empty one.
const QUIET: Duration = Duration::from_secs(30);

/// A session of Live Tail; dropping it ends it.
#[derive(Debug)]
pub struct LiveTail(EventReceiver<Sent, Exception>);

/// What came in about a second.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveUpdate {
    /// The events.
    pub events: Vec<LiveEvent>,
    /// Whether more than 500 came, so that some are missing.
    pub sampled: bool,
}

/// An event of one of a session's groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveEvent {
    /// The group's name.
    pub group: String,
    /// The event, without an id.
    pub event: LogEvent,
}

impl Logs {
    /// Begins a session over one to ten groups, which are named by their ARNs.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn live(
        &self,
        groups: &[String],
        pattern: Option<&str>,
    ) -> Result<LiveTail, AwsError> {
        let request = self.0.start_live_tail().set_log_group_identifiers(Some(groups.to_vec()));
        let request = request.set_log_event_filter_pattern(pattern.map(str::to_owned));
        // What stalls is told by `QUIET`, and not by how many bytes come in a second.
        let patient = StalledStreamProtectionConfig::disabled();
        let patient = Builder::new().stalled_stream_protection(patient);
        let request = request.customize().config_override(patient).interceptor(OwnHost);
        let begun = within(async { request.send().await.map_err(failure(OPERATION)) });
        Ok(LiveTail(begun.await?.response_stream))
    }
}

impl LiveTail {
    /// The next update.
    ///
    /// # Errors
    /// The session is at its end: its three hours are over, it failed, or its connection was lost.
    pub async fn next(&mut self) -> Result<LiveUpdate, AwsError> {
        loop {
            match within(async { self.0.recv().await.map_err(ended) }).await? {
                Some(Sent::SessionUpdate(update)) => return Ok(of(update)),
                // What was asked for is known, and anything else is newer than this program.
                Some(_) => {}
                None => return Err(AwsError::away(OPERATION, "the connection was closed")),
            }
        }
    }
}

/// Leaves the host of an endpoint of one's own as it is.
///
/// On AWS the operation has a host of its own, the region's with a prefix. What stands in for AWS, or a
/// private endpoint, has one name for everything.
#[derive(Debug)]
struct OwnHost;

impl Intercept for OwnHost {
    fn name(&self) -> &'static str {
        "OwnHost"
    }

    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if config.load::<EndpointUrl>().is_some() {
            config.interceptor_state().unset::<EndpointPrefix>();
        }
        Ok(())
    }
}

async fn within<T>(work: impl Future<Output = Result<T, AwsError>>) -> Result<T, AwsError> {
    let quiet = |_| Err(AwsError::away(OPERATION, "nothing came any more"));
    tokio::time::timeout(QUIET, work).await.unwrap_or_else(quiet)
}

/// The end of a session. An exception within a stream is named by its kind and by nothing else.
fn ended(error: SdkError<Exception, RawMessage>) -> AwsError {
    let name = match &error {
        SdkError::ServiceError(told) => match told.err() {
            Exception::SessionTimeoutException(_) => Some("SessionTimeoutException"),
            Exception::SessionStreamingException(_) => Some("SessionStreamingException"),
            _ => None,
        },
        SdkError::ResponseError(_) => return AwsError::away(OPERATION, "what came cannot be read"),
        _ => return AwsError::away(OPERATION, "the connection was lost"),
    };
    let mut told = failure(OPERATION)(error);
    told.code = told.code.or(name.map(str::to_owned));
    told
}

fn of(update: LiveTailSessionUpdate) -> LiveUpdate {
    let LiveTailSessionUpdate { session_metadata, session_results, .. } = update;
    LiveUpdate {
        events: session_results.unwrap_or_default().into_iter().map(event).collect(),
        sampled: session_metadata.is_some_and(|metadata| metadata.sampled),
    }
}

fn event(event: LiveTailSessionLogEvent) -> LiveEvent {
    LiveEvent {
        group: group(&event.log_group_identifier.unwrap_or_default()).to_owned(),
        event: LogEvent {
            id: String::new(),
            timestamp_ms: event.timestamp.unwrap_or_default(),
            stream: event.log_stream_name.unwrap_or_default(),
            message: event.message.unwrap_or_default(),
        },
    }
}

/// A group's name from what the service calls it by: the name, `ACCOUNT:NAME` or an ARN. A name has no
/// colon.
fn group(identifier: &str) -> &str {
    let identifier = identifier.trim_end_matches(":*");
    identifier.rsplit_once(':').map_or(identifier, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_known_by_whatever_names_it() {
        for identifier in [
            "/aws/lambda/F",
            "123456789012:/aws/lambda/F",
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/F",
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/F:*",
        ] {
            assert_eq!(group(identifier), "/aws/lambda/F", "{identifier}");
        }
    }

    #[test]
    fn an_exception_of_the_stream_is_told_by_its_name() {
        use aws_sdk_cloudwatchlogs::types::error::{
            SessionStreamingException, SessionTimeoutException,
        };
        let raw = || RawMessage::Invalid(None);
        let timeout = SessionTimeoutException::builder().message("three hours").build();
        let error =
            ended(SdkError::service_error(Exception::SessionTimeoutException(timeout), raw()));
        assert_eq!(error.code.as_deref(), Some("SessionTimeoutException"));
        let failed = SessionStreamingException::builder().build();
        let error =
            ended(SdkError::service_error(Exception::SessionStreamingException(failed), raw()));
        assert_eq!(error.code.as_deref(), Some("SessionStreamingException"));
        assert!(!error.is_credentials());
    }
}
