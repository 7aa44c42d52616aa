//! The log: one line of JSON an invocation, its fields at the top level so that log filters reach
//! them. Never a body, a name or a token: people appear as hashes.

use std::time::Duration;

use chatctl_domain::{Report, Tally};
use chatctl_protocol::user_hash;
use serde_json::{Value, json};

/// Starts writing lines to stdout, where Lambda collects them.
pub(crate) fn start() {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_current_span(false)
        .with_span_list(false)
        .with_max_level(tracing::Level::INFO)
        .init();
}

/// Which invocation a line is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Invocation<'a> {
    pub(crate) function: &'a str,
    pub(crate) stage: &'a str,
    pub(crate) action: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) connection_id: &'a str,
    pub(crate) duration: Duration,
}

/// Writes an invocation's line.
pub(crate) fn line(invocation: Invocation<'_>, report: &Report) {
    let Invocation { function, stage, action, request_id, connection_id, duration } = invocation;
    let Report { code, fault, user_id, room_id, tally, unanswered: _ } = report;
    let Tally { delivered, failed, gone, pruned } = *tally;
    let user = user_id.as_deref().map(|name| user_hash(stage, name));
    let code = code.map(|code| json!(code));
    let code = code.as_ref().and_then(Value::as_str);
    let outcome = match (fault, code) {
        (Some(_), _) => "failed",
        (None, Some(_)) => "refused",
        (None, None) => "done",
    };
    macro_rules! say {
        ($level:ident) => {
            tracing::$level!(
                function,
                requestId = request_id,
                connectionId = connection_id,
                user = user.as_deref(),
                room = room_id.as_deref(),
                action,
                outcome,
                code,
                durationMs = duration.as_micros() as f64 / 1000.0,
                delivered,
                failed,
                gone,
                pruned,
                error = fault.as_deref(),
                "{action} {outcome}"
            )
        };
    }
    match fault {
        Some(_) => say!(error),
        None => say!(info),
    }
}
