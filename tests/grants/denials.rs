//! What was denied, as the functions' logs tell it.

use std::collections::BTreeSet;
use std::time::Duration;

use chatctl::local::iam;
use chatctl::stack::Statement;
use serde_json::Value;

use super::Scene;

/// A call that was denied.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Denial {
    function: String,
    action: String,
    resource: String,
}

impl Denial {
    /// From its line in the log of a function.
    fn of(group: &str, line: Option<&str>) -> Self {
        let line: Value = serde_json::from_str(line.unwrap_or_default()).expect("a line of JSON");
        let told = line["message"].as_str().unwrap_or_default().to_owned();
        let after = |words: &str| {
            let rest = told.split_once(words).map_or("", |(_, rest)| rest);
            rest.split(' ').next().unwrap_or_default().to_owned()
        };
        Self {
            function: group.trim_start_matches("/aws/lambda/").to_owned(),
            action: after("to perform: "),
            resource: after("on resource: "),
        }
    }

    /// Whether it is the lack of this statement.
    pub(super) fn is_of(&self, function: &str, statement: &Statement) -> bool {
        self.function == function
            && self.action == statement.action[0]
            && iam::matches(&statement.resource[0], &self.resource)
    }
}

impl Scene {
    /// What was denied since the conversation began, from the functions' logs.
    pub(super) async fn denials(&self) -> BTreeSet<Denial> {
        let since = self.since.load(std::sync::atomic::Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut found = BTreeSet::new();
        for group in &self.groups {
            // Pages may be empty and still not be the last, as on CloudWatch.
            let mut pages = self
                .logs
                .filter_log_events()
                .log_group_name(group)
                .log_stream_names("access-denied")
                .start_time(since)
                .into_paginator()
                .send();
            while let Some(Ok(page)) = pages.next().await {
                found.extend(page.events().iter().map(|event| Denial::of(group, event.message())));
            }
        }
        found
    }
}
