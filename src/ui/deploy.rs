//! A deployment's events as a person reads them, or as lines of JSON.

use std::collections::BTreeMap;

use anstyle::AnsiColor;
use serde_json::Value;

use super::{Output, Ui};
use crate::deploy::Event;
use crate::deploy::aws::Cause;
use crate::deploy::plan::{Action, Change, Kind, Plan};
use crate::error::CliError;

/// The schema of the event lines.
const SCHEMA: &str = "chatctl.deploy/1";

/// How many changes of one kind are still named one by one.
const MANY: usize = 3;

impl Ui {
    /// Shows one event of a deployment or a teardown.
    pub fn deploy_event(&self, event: &Event) {
        if self.output() == Output::Ndjson {
            // A reader that went away does not stop a deployment halfway.
            let _ = self.event(SCHEMA, event);
            return;
        }
        match event {
            Event::Warning { message } => self.warn(message),
            Event::BuildSkipped { part } => self.detail(&format!("{part}: built already")),
            Event::BuildStarted { part } => self.working(&format!("building the {part}")),
            Event::BuildOutput { part, line } => self.build_output(&part.to_string(), line),
            Event::BuildWaiting { part, seconds } if self.plain => {
                self.note(&format!("still building the {part} ({seconds} s)"));
            }
            Event::BuildWaiting { .. } => {}
            Event::BuildFinished { part, millis } => {
                self.rest();
                self.done(&format!("{part} built"), *millis);
            }
            Event::Planned { plan } => self.plan(plan),
            Event::HostStopping { pid, reason } => {
                self.working(&format!("ending the host, pid {pid}: {reason}"));
            }
            Event::HostStarting { port } => {
                self.working(&format!("starting the host on port {port}"))
            }
            Event::HostReady { pid, millis } => {
                self.rest();
                self.done(&format!("host ready, pid {pid}"), *millis);
            }
            Event::TableDeleted { name } => {
                self.note(&format!("  table {name} deleted, with its rows"))
            }
            Event::StackApplied { millis } => {
                self.rest();
                self.done("tables, functions and routes up", *millis);
            }
            Event::FileUploaded { key } => self.detail(&format!("  uploaded {key}")),
            Event::FileRemoved { key } => self.detail(&format!("  removed {key}")),
            Event::BucketMade { name } => self.detail(&format!("  bucket {name} made")),
            Event::Uploaded { key, bytes } => {
                self.detail(&format!("  uploaded {key} ({bytes} bytes)"));
            }
            Event::SecretMade { name } => self.detail(&format!("  secret {name} made")),
            Event::StackStarted { stack } => {
                self.working(&format!("CloudFormation works on {stack}"));
            }
            Event::Resource { logical, kind, status, reason } => {
                self.resource(logical, kind, status, reason.as_deref());
            }
            Event::Failed { cause } => self.failure(cause),
            Event::StackWaiting { seconds, resources } => {
                if self.plain {
                    self.note(&format!(
                        "CloudFormation still works on {resources} resources ({seconds} s)"
                    ));
                }
            }
            Event::FunctionReplaced { name } => {
                self.detail(&format!("  function {name}: new code"))
            }
            Event::CodeReplaced { functions, millis } => {
                self.rest();
                self.done(&format!("{functions} functions have new code"), *millis);
            }
            Event::Invalidated { paths } => {
                self.detail(&format!("  copies at the edge dropped: {}", paths.join(" ")));
            }
            Event::Removed { what } => {
                self.rest();
                self.detail(&format!("  removed {what}"));
            }
        }
    }

    fn resource(&self, logical: &str, kind: &str, status: &str, reason: Option<&str>) {
        self.working_on(&format!("{logical} {status}"));
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        self.detail(&format!("  {logical} ({kind}) {status}{reason}"));
    }

