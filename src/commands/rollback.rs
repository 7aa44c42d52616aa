//! `rollback`: back to an earlier deployment.

use serde_json::json;

use crate::attend::Attended;
use crate::context::{Context, Target};
use crate::deploy::Event;
use crate::deploy::aws::prepare_rollback;
use crate::error::CliError;
use crate::ui::Output;

/// Go back to an earlier deployment on AWS: its functions and resources; rows stay as they are
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The deployment, by the beginning of its name [default: the one before]
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// A table whose rows may be lost; may be given again
    #[arg(long, value_name = "LOGICAL_ID")]
    allow_data_loss: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let Target::Aws(target) = context.target()? else {
        return Err(CliError::usage("the stage `local` keeps no earlier deployments")
            .hint("check the earlier source out, then `chatctl deploy`"));
    };
    let ui = &context.ui;
    let attended = Attended::default();
    let on_event = |event: Event| {
        attended.take_in(&event);
        ui.deploy_event(&event);
    };
    let outcome = attended.run(context, async {
        let stage = target.stage().await?;
        attended.announce(&stage, ui);
        let allowed = &args.allow_data_loss;
        let prepared = prepare_rollback(stage, args.to.as_deref(), allowed, &on_event).await?;
        if !prepared.plan().is_empty()
            && let Err(declined) =
                ui.confirm(&format!("Roll {} back?", prepared.stage().stack_name()))
        {
            prepared.discard().await?;
            return Err(declined);
        }
        Ok(prepared.apply(&on_event).await?)
    })?;
    if ui.output() != Output::Text {
        return ui.finished(&json!({"changed": outcome.changed, "stage": target.stage}));
    }
    ui.note(if outcome.changed { "Rolled back." } else { "No changes." });
    Ok(())
}
