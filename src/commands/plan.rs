//! `plan`: what a deployment would change, without changing it.

use std::path::PathBuf;

use serde_json::json;

use crate::context::{Context, Target};
use crate::deploy::Event;
use crate::deploy::aws::{Parts, Request, prepare};
use crate::error::{CliError, Kind};
use crate::ui::Output;

/// Show what `deploy` would change on AWS, and change nothing
///
/// Builds what is out of date and has CloudFormation make a change set, which is dropped again.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write the plan to a file, for `deploy --plan FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// End with exit code 3 where there are differences
    #[arg(long)]
    exit_code: bool,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let Target::Aws(target) = context.target()? else {
        return Err(CliError::usage("`plan` is for stages on AWS")
            .hint("`chatctl deploy` shows its plan and asks before data is lost"));
    };
    let ui = &context.ui;
    let on_event = |event: Event| ui.deploy_event(&event);
    let plan = context.block_on(async {
        let stage = target.stage().await?;
        let request = Request { stage, parts: Parts::All, colour: ui.colours_stderr() };
        let prepared = prepare(request, &on_event).await?;
        let seal = prepared.seal();
        let plan = prepared.plan().clone();
        prepared.discard().await?;
        Ok((plan, seal))
    });
    ui.rest();
    let (plan, seal) = plan?;
    let changed = !plan.is_empty();
    let document = json!({
        "schema": "chatctl.plan/1",
        "stage": target.stage,
        "seal": seal,
        "changes": plan.changes,
        "monthlyUsd": plan.monthly_usd,
    });
    if let Some(file) = &args.out {
        std::fs::write(file, format!("{document:#}\n"))
            .map_err(|error| CliError::failed("io", format!("{}: {error}", file.display())))?;
    }
    match ui.output() {
        Output::Text if !changed => ui.note("No changes."),
        Output::Text => {}
        Output::Json | Output::Ndjson | Output::Csv => ui.json(&document)?,
    }
    if changed && args.exit_code {
        Err(CliError::new(Kind::Differences, "differences", "there are differences"))
    } else {
        Ok(())
    }
}
