//! Telling a refused connection why, and closing it: browsers cannot see why a handshake fails.

use std::time::Duration;

use chatctl_protocol::{Refusal, ServerMessage};

use crate::deliver::frame;
use crate::outcome::Report;
use crate::{Ports, Posted, RefusalNotice, Tally};

/// How often the frame is tried, and how long between: `$connect` may not have returned yet.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);
/// How long the connection stays after that: who has said something meanwhile is answered by its
/// `requestId` too, which many clients wait for.
const GRACE: Duration = Duration::from_millis(500);

/// Serves one notice.
pub async fn handle<P: Ports>(ports: &P, notice: RefusalNotice) -> Report {
    let RefusalNotice { connection_id, code, message } = notice;
    let mut report = Report { code: Some(code), ..Report::default() };
    let frame = frame(ServerMessage::from(Refusal::new(code, message)), None);
    let mut posted = Posted::Gone;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            ports.pause(PAUSE).await;
        }
        posted = ports.post(&connection_id, frame.clone()).await;
        if posted != Posted::Gone {
            break;
        }
    }
    match posted {
        Posted::Delivered => {
            report.tally = Tally { delivered: 1, ..Tally::default() };
            ports.pause(GRACE).await;
        }
        Posted::Gone => report.tally = Tally { gone: 1, ..Tally::default() },
        Posted::Failed(reason) => {
            report.tally = Tally { failed: 1, ..Tally::default() };
            report.fault = Some(reason);
        }
    }
    if let Err(fault) = ports.close(&connection_id).await {
        report.fault = Some(fault.to_string());
    }
    report
}
