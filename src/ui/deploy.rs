//! A deployment's events as a person reads them, or as lines of JSON.

use anstyle::AnsiColor;
use serde_json::Value;

use super::{Output, Ui};
use crate::deploy::Event;
use crate::deploy::plan::{Action, Change, Kind, Plan};
use crate::error::CliError;

/// The schema of the event lines.
const SCHEMA: &str = "chatctl.deploy/1";

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
            Event::Removed { what } => {
                self.rest();
                self.detail(&format!("  removed {what}"));
            }
        }
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
            for change in these().filter(|change| change.kind != Kind::File) {
                self.change(change);
            }
            match these().filter(|change| change.kind == Kind::File).count() {
                0 => {}
                1 => self.say_change(action, "1 file of the site", ""),
                count => self.say_change(action, &format!("{count} files of the site"), ""),
            }
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