    /// The cause is shown when it is known: the rollback that follows takes its time.
    fn failure(&self, cause: &Cause) {
        let mark = self.paint_err("✗", AnsiColor::Red.on_default().bold());
        self.note(&format!("{mark} {cause}"));
        if let Some(advice) = &cause.advice {
            self.note(&format!("  {advice}"));
        }
        self.note("  everything else is taken back now; what served before serves still");
    }

    /// Writes the result of a deployment or a teardown: the last line, one object.
    ///
    /// # Errors
    /// As [`Ui::line`].
    pub fn finished(&self, result: &Value) -> Result<(), CliError> {
        match self.output() {
            Output::Ndjson => self.event(SCHEMA, result),
            Output::Text | Output::Json | Output::Csv => self.line(&result.to_string()),
        }
    }

    fn build_output(&self, part: &str, line: &str) {
        let line = line.trim();
        if !line.is_empty() {
            self.working_on(&format!("building the {part}: {line}"));
            self.detail(&format!("  {line}"));
        }
    }

    fn done(&self, what: &str, millis: u64) {
        let mark = self.paint_err("✓", AnsiColor::Green.on_default());
        let took = if millis < 1000 {
            format!("{millis} ms")
        } else {
            format!("{}.{} s", millis / 1000, millis % 1000 / 100)
        };
        self.note(&format!("{mark} {what} ({took})"));
    }

    /// Files of the site are counted; everything else is named.
    fn plan(&self, plan: &Plan) {
        if plan.is_empty() {
            return;
        }
        self.rest();
        self.note("Changes:");
        for action in [Action::Add, Action::Change, Action::Replace, Action::Remove] {
            let these = || plan.changes.iter().filter(|change| change.action == action);
            self.named(&these().filter(|change| change.kind != Kind::File).collect::<Vec<_>>());
            match these().filter(|change| change.kind == Kind::File).count() {
                0 => {}
                1 => self.say_change(action, "1 file of the site", ""),
                count => self.say_change(action, &format!("{count} files of the site"), ""),
            }
        }
        plan.monthly_usd.iter().for_each(|cost| self.note(&format!("Cost: {cost}")));
    }

    /// Many plain changes of one kind are counted, and named with `-v`.
    fn named(&self, changes: &[&Change]) {
        let mut counted: BTreeMap<String, Vec<&Change>> = BTreeMap::new();
        for change in changes {
            let same =
                |other: &&&Change| other.kind == change.kind && other.detail == change.detail;
            let plain =
                !change.loses_data && matches!(change.kind, Kind::Other(_) | Kind::Function);
            if plain && !self.is_verbose() && changes.iter().filter(same).count() > MANY {
                let key = format!("{}  {}", change.kind, change.detail);
                counted.entry(key).or_default().push(change);
            } else {
                self.change(change);
            }
        }
        for these in counted.values() {
            let Change { action, kind, detail, .. } = these[0];
            let many = plural(&kind.to_string());
            self.say_change(*action, &format!("{} {many}", these.len()), detail);
        }
    }

    fn change(&self, change: &Change) {
        self.say_change(change.action, &format!("{} {}", change.kind, change.name), &change.detail);
    }

    fn say_change(&self, action: Action, what: &str, detail: &str) {
        let (sign, colour) = match action {
            Action::Add => ("+", AnsiColor::Green),
            Action::Change => ("~", AnsiColor::Yellow),
            Action::Replace => ("±", AnsiColor::Red),
            Action::Remove => ("-", AnsiColor::Red),
        };
        let sign = self.paint_err(sign, colour.on_default().bold());
        let detail = if detail.is_empty() { String::new() } else { format!("  ({detail})") };
        self.note(&format!("  {sign} {what}{detail}"));
    }
}

fn plural(word: &str) -> String {
    match word.strip_suffix('y') {
        _ if word.ends_with('s') => format!("{word}es"),
        Some(stem) => format!("{stem}ies"),
        None => format!("{word}s"),
    }
}
