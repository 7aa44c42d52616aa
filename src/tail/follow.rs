//! Following: polls with an overlap and drops what was seen, because lines arrive late and out of
//! order; holds each line for a moment, so that those of several groups come in the order of time.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;

use super::{Group, Line, Query, read};
use crate::aws::{AwsError, LogEvent, Logs};

/// How long after an answer is asked again: soon while lines come, later while none do.
const BUSY: Duration = Duration::from_millis(300);
const IDLE: Duration = Duration::from_millis(900);
/// How far back every question goes.
const OVERLAP_MS: i64 = 5_000;
/// How far back every so many-th question goes, for lines that were delivered very late.
const FAR_OVERLAP_MS: i64 = 120_000;
const FAR_EVERY: u32 = 25;
/// How long a line waits for earlier ones of other groups.
const HOLD_MS: i64 = 600;
/// How many rounds in a row may fail: a stage that is being replaced is back within seconds.
const FAILURES: u32 = 25;

/// Passes lines to `take` as they come, until it fails.
///
/// # Errors
/// The service's, or `take`'s own. There is no other end.
pub async fn follow<E: From<AwsError>>(
    logs: &Logs,
    groups: &[Group],
    query: &Query,
    mut take: impl FnMut(Line) -> Result<(), E>,
) -> Result<(), E> {
    let mut cursors: Vec<Cursor> = groups.iter().map(|_| Cursor::new(query.from)).collect();
    let mut order = Order::default();
    let mut failures = 0;
    for round in 0_u32.. {
        let overlap = if round % FAR_EVERY == FAR_EVERY - 1 { FAR_OVERLAP_MS } else { OVERLAP_MS };
        match ask(logs, groups, query, overlap, &mut cursors, &mut order).await {
            Ok(()) => failures = 0,
            Err(error) if error.is_away() && failures < FAILURES => failures += 1,
            Err(error) => return Err(error.into()),
        }
        let now = Timestamp::now().as_millisecond();
        let busy = !order.waiting.is_empty();
        for line in order.until(now - HOLD_MS) {
            take(line)?;
        }
        tokio::time::sleep(if busy { BUSY } else { IDLE }).await;
    }
    Ok(())
}

/// Asks every group for what is new.
async fn ask(
    logs: &Logs,
    groups: &[Group],
    query: &Query,
    overlap: i64,
    cursors: &mut [Cursor],
    order: &mut Order,
) -> Result<(), AwsError> {
    let asked = groups.iter().zip(cursors.iter_mut()).map(|(group, cursor)| {
        let window =
            Query { from: cursor.from(overlap), until: None, pattern: query.pattern.clone() };
        async move {
            let mut fresh = Vec::new();
            let group = std::slice::from_ref(group);
            let end = read::<AwsError>(logs, group, &window, |line| {
                if cursor.is_new(&line.event) {
                    fresh.push(line);
                }
                Ok(())
            });
            let end = end.await;
            // What came before a failure counts as seen, so it is passed on.
            (fresh, end)
        }
    });
    let mut result = Ok(());
    for (fresh, end) in futures_util::future::join_all(asked).await {
        fresh.into_iter().for_each(|line| order.push(line));
        result = result.and(end);
    }
    result
}

/// How far a group was read, and what was seen of the time that is asked for again.
#[derive(Debug)]
struct Cursor {
    start: i64,
    newest: i64,
    seen: HashMap<String, i64>,
}

impl Cursor {
    fn new(start: i64) -> Self {
        Self { start, newest: start, seen: HashMap::new() }
    }

    /// Where the next question begins. What no question can bring again is forgotten.
    fn from(&mut self, overlap: i64) -> i64 {
        let oldest = self.newest - FAR_OVERLAP_MS;
        self.seen.retain(|_, time| *time >= oldest);
        self.start.max(self.newest - overlap)
    }

    fn is_new(&mut self, event: &LogEvent) -> bool {
        self.newest = self.newest.max(event.timestamp_ms);
        self.seen.insert(event.id.clone(), event.timestamp_ms).is_none()
    }
}

/// Lines that wait, by time and then in the order in which they came.
#[derive(Debug, Default)]
struct Order {
    waiting: BTreeMap<(i64, u64), Line>,
    count: u64,
}

impl Order {
    fn push(&mut self, line: Line) {
        self.count += 1;
        self.waiting.insert((line.event.timestamp_ms, self.count), line);
    }

    /// The lines up to and with a time.
    fn until(&mut self, time: i64) -> impl Iterator<Item = Line> {
        let later = self.waiting.split_off(&(time + 1, 0));
        std::mem::replace(&mut self.waiting, later).into_values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, timestamp_ms: i64) -> LogEvent {
        LogEvent { id: id.into(), timestamp_ms, stream: "s".into(), message: id.into() }
    }

    #[test]
    fn a_line_that_comes_late_is_neither_lost_nor_repeated() {
        let mut cursor = Cursor::new(1_000_000);
        assert_eq!(cursor.from(OVERLAP_MS), 1_000_000);
        assert!(cursor.is_new(&event("a", 1_010_000)));
        let from = cursor.from(OVERLAP_MS);
        assert!(from <= 1_006_000, "a late line of 1,006,000 is asked for: {from}");
        assert!(!cursor.is_new(&event("a", 1_010_000)));
        assert!(cursor.is_new(&event("late", 1_006_000)));
        assert_eq!(cursor.from(OVERLAP_MS), 1_005_000, "a late line does not turn the cursor back");
    }

    #[test]
    fn two_lines_of_one_millisecond_are_two() {
        let mut cursor = Cursor::new(0);
        assert!(cursor.is_new(&event("a", 5)));
        assert!(cursor.is_new(&event("b", 5)));
    }

    #[test]
    fn memory_is_kept_as_long_as_a_question_can_bring_a_line_again() {
        let mut cursor = Cursor::new(0);
        cursor.is_new(&event("old", 1_000));
        cursor.is_new(&event("new", 1_000 + FAR_OVERLAP_MS));
        assert!(cursor.from(FAR_OVERLAP_MS) <= 1_000);
        assert!(!cursor.is_new(&event("old", 1_000)));
        cursor.is_new(&event("newer", 2_000 + FAR_OVERLAP_MS));
        assert!(cursor.from(FAR_OVERLAP_MS) > 1_000);
        assert_eq!(cursor.seen.len(), 2);
    }

    #[test]
    fn lines_of_several_groups_come_in_the_order_of_time() {
        let mut order = Order::default();
        for (function, id, time) in [("A", "2", 20), ("A", "4", 40), ("B", "1", 10), ("B", "3", 20)]
        {
            order.push(Line { function: function.into(), event: event(id, time) });
        }
        let ids =
            |lines: Vec<Line>| lines.into_iter().map(|line| line.event.id).collect::<Vec<_>>();
        assert_eq!(ids(order.until(20).collect()), ["1", "2", "3"]);
        assert_eq!(ids(order.until(39).collect()), [""; 0]);
        assert_eq!(ids(order.until(40).collect()), ["4"]);
    }
}
