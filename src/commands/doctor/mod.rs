//! `doctor`: whether this machine can run the stage; each failure with the command that mends it.

mod aws;
mod local;

use serde::Serialize;

use crate::context::{Context, Target};
use crate::error::CliError;
use crate::package::{BuildError, toolchain};
use crate::ui::{Output, Ui};

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
    match context.target() {
        Ok(Target::Local) => checks.extend(local::checks(context)),
        Ok(Target::Aws(target)) => checks.extend(aws::checks(&target, context)),
        Err(error) => checks.push(Check::of("stage", Err(error))),
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
