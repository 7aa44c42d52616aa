//! The lines that the platform itself writes around an invocation, in AWS's words.

use std::time::Duration;

use jiff::Timestamp;

/// What a REPORT line tells.
pub struct Report<'a> {
    pub request_id: &'a str,
    pub duration: Duration,
    pub memory_mb: u32,
    pub used_mb: u64,
    /// The time until the process was ready, on its first invocation.
    pub init: Option<Duration>,
    /// What went wrong with the process, such as `timeout`.
    pub status: Option<&'a str>,
}

/// Before an invocation.
pub fn start(request_id: &str) -> String {
    format!("START RequestId: {request_id} Version: $LATEST\n")
}

/// After an invocation.
pub fn end(request_id: &str) -> String {
    format!("END RequestId: {request_id}\n")
}

impl Report<'_> {
    /// The line. Billed is what AWS bills a custom runtime for: whole milliseconds, init included.
    pub fn line(&self) -> String {
        let billed = (self.duration + self.init.unwrap_or_default()).as_secs_f64() * 1e3;
        let mut line = format!(
            "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {:.0} ms\t\
             Memory Size: {} MB\tMax Memory Used: {} MB\t",
            self.request_id,
            millis(self.duration),
            billed.ceil(),
            self.memory_mb,
            self.used_mb,
        );
        if let Some(init) = self.init {
            line.push_str(&format!("Init Duration: {:.2} ms\t", millis(init)));
        }
        if let Some(status) = self.status {
            line.push_str(&format!("Status: {status}\t"));
        }
        line.push('\n');
        line
    }
}

/// When a process did not come up.
pub fn init_failed(duration: Duration, error_type: &str) -> String {
    format!(
        "INIT_REPORT Init Duration: {:.2} ms\tPhase: init\tStatus: error\tError Type: {error_type}\n",
        millis(duration)
    )
}

/// When an invocation took too long; the message is also the error that the caller gets.
pub fn timed_out(timeout_s: u32) -> String {
    format!("Task timed out after {timeout_s}.00 seconds")
}

/// The log's form of it, with the time and the request.
pub fn timed_out_line(now: Timestamp, request_id: &str, timeout_s: u32) -> String {
    format!("{now:.3} {request_id} {}\n\n", timed_out(timeout_s))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_as_aws_writes_it() {
        let report = Report {
            request_id: "id",
            duration: Duration::from_micros(1_234),
            memory_mb: 256,
            used_mb: 18,
            init: None,
            status: None,
        };
        assert_eq!(
            report.line(),
            "REPORT RequestId: id\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 256 MB\t\
             Max Memory Used: 18 MB\t\n"
        );
        let cold =
            Report { init: Some(Duration::from_millis(20)), status: Some("timeout"), ..report };
        assert!(cold.line().contains("Billed Duration: 22 ms\t"), "{}", cold.line());
        assert!(cold.line().ends_with("Init Duration: 20.00 ms\tStatus: timeout\t\n"));
    }

    #[test]
    fn a_timeout_carries_its_time() {
        let line = timed_out_line(Timestamp::UNIX_EPOCH, "id", 3);
        assert_eq!(line, "1970-01-01T00:00:00.000Z id Task timed out after 3.00 seconds\n\n");
    }
}
