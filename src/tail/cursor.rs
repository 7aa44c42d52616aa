//! How far a group was read, and from where it is asked again.
//!
//! Lines arrive late: the service shows some of them seconds after others that happened later. So
//! every question overlaps with the one before, some overlap widely, and what was seen is dropped.

use super::identity::{Memory, Pass};
use crate::aws::LogEvent;

/// How far back every question goes.
const NEAR_MS: i64 = 5_000;
/// How often a question goes further back, and how far: lines that were delivered very late.
const FAR: [(i64, i64); 2] = [(15_000, 120_000), (120_000, WIDEST_MS)];
const WIDEST_MS: i64 = 900_000;

/// A group's cursor.
#[derive(Debug)]
pub(super) struct Cursor {
    start: i64,
    newest: i64,
    /// When each of [`FAR`] is due again.
    due: [i64; 2],
    memory: Memory,
}

/// A question that is being asked: where it begins, and what has come of it.
#[derive(Debug)]
pub(super) struct Question {
    /// Its beginning, ms since the epoch.
    pub from: i64,
    asked_at: i64,
    newest: i64,
    pass: Pass,
}

impl Cursor {
    pub fn new(start: i64) -> Self {
        Self { start, newest: start, due: [0; 2], memory: Memory::default() }
    }

    /// The next question. What no question can bring again is forgotten.
    pub fn ask(&mut self, now: i64) -> Question {
        let mut overlap = NEAR_MS;
        for ((every, far), due) in FAR.into_iter().zip(&mut self.due) {
            if now >= *due {
                overlap = overlap.max(far);
                *due = now + every;
            }
        }
        self.memory.forget_before(self.newest - WIDEST_MS);
        let from = self.start.max(self.newest - overlap);
        Question { from, asked_at: now, newest: self.newest, pass: Pass::default() }
    }

    /// Whether an event of a question's answer is seen for the first time.
    pub fn is_new(&mut self, question: &mut Question, event: &LogEvent) -> bool {
        question.newest = question.newest.max(event.timestamp_ms);
        self.memory.is_new(question.pass.identity(event), event.timestamp_ms)
    }

    /// A question was answered to its end; one that was not moves nothing. An event from the future,
    /// which a wrong clock makes, must not hide those of the present.
    pub fn answered(&mut self, question: &Question) {
        self.newest = self.newest.max(question.newest.min(question.asked_at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 10_000_000;

    fn event(id: &str, timestamp_ms: i64) -> LogEvent {
        LogEvent { id: id.into(), timestamp_ms, stream: "s".into(), message: id.into() }
    }

    /// Asks and gets these events; those that were new.
    fn round<'a>(cursor: &mut Cursor, now: i64, events: &[(&'a str, i64)]) -> (i64, Vec<&'a str>) {
        let mut question = cursor.ask(now);
        let answer = events.iter().filter(|(_, time)| *time >= question.from);
        let answer: Vec<_> = answer.copied().collect();
        let fresh =
            answer.into_iter().filter(|(id, time)| cursor.is_new(&mut question, &event(id, *time)));
        let fresh = fresh.map(|(id, _)| id).collect();
        cursor.answered(&question);
        (question.from, fresh)
    }

    #[test]
    fn a_line_that_comes_late_is_neither_lost_nor_repeated() {
        let mut cursor = Cursor::new(NOW - 60_000);
        assert_eq!(round(&mut cursor, NOW, &[("a", NOW)]).1, ["a"]);
        let late = [("late", NOW - 4_000), ("a", NOW)];
        assert_eq!(round(&mut cursor, NOW + 300, &late), (NOW - NEAR_MS, vec!["late"]));
        assert!(round(&mut cursor, NOW + 600, &late).1.is_empty());
    }

    #[test]
    fn a_line_that_comes_very_late_is_found_by_a_wide_question() {
        let mut cursor = Cursor::new(NOW - 3_600_000);
        round(&mut cursor, NOW, &[("a", NOW)]);
        let all = [("two minutes", NOW - 110_000), ("ten", NOW - 600_000), ("a", NOW)];
        assert!(round(&mut cursor, NOW + 300, &all).1.is_empty());
        assert_eq!(round(&mut cursor, NOW + 15_000, &all).1, ["two minutes"]);
        assert_eq!(round(&mut cursor, NOW + 120_000, &all).1, ["ten"]);
        assert!(round(&mut cursor, NOW + 240_000, &all).1.is_empty());
    }

    #[test]
    fn nothing_before_the_start_is_asked_for() {
        let mut cursor = Cursor::new(NOW);
        assert_eq!(round(&mut cursor, NOW + 10, &[]).0, NOW);
        assert_eq!(round(&mut cursor, NOW + 20, &[("a", NOW + 15)]).0, NOW);
    }

    #[test]
    fn a_clock_that_runs_ahead_hides_nothing() {
        let mut cursor = Cursor::new(NOW - 60_000);
        round(&mut cursor, NOW, &[("ahead", NOW + 3_600_000)]);
        let (from, fresh) =
            round(&mut cursor, NOW + 300, &[("right", NOW + 200), ("ahead", NOW + 3_600_000)]);
        assert!(from <= NOW, "{from}");
        assert_eq!(fresh, ["right"]);
    }

    #[test]
    fn an_answer_that_broke_off_is_asked_for_again() {
        let mut cursor = Cursor::new(NOW - 60_000);
        let mut question = cursor.ask(NOW);
        assert!(cursor.is_new(&mut question, &event("newest stream first", NOW)));
        // The connection breaks here: the page with the older stream never came.
        let all = [("older", NOW - 50_000), ("newest stream first", NOW)];
        assert_eq!(round(&mut cursor, NOW + 300, &all).1, ["older"]);
    }
}
