//! The pages of one group, the next of which is fetched while one is used.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{Group, Pace, Query};
use crate::aws::{AwsError, LogPage, Logs};

/// What a group is asked with.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub logs: Logs,
    pub pace: Arc<Pace>,
}

impl Source {
    /// One page. A function that has not run yet may have no group: that is an empty page.
    pub async fn page(
        &self,
        group: &str,
        query: &Query,
        token: Option<&str>,
    ) -> Result<LogPage, AwsError> {
        let (time, pattern) = ((query.from, query.until), query.pattern.as_deref());
        let ask = || self.logs.page(group, time, pattern, token.map(str::to_owned));
        match self.pace.ask(ask).await {
            Err(error) if error.is_not_found() => Ok(LogPage::default()),
            answer => answer,
        }
    }
}

/// A group on its way to its end. Dropping it ends the fetching.
pub(super) struct Pages {
    source: Source,
    group: Arc<str>,
    query: Query,
    /// The page that is being fetched; none after the last.
    fetching: JoinSet<Result<LogPage, AwsError>>,
}

impl Pages {
    /// Starts to fetch the first page.
    pub fn of(source: &Source, group: &Group, query: &Query) -> Self {
        let (group, query) = (Arc::clone(&group.name), query.clone());
        let mut pages = Self { source: source.clone(), group, query, fetching: JoinSet::new() };
        pages.fetch(None);
        pages
    }

    /// The next page with events; none at the end. Pages may be empty though more follow.
    pub async fn next(&mut self) -> Result<Option<LogPage>, AwsError> {
        while let Some(fetched) = self.fetching.join_next().await {
            let mut page = match fetched {
                Ok(page) => page?,
                Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
            };
            if let Some(token) = page.next.take() {
                self.fetch(Some(token));
            }
            if !page.events.is_empty() {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    fn fetch(&mut self, token: Option<String>) {
        let (source, group, query) =
            (self.source.clone(), Arc::clone(&self.group), self.query.clone());
        self.fetching.spawn(async move { source.page(&group, &query, token.as_deref()).await });
    }
}
