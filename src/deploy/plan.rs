//! What a deployment will change: the difference of two stacks, pure.

use std::fmt;

use serde::Serialize;

use crate::stack::{Bucket, Function, Parameter, Stack, Table};

/// Everything that will change.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The changes, in the order in which they are shown.
    pub changes: Vec<Change>,
    /// What the stage costs, where it costs anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_usd: Option<MonthlyUsd>,
}

/// What a stage costs a month, about, in USD and to the cent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MonthlyUsd {
    /// As it is; none for a stage that is not there.
    pub before: Option<f64>,
    /// As it will be.
    pub after: f64,
    /// How much it is used then, in words.
    pub at: String,
}

impl fmt::Display for MonthlyUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, after, at } = self;
        match before.map(|before| after - before) {
            Some(more) if more >= 0.005 => write!(f, "{more:.2} USD a month more: ")?,
            Some(less) if less <= -0.005 => write!(f, "{:.2} USD a month less: ", -less)?,
            Some(_) => write!(f, "as much a month as before: ")?,
            None => {}
        }
        write!(f, "about {after:.2} USD a month at {at}")
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// What happens.
    pub action: Action,
    /// To what kind of thing.
    pub kind: Kind,
    /// Its logical name.
    pub name: String,
    /// What is different, in words.
    pub detail: String,
    /// Whether rows are lost.
    pub loses_data: bool,
}

/// What happens to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// It is made.
    Add,
    /// It is changed in place.
    Change,
    /// It is removed and made anew.
    Replace,
    /// It is removed.
    Remove,
}

/// The kind of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The process that runs the stage.
    Host,
    /// A table.
    Table,
    /// A function.
    Function,
    /// A secret of the parameter store.
    Parameter,
    /// A bucket.
    Bucket,
    /// A file of the site.
    File,
    /// Something else, in a word.
    Other(&'static str),
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "host",
            Self::Table => "table",
            Self::Function => "function",
            Self::Parameter => "parameter",
            Self::Bucket => "bucket",
            Self::File => "file",
            Self::Other(word) => word,
        })
    }
}

/// A table whose rows would be lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtStake {
    /// Its logical name, which is what `--allow-data-loss` takes.
    pub logical: String,
    /// Why its rows would be lost.
    pub why: String,
}

impl fmt::Display for AtStake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {}: {}", self.logical, self.why)
    }
}

impl Plan {
    /// Whether nothing will change.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The tables whose rows would be lost and for which nobody allowed it.
    pub fn at_stake(&self, allowed: &[String]) -> Vec<AtStake> {
        let lost = self
            .changes
            .iter()
            .filter(|change| change.loses_data && !allowed.contains(&change.name));
        lost.map(|change| AtStake { logical: change.name.clone(), why: change.detail.clone() })
            .collect()
    }
}

/// A stack as it is, or will be, deployed.
#[derive(Debug, Clone, Copy)]
pub struct Deployed<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// The hash of its functions' binary.
    pub code: &'a str,
}

/// The changes from what is deployed, if anything is, to what will be.
pub fn changes(before: Option<Deployed<'_>>, after: Deployed<'_>) -> Vec<Change> {
    let new_code = before.is_none_or(|before| before.code != after.code);
    let old = before.map(|before| before.stack);
    let mut all = Vec::new();
    compare(
        &mut all,
        Kind::Table,
        old.map(|s| &s.tables[..]),
        &after.stack.tables,
        table_name,
        table,
    );
    compare(
        &mut all,
        Kind::Parameter,
        old.map(|s| &s.parameters[..]),
        &after.stack.parameters,
        parameter_name,
        |_, _| None,
    );
    compare(
        &mut all,
        Kind::Bucket,
        old.map(|s| &s.buckets[..]),
        &after.stack.buckets,
        bucket_name,
        |_, _| None,
    );
    let functions = |a: &Function, b: &Function| function(a, b, new_code);
    compare(
        &mut all,
        Kind::Function,
        old.map(|s| &s.functions[..]),
        &after.stack.functions,
        function_name,
        functions,
    );
    all
}

/// A thing's logical and physical name. Things are the same if their physical names are.
type Names<T> = fn(&T) -> (&str, &str);

fn table_name(table: &Table) -> (&str, &str) {
    (&table.logical, &table.physical)
}

fn function_name(function: &Function) -> (&str, &str) {
    (&function.logical, &function.physical)
}

fn parameter_name(parameter: &Parameter) -> (&str, &str) {
    (&parameter.logical, &parameter.physical)
}

fn bucket_name(bucket: &Bucket) -> (&str, &str) {
    (&bucket.logical, &bucket.physical)
}

fn compare<T>(
    all: &mut Vec<Change>,
    kind: Kind,
    before: Option<&[T]>,
    after: &[T],
    names: Names<T>,
    differ: impl Fn(&T, &T) -> Option<(Action, String)>,
) {
    let before = before.unwrap_or_default();
    let change = |action, item: &T, detail| {
        let name = names(item).0.to_owned();
        let loses_data = kind == Kind::Table && matches!(action, Action::Remove | Action::Replace);
        Change { action, kind, name, detail, loses_data }
    };
    for item in after {
        match before.iter().find(|old| names(old).1 == names(item).1) {
            None => all.push(change(Action::Add, item, String::new())),
            Some(old) => {
                all.extend(differ(old, item).map(|(action, detail)| change(action, item, detail)));
            }
        }
    }
    for old in before.iter().filter(|old| !after.iter().any(|item| names(item).1 == names(old).1)) {
        let detail = if kind == Kind::Table { "it is removed, with all its rows" } else { "" };
        all.push(change(Action::Remove, old, detail.to_owned()));
    }
}

