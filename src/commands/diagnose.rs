//! `diagnose`: what failed, in AWS's words and in ours.

use crate::context::{Context, Target};
use crate::deploy::aws::{Diagnosis, diagnose};
use crate::error::CliError;
use crate::ui::{Output, Ui};

/// Show what failed in the last failed deployment on AWS, the root cause first
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(Args {}: &Args, context: &Context) -> Result<(), CliError> {
    let Target::Aws(target) = context.target()? else {
        return Err(CliError::usage("the stage `local` has no CloudFormation stack")
            .hint("`chatctl doctor` finds what is wrong with it"));
    };
    let diagnosis = context.block_on(async {
        let stage = target.stage().await?;
        Ok(diagnose(&stage).await?)
    })?;
    match context.ui.output() {
        Output::Text | Output::Csv => show(&diagnosis, &context.ui),
        Output::Json | Output::Ndjson => context.ui.json(&diagnosis),
    }
}

fn show(diagnosis: &Diagnosis, ui: &Ui) -> Result<(), CliError> {
    let Diagnosis { status, reason, failed_at, causes } = diagnosis;
    let status = status.as_deref().unwrap_or("there is no stack");
    let reason = reason.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
    ui.line(&format!("{status}{reason}"))?;
    let Some((first, others)) = causes.split_first() else {
        return ui.line("No operation on it failed.");
    };
    let when = failed_at.map(|at| format!("{at:.0}  ")).unwrap_or_default();
    ui.line(&format!("{when}{first}"))?;
    if let Some(advice) = &first.advice {
        ui.line(&format!("  {advice}"))?;
    }
    others.iter().try_for_each(|cause| ui.line(&format!("then  {cause}")))
}
