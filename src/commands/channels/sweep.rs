//! `channels sweep`: removes the signaling channels that outlived their room.

use serde_json::json;

use super::{Use, look};
use crate::aws::{Channel, Channels};
use crate::context::Context;
use crate::error::CliError;
use crate::operate::Stage;
use crate::ui::Output;

/// Remove the signaling channels whose voice room is gone
///
/// The stage does so by itself every quarter of an hour. A channel younger than ten minutes stays,
/// and so does the one that the relays' credentials come from.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let orphans = context.block_on(async {
        let stage = Stage::find(context).await?;
        let found = look(&stage).await?.into_iter();
        let orphans: Vec<Channel> =
            found.filter(|(_, used)| *used == Use::Orphan).map(|(channel, _)| channel).collect();
        if !args.dry_run {
            let channels = Channels::new(&stage.cloud);
            for orphan in &orphans {
                channels.delete(&orphan.arn).await?;
            }
        }
        Ok(orphans)
    })?;
    let (ui, mut names) = (&context.ui, orphans.iter().map(|channel| channel.name.as_str()));
    if ui.output() != Output::Text {
        let names: Vec<&str> = names.collect();
        let key = if args.dry_run { "wouldRemove" } else { "removed" };
        return ui.json(&json!({"changed": !args.dry_run && !names.is_empty(), key: names}));
    }
    if orphans.is_empty() {
        ui.note("Nothing to do: every channel has its room.");
        return Ok(());
    }
    let done = if args.dry_run { "would be removed" } else { "removed" };
    names.try_for_each(|name| ui.line(&format!("{name} {done}")))
}
