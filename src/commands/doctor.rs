//! `doctor`: whether this machine can run the stage; each failure with the command that mends it.

use std::path::Path;

use serde::Serialize;

use crate::context::Context;
use crate::deploy::local::port::{DEFAULT_PORT, PortChoice, check as check_port};
use crate::error::CliError;
use crate::package::{BuildError, toolchain};
use crate::ui::{Output, Ui};

/// The room that a first build and a stage's data want, in bytes.
const ROOM: u64 = 2 * 1024 * 1024 * 1024;

/// Check the toolchain, the configuration and the stage; each failure with the command that mends it
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    name: &'static str,
    ok: bool,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Check {
    fn pass(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, ok: true, found: found.into(), mend: None }
    }

    fn fail(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, ok: false, found: found.into(), mend: Some(mend.into()) }
    }

    fn of(name: &'static str, result: Result<String, CliError>) -> Self {
        match result {
            Ok(found) => Self::pass(name, found),
            Err(error) => {
                let place = error
                    .snippet
                    .as_ref()
                    .map(|s| format!("{}:{}:{}: ", s.path.display(), s.line, s.column));
                let mend =
                    error.hints.first().cloned().unwrap_or_else(|| "correct the file".to_owned());
                Self::fail(name, format!("{}{}", place.unwrap_or_default(), error.message), mend)
            }
        }
    }
}

/// Runs the command.
pub fn run(_: &Args, context: &Context) -> Result<(), CliError> {
    let tool = |result: Result<String, BuildError>| result.map_err(CliError::from);
    let mut checks = vec![
        Check::of("rust", tool(toolchain::check_rust())),
        Check::of("node", tool(toolchain::check_node())),
        Check::of("config", config(context)),
    ];
    if let Ok(state) = context.state() {
        let running = context.block_on(context.reach());
        checks.push(port(context, matches!(running, Ok(Some(_)))));
        checks.push(writable(state.path()));
        checks.push(room(state.path()));
        checks.push(Check::of(
            "host",
            running.map(|running| match running {
                Some(running) => format!(
                    "pid {}, version {}, answers",
                    running.status.pid, running.status.version
                ),
                None => "not running".to_owned(),
            }),
        ));
    }
    show(&checks, &context.ui)?;
    match checks.iter().filter(|check| !check.ok).count() {
        0 => Ok(()),
        count => {
            Err(CliError::failed("doctor", format!("{count} of {} checks failed", checks.len())))
        }
    }
}

fn config(context: &Context) -> Result<String, CliError> {
    let project = context.project()?;
    let stack = project.stack()?;
    let (tables, functions) = (stack.tables.len(), stack.functions.len());
    Ok(format!(
        "{}: project {}, {tables} tables, {functions} functions",
        project.root.display(),
        project.config.project
    ))
}

fn port(context: &Context, running: bool) -> Check {
    if running {
        return Check::pass("port", "the stage has it");
    }
    let port = match context.port(None) {
        Ok(PortChoice::Named(port)) => port,
        _ => DEFAULT_PORT,
    };
    match check_port(port) {
        Ok(()) => Check::pass("port", format!("{port} is free")),
        Err(error) => Check::of("port", Err(error.into())),
    }
}

/// A folder that is not there yet is made in the nearest one that is.
fn existing(path: &Path) -> &Path {
    path.ancestors().find(|folder| folder.exists()).unwrap_or(path)
}

fn writable(state: &Path) -> Check {
    let folder = existing(state);
    let probe = folder.join(format!(".chatctl-probe-{}", std::process::id()));
    let written = std::fs::write(&probe, "").and_then(|()| std::fs::remove_file(&probe));
    match written {
        Ok(()) => Check::pass("state folder", format!("{} can be written", state.display())),
        Err(error) => {
            let mend =
                format!("make {} writable for you, or set CHATCTL_STATE_DIR", folder.display());
            Check::fail("state folder", format!("{}: {error}", folder.display()), mend)
        }
    }
}

fn room(state: &Path) -> Check {
    let stat = match rustix::fs::statvfs(existing(state)) {
        Ok(stat) => stat,
        Err(error) => {
            return Check::fail("disk", error.to_string(), "df -h shows the file systems");
        }
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let found = format!("{} MB free", free / (1024 * 1024));
    if free >= ROOM {
        Check::pass("disk", found)
    } else {
        Check::fail("disk", found, "free 2 GB, for builds and data")
    }
}

fn show(checks: &[Check], ui: &Ui) -> Result<(), CliError> {
    match ui.output() {
        Output::Json => ui.json(&checks),
        Output::Ndjson => checks.iter().try_for_each(|check| ui.json(check)),
        Output::Text | Output::Csv => checks.iter().try_for_each(|check| {
            let sign = if check.ok { ui.good("ok  ") } else { ui.bad("FAIL") };
            ui.line(&format!("{sign} {:<13} {}", check.name, check.found))?;
            check.mend.iter().try_for_each(|mend| ui.line(&format!("     {:<13} mend: {mend}", "")))
        }),
    }
}