fn table(before: &Table, after: &Table) -> Option<(Action, String)> {
    let key = |table: &Table| match &table.sort {
        Some(sort) => format!("{} + {sort}", table.partition),
        None => table.partition.clone(),
    };
    if key(before) != key(after) {
        let why = format!(
            "its key changes from {} to {}, which no row survives",
            key(before),
            key(after)
        );
        return Some((Action::Replace, why));
    }
    let mut parts = Vec::new();
    for index in after.indexes.iter().filter(|index| !before.indexes.contains(index)) {
        parts.push(format!("index {} added or changed", index.name));
    }
    let gone = |name: &str| !after.indexes.iter().any(|index| index.name == name);
    for index in before.indexes.iter().filter(|index| gone(&index.name)) {
        parts.push(format!("index {} removed", index.name));
    }
    if before.ttl != after.ttl {
        parts.push(format!("expiry by {}", after.ttl.as_deref().unwrap_or("nothing")));
    }
    (!parts.is_empty()).then(|| (Action::Change, parts.join(", ")))
}

fn function(before: &Function, after: &Function, new_code: bool) -> Option<(Action, String)> {
    let mut parts = Vec::new();
    if new_code {
        parts.push("code".to_owned());
    }
    if before.memory_mb != after.memory_mb {
        parts.push(format!("memory {} to {} MB", before.memory_mb, after.memory_mb));
    }
    if before.timeout_s != after.timeout_s {
        parts.push(format!("timeout {} to {} s", before.timeout_s, after.timeout_s));
    }
    if before.route != after.route {
        let route = after.route.as_ref().map_or("none".to_owned(), ToString::to_string);
        parts.push(format!("route {route}"));
    }
    for grant in after.grants.iter().filter(|grant| !before.grants.contains(grant)) {
        parts.push(format!("may now {grant}"));
    }
    for grant in before.grants.iter().filter(|grant| !after.grants.contains(grant)) {
        parts.push(format!("may no longer {grant}"));
    }
    (!parts.is_empty()).then(|| (Action::Change, parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_change_costs_is_said_in_a_sentence() {
        let cost = |before| MonthlyUsd { before, after: 2.5, at: "little use".into() }.to_string();
        assert_eq!(cost(None), "about 2.50 USD a month at little use");
        assert!(cost(Some(2.0)).starts_with("0.50 USD a month more: about 2.50"));
        assert!(cost(Some(4.0)).starts_with("1.50 USD a month less: "));
        assert!(cost(Some(2.5)).starts_with("as much a month as before: "));
    }
    use crate::stack::{
        BUILT_IN_MANIFEST, LOCAL_API_ID, Manifest, Place, Settings, StackName, lower,
    };

    fn stack(text: &str) -> Stack {
        let name = StackName { project: "chat".into(), stage: "local".into() };
        lower(
            Manifest::parse(text).unwrap(),
            name,
            Place::local(),
            LOCAL_API_ID.into(),
            Settings::local(),
        )
        .unwrap()
    }

    fn from_built_in(change: (&str, &str), code: &str) -> Plan {
        let before = stack(BUILT_IN_MANIFEST);
        assert!(BUILT_IN_MANIFEST.contains(change.0), "{change:?}");
        let after = stack(&BUILT_IN_MANIFEST.replacen(change.0, change.1, 1));
        let before = Deployed { stack: &before, code: "a" };
        let changes = changes(Some(before), Deployed { stack: &after, code });
        Plan { changes, monthly_usd: None }
    }

    #[test]
    fn the_first_deployment_adds_everything_and_loses_nothing() {
        let stack = stack(BUILT_IN_MANIFEST);
        let changes = changes(None, Deployed { stack: &stack, code: "a" });
        let plan = Plan { changes, monthly_usd: None };
        assert!(plan.changes.iter().all(|change| change.action == Action::Add));
        let things = stack.tables.len()
            + stack.functions.len()
            + stack.parameters.len()
            + stack.buckets.len();
        assert_eq!(plan.changes.len(), things);
        assert!(plan.at_stake(&[]).is_empty());
    }

    #[test]
    fn no_change_is_an_empty_plan() {
        assert!(from_built_in(("# What was said", "# Said"), "a").is_empty());
    }

    #[test]
    fn new_code_changes_every_function_and_no_table() {
        let plan = from_built_in(("", ""), "b");
        assert!(!plan.is_empty());
        assert!(plan.changes.iter().all(|c| c.kind == Kind::Function && c.detail == "code"));
    }

    #[test]
    fn a_changed_key_replaces_the_table_and_needs_its_name() {
        let plan = from_built_in(("sort: messageId", "sort: sentAt"), "a");
        assert_eq!(plan.changes[0].action, Action::Replace);
        let at_stake = plan.at_stake(&[]);
        assert_eq!(at_stake[0].logical, "ChatMessages");
        assert!(at_stake[0].why.contains("messageId"), "{at_stake:?}");
        assert!(plan.at_stake(&["ChatMessages".to_owned()]).is_empty());
    }

    #[test]
    fn memory_and_ttl_are_changes_in_place() {
        let plan = from_built_in(("    memory: 256", "    memory: 512"), "a");
        assert_eq!(plan.changes.len(), 1);
        assert_eq!(plan.changes[0].detail, "memory 256 to 512 MB");
        let plan = from_built_in(("    ttl: expiresAt\n", ""), "a");
        assert_eq!((plan.changes[0].action, plan.changes[0].loses_data), (Action::Change, false));
    }
}
