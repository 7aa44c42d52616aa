//! How long functions take to start, and what they weigh, from the stage's own REPORT lines.

use crate::sides::Stage;
use crate::{Result, stats};

/// Cold starts of a stage.
#[derive(Debug, Clone, Copy)]
pub struct Cold {
    /// How many were seen.
    pub starts: usize,
    /// From spawning to the first poll for work, median, ms.
    pub init_ms: f64,
    /// The slowest, ms.
    pub slowest_ms: f64,
    /// The most memory that the middle function used, MB.
    pub memory_mb: f64,
}

/// Reads the cold starts off a stage's logs.
pub fn read(stage: &Stage) -> Result<Cold> {
    let lines = stage.logs("\"Init Duration\"")?;
    let init: Vec<f64> = lines.lines().filter_map(|line| after(line, "Init Duration: ")).collect();
    let memory: Vec<f64> =
        lines.lines().filter_map(|line| after(line, "Max Memory Used: ")).collect();
    if init.is_empty() {
        return Err("no REPORT line tells of a cold start".into());
    }
    Ok(Cold {
        starts: init.len(),
        init_ms: stats::median(&init),
        slowest_ms: init.iter().copied().fold(0.0, f64::max),
        memory_mb: stats::median(&memory),
    })
}

/// The number after a label.
fn after(line: &str, label: &str) -> Option<f64> {
    let rest = line.split_once(label)?.1;
    rest.split_once(' ')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_off_a_report() {
        let line = r#"{"message":"REPORT RequestId: 1\tDuration: 1.10 ms\tMax Memory Used: 11 MB\tInit Duration: 5.25 ms\t"}"#;
        assert_eq!(after(line, "Init Duration: "), Some(5.25));
        assert_eq!(after(line, "Max Memory Used: "), Some(11.0));
        assert_eq!(after(line, "Restore Duration: "), None);
    }
}
