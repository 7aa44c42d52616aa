//! Following: each group is asked again and again at a pace of its own; a line waits until every group
//! was asked after it happened, or for a moment at most, so that the timeline is in order.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::cursor::Cursor;
use super::order::{Order, SETTLE_MS};
use super::pages::Source;
use super::{Group, Line, Pace, Query};
use crate::aws::{AwsError, Logs};

/// How soon a group is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tempo {
    /// While lines come.
    pub busy: Duration,
    /// While none do; got to step by step.
    pub idle: Duration,
}

impl Tempo {
    /// For a stage on this machine, where questions cost nothing.
    pub const LOCAL: Self =
        Self { busy: Duration::from_millis(250), idle: Duration::from_millis(800) };
    /// For AWS, which counts the questions of a whole account.
    pub const AWS: Self = Self { busy: Duration::from_millis(800), idle: Duration::from_secs(4) };
}

/// How long a line waits for earlier ones of other groups, ms.
const HOLD_MS: i64 = 1_000;
/// How often lines that are due are looked for.
pub(super) const TICK: Duration = Duration::from_millis(40);
/// For how long a stage may be away: one that is being replaced is back within seconds.
pub(super) const AWAY: Duration = Duration::from_secs(25);

/// Follows groups. What it holds outlives an interruption, so that nothing is lost with it.
#[derive(Debug)]
pub struct Follower {
    source: Source,
    query: Query,
    tempo: Tempo,
    groups: Vec<Watched>,
    order: RefCell<Order>,
}

#[derive(Debug)]
struct Watched {
    group: Group,
    cursor: RefCell<Cursor>,
    /// When the last question that was answered to its end was asked, ms since the epoch.
    asked_at: Cell<i64>,
}

impl Follower {
    /// Follows groups from the query's start.
    pub fn new(
        logs: &Logs,
        pace: &Arc<Pace>,
        groups: Vec<Group>,
        query: Query,
        tempo: Tempo,
    ) -> Self {
        let watched = |group| Watched {
            group,
            cursor: RefCell::new(Cursor::new(query.from)),
            asked_at: Cell::new(i64::MIN),
        };
        Self {
            source: Source { logs: logs.clone(), pace: Arc::clone(pace) },
            groups: groups.into_iter().map(watched).collect(),
            order: RefCell::default(),
            query,
            tempo,
        }
    }

    /// Passes lines to `take` as they come, until it fails.
    ///
    /// # Errors
    /// The service's, or `take`'s own. There is no other end.
    pub async fn run<E: From<AwsError>>(
        &self,
        mut take: impl FnMut(&[Line]) -> Result<(), E>,
    ) -> Result<(), E> {
        let asking = try_join_all(self.groups.iter().map(|watched| self.watch(watched)));
        let showing = async {
            loop {
                tokio::time::sleep(TICK).await;
                let due = self.due();
                if !due.is_empty() {
                    take(&due)?;
                }
            }
        };
        tokio::select! {
            asked = asking => Ok(asked.map(drop)?),
            shown = showing => shown,
        }
    }

    /// The lines that still wait, for an end in good order.
    pub fn rest(&self) -> Vec<Line> {
        self.order.borrow_mut().due(i64::MAX - 1, i64::MAX)
    }

    /// How many lines were given out, and how many of them after a later one.
    pub fn counts(&self) -> (u64, u64) {
        self.order.borrow().counts()
    }

    fn due(&self) -> Vec<Line> {
        let asked = self.groups.iter().map(|watched| watched.asked_at.get()).min();
        let complete = asked.unwrap_or(i64::MIN).saturating_sub(SETTLE_MS);
        self.order.borrow_mut().due(complete, now() - HOLD_MS)
    }

    /// Asks a group for ever.
    async fn watch(&self, watched: &Watched) -> Result<(), AwsError> {
        let (mut pause, mut away) = (self.tempo.busy, Duration::ZERO);
        loop {
            match self.ask(watched).await {
                Ok(0) => {
                    away = Duration::ZERO;
                    pause = (pause + pause / 2).min(self.tempo.idle);
                }
                Ok(_) => {
                    away = Duration::ZERO;
                    pause = self.tempo.busy;
                }
                Err(error) if error.is_away() && away < AWAY => {
                    pause = self.tempo.idle;
                    away += pause;
                }
                Err(error) => return Err(error),
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks a group once, to the end of the answer; how many lines were new.
    async fn ask(&self, watched: &Watched) -> Result<usize, AwsError> {
        let Watched { group, cursor, asked_at } = watched;
        let began = now();
        let mut question = cursor.borrow_mut().ask(began);
        let query = Query { from: question.from, until: None, ..self.query.clone() };
        let (mut token, mut fresh) = (None, 0);
        loop {
            let page = self.source.page(&group.name, &query, token.as_deref()).await?;
            let came_at = now();
            for event in page.events {
                // What came before a failure counts as seen, so it is passed on at once.
                if cursor.borrow_mut().is_new(&mut question, &event) {
                    fresh += 1;
                    let function = Arc::clone(&group.function);
                    self.order.borrow_mut().push(Line { function, event }, came_at);
                }
            }
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        cursor.borrow_mut().answered(&question);
        asked_at.set(began);
        Ok(fresh)
    }
}

pub(super) fn now() -> i64 {
    Timestamp::now().as_millisecond()
}
