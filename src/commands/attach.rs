//! `attach`: follows or cancels a deployment that is in progress, from any machine.

use serde_json::json;

use crate::attend::Attended;
use crate::context::{Context, Target};
use crate::deploy::Event;
use crate::deploy::aws::{Attach, attach};
use crate::error::CliError;
use crate::ui::Output;

/// Follow a deployment that is in progress on AWS, whoever began it
///
/// Ends with the deployment's own exit code: 0 where it succeeded, 7 where it was rolled back.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Cancel it: an update goes back to what was before, a first creation is removed
    #[arg(long)]
    cancel: bool,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let Target::Aws(target) = context.target()? else {
        return Err(CliError::usage("a deployment of the stage `local` ends with its command"));
    };
    let ui = &context.ui;
    let what = if args.cancel { Attach::Cancel } else { Attach::Follow };
    let attended = Attended::default();
    let on_event = |event: Event| {
        attended.take_in(&event);
        ui.deploy_event(&event);
    };
    let followed = attended.run(context, async {
        let stage = target.stage().await?;
        attended.announce(&stage, ui);
        Ok(attach(&stage, what, &on_event).await?)
    })?;
    if ui.output() != Output::Text {
        return ui.finished(&json!({"followed": followed.map(|what| what.to_string())}));
    }
    match followed {
        Some(operation) => ui.note(&format!("{operation} ended well.")),
        None => ui.note("Nothing is in progress."),
    }
    Ok(())
}
