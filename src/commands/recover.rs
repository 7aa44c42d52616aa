//! `recover`: the way out of every state in which a stack takes no deployment.

use serde_json::json;

use crate::attend::Attended;
use crate::context::{Context, Target};
use crate::deploy::Event;
use crate::deploy::aws::{Recovery, Way, recover, recovery};
use crate::error::CliError;
use crate::ui::{Output, Ui};

/// Find and go the way out of a stuck CloudFormation stack
///
/// A rollback that failed goes on; with `--skip`, without the resources that block it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show the way, and do not go it
    #[arg(long)]
    dry_run: bool,
    /// A resource that a rollback leaves as it is; may be given again
    #[arg(long, value_name = "LOGICAL_ID")]
    skip: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let Target::Aws(target) = context.target()? else {
        return Err(CliError::usage("the stage `local` has no stack that could be stuck")
            .hint("`chatctl doctor` finds what is wrong with it"));
    };
    let ui = &context.ui;
    let attended = Attended::default();
    let on_event = |event: Event| {
        attended.take_in(&event);
        ui.deploy_event(&event);
    };
    let (status, way) = attended.run(context, async {
        let stage = target.stage().await?;
        attended.announce(&stage, ui);
        let found = recovery(&stage).await?;
        let Recovery { status, reason, way, .. } = &found;
        let status = status.as_deref().unwrap_or("no stack");
        let reason = reason.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
        ui.note(&format!("{}: {status}{reason}", stage.stack_name()));
        ui.note(&format!("The way out: {way}."));
        if !args.dry_run && *way != Way::None {
            ui.confirm("Go it?")?;
            recover(&stage, &found, &args.skip, &on_event).await?;
        }
        Ok((found.status.clone(), *way))
    })?;
    finish(args, status, way, ui)
}

fn finish(args: &Args, status: Option<String>, way: Way, ui: &Ui) -> Result<(), CliError> {
    let changed = !args.dry_run && way != Way::None;
    if ui.output() != Output::Text {
        let result = json!({"changed": changed, "status": status, "way": way.to_string()});
        return ui.finished(&result);
    }
    if changed {
        ui.note("Done. `chatctl deploy` goes on from here.");
    }
    Ok(())
}
