//! The ordering buffer: lines of several groups wait until no earlier one is to be expected.

use std::collections::BTreeMap;

use super::Line;

/// How much later than its time a line may be shown by the service and still come in order, ms.
pub(super) const SETTLE_MS: i64 = 100;

/// Lines that wait, by time and then in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Order {
    waiting: BTreeMap<(i64, u64), (Line, i64)>,
    count: u64,
    newest_shown: i64,
    late: u64,
}

impl Order {
    /// A line that came at a time.
    pub fn push(&mut self, line: Line, came_at: i64) {
        self.count += 1;
        self.waiting.insert((line.event.timestamp_ms, self.count), (line, came_at));
    }

    /// The lines that are due: those up to and with a time, and everything up to the last that has
    /// waited since before another time.
    pub fn due(&mut self, time: i64, came_before: i64) -> Vec<Line> {
        let waited = self.waiting.iter().rev().find(|(_, (_, came_at))| *came_at < came_before);
        let time = waited.map_or(time, |((waited, _), _)| time.max(*waited));
        let later = self.waiting.split_off(&(time.saturating_add(1), 0));
        let due = std::mem::replace(&mut self.waiting, later);
        due.into_values().map(|(line, _)| self.shown(line)).collect()
    }

    /// How many lines were given out, and how many of them after a later one.
    pub fn counts(&self) -> (u64, u64) {
        (self.count - self.waiting.len() as u64, self.late)
    }

    fn shown(&mut self, line: Line) -> Line {
        if line.event.timestamp_ms < self.newest_shown {
            self.late += 1;
        }
        self.newest_shown = self.newest_shown.max(line.event.timestamp_ms);
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::LogEvent;

    fn line(function: &str, id: &str, timestamp_ms: i64) -> Line {
        let event =
            LogEvent { id: id.into(), timestamp_ms, stream: "s".into(), message: id.into() };
        Line { function: function.into(), event }
    }

    fn ids(lines: Vec<Line>) -> Vec<String> {
        lines.into_iter().map(|line| line.event.id).collect()
    }

    #[test]
    fn lines_of_several_groups_come_in_the_order_of_time() {
        let mut order = Order::default();
        for (function, id, time) in [("A", "2", 20), ("A", "4", 40), ("B", "1", 10), ("B", "3", 20)]
        {
            order.push(line(function, id, time), 100);
        }
        assert_eq!(ids(order.due(20, 0)), ["1", "2", "3"]);
        assert_eq!(ids(order.due(39, 0)), [""; 0]);
        assert_eq!(ids(order.due(40, 0)), ["4"]);
        assert_eq!(order.counts(), (4, 0));
    }

    #[test]
    fn no_line_waits_for_ever_and_none_overtakes_the_one_that_waited() {
        let mut order = Order::default();
        order.push(line("A", "waited", 50), 100);
        order.push(line("B", "earlier", 30), 200);
        order.push(line("B", "later", 60), 200);
        assert_eq!(ids(order.due(0, 100)), [""; 0]);
        assert_eq!(ids(order.due(0, 101)), ["earlier", "waited"]);
        assert_eq!(order.counts(), (2, 0), "the later one waits on");
    }

    #[test]
    fn a_line_that_is_shown_after_a_later_one_is_counted() {
        let mut order = Order::default();
        order.push(line("A", "now", 50), 100);
        assert_eq!(ids(order.due(50, 0)), ["now"]);
        order.push(line("A", "late", 40), 200);
        assert_eq!(ids(order.due(50, 0)), ["late"]);
        assert_eq!(order.counts(), (2, 1));
    }
}
