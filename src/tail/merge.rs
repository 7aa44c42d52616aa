//! One pass: each group is read page by page, and the earliest line of all comes next, so that the
//! timeline is in order and no more than two pages a group are held.

use std::collections::VecDeque;
use std::sync::Arc;

use super::identity::{Memory, Pass};
use super::pages::{Pages, Source};
use super::{Group, Line, Pace, Query};
use crate::aws::{AwsError, LogEvent, Logs};

/// How many lines are passed on at once.
const BATCH: usize = 2_000;
/// How many events' identities a group keeps before it forgets those of long ago.
const REMEMBERED: usize = 50_000;
/// What is long ago, ms: a page repeats the end of the one before at most.
const LONG_AGO_MS: i64 = 120_000;

/// Passes the lines of several groups to `take` in the order of time, many at once, until it fails.
///
/// # Errors
/// The service's, or `take`'s own.
pub async fn read<E: From<AwsError>>(
    logs: &Logs,
    pace: &Arc<Pace>,
    groups: &[Group],
    query: &Query,
    mut take: impl FnMut(&[Line]) -> Result<(), E>,
) -> Result<(), E> {
    let source = Source { logs: logs.clone(), pace: Arc::clone(pace) };
    let mut readers: Vec<Reader> =
        groups.iter().map(|group| Reader::new(&source, group, query)).collect();
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        for reader in readers.iter_mut().filter(|reader| reader.waiting.is_empty()) {
            // Whoever waits for the service shows what is known first.
            if !batch.is_empty() {
                take(&batch)?;
                batch.clear();
            }
            reader.fill().await?;
        }
        readers.retain(|reader| !reader.waiting.is_empty());
        if readers.is_empty() {
            return Ok(());
        }
        merge(&mut readers, &mut batch);
        if batch.len() >= BATCH {
            take(&batch)?;
            batch.clear();
            // Pages that have come meanwhile are read, and the next ones asked for.
            tokio::task::yield_now().await;
        }
    }
}

/// Takes the earliest lines until a group has none left or the batch is full.
fn merge(readers: &mut [Reader], batch: &mut Vec<Line>) {
    while batch.len() < BATCH {
        let earliest = readers.iter_mut().min_by_key(|reader| reader.first());
        let Some(reader) = earliest else { return };
        let Some(event) = reader.waiting.pop_front() else { return };
        batch.push(Line { function: Arc::clone(&reader.function), event });
    }
}

/// A group on its way to its end.
struct Reader {
    function: Arc<str>,
    pages: Pages,
    waiting: VecDeque<LogEvent>,
    memory: Memory,
}

impl Reader {
    fn new(source: &Source, group: &Group, query: &Query) -> Self {
        Self {
            function: Arc::clone(&group.function),
            pages: Pages::of(source, group, query),
            waiting: VecDeque::new(),
            memory: Memory::default(),
        }
    }

    /// The time of the first line that waits; without one, before every other.
    fn first(&self) -> i64 {
        self.waiting.front().map_or(i64::MIN, |event| event.timestamp_ms)
    }

    /// Reads on until a line waits or the group ends.
    async fn fill(&mut self) -> Result<(), AwsError> {
        while self.waiting.is_empty() {
            let Some(mut page) = self.pages.next().await? else { return Ok(()) };
            page.events.sort_by_key(|event| event.timestamp_ms);
            let newest = page.events.last().map_or(0, |event| event.timestamp_ms);
            self.waiting.extend(page.events);
            let (memory, mut pass) = (&mut self.memory, Pass::default());
            // Without an id nothing tells a repeated event from a second one like it.
            self.waiting.retain(|event| {
                event.id.is_empty() || memory.is_new(pass.identity(event), event.timestamp_ms)
            });
            if memory.len() > REMEMBERED {
                memory.forget_before(newest - LONG_AGO_MS);
            }
        }
        Ok(())
    }
}
