//! One pass: each group is read page by page, and the earliest line of all comes next, so that the
//! timeline is in order and no more than a page a group is held.

use std::collections::VecDeque;

use super::{Group, Line, Query};
use crate::aws::{AwsError, LogEvent, Logs};

/// A group on its way to its end.
struct Reader<'a> {
    group: &'a Group,
    waiting: VecDeque<LogEvent>,
    next: Next,
}

enum Next {
    First,
    Page(String),
    End,
}

/// Passes the lines of several groups to `take`, in the order of time, until it fails.
///
/// # Errors
/// The service's, or `take`'s own.
pub async fn read<E: From<AwsError>>(
    logs: &Logs,
    groups: &[Group],
    query: &Query,
    mut take: impl FnMut(Line) -> Result<(), E>,
) -> Result<(), E> {
    let reader = |group| Reader { group, waiting: VecDeque::new(), next: Next::First };
    let mut readers: Vec<Reader<'_>> = groups.iter().map(reader).collect();
    loop {
        for reader in &mut readers {
            reader.fill(logs, query).await?;
        }
        let earliest = readers.iter_mut().filter(|reader| !reader.waiting.is_empty());
        let Some(reader) =
            earliest.min_by_key(|reader| reader.waiting.front().map(|event| event.timestamp_ms))
        else {
            return Ok(());
        };
        if let Some(event) = reader.waiting.pop_front() {
            take(Line { function: reader.group.function.clone(), event })?;
        }
    }
}

impl Reader<'_> {
    /// Reads on until a line waits or the group ends. A page may be empty though more follow.
    async fn fill(&mut self, logs: &Logs, query: &Query) -> Result<(), AwsError> {
        while self.waiting.is_empty() {
            let token = match &mut self.next {
                Next::End => return Ok(()),
                Next::First => None,
                Next::Page(token) => Some(std::mem::take(token)),
            };
            let time = (query.from, query.until);
            let page =
                match logs.page(&self.group.name, time, query.pattern.as_deref(), token).await {
                    Ok(page) => page,
                    // A function that has not run yet may have no group.
                    Err(error) if error.is_not_found() => crate::aws::LogPage::default(),
                    Err(error) => return Err(error),
                };
            self.next = page.next.map_or(Next::End, Next::Page);
            self.waiting.extend(page.events);
        }
        Ok(())
    }
}
