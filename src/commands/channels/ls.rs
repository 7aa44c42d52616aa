//! `channels ls`: every signaling channel of the stage, and what it is there for.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Use, look};
use crate::aws::Channel;
use crate::context::Context;
use crate::error::CliError;
use crate::operate::Stage;
use crate::ui::Output;

/// Show the signaling channels, and whether a voice room has each
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_: &Args, context: &Context) -> Result<(), CliError> {
    let channels = context.block_on(async { look(&Stage::find(context).await?).await })?;
    let ui = &context.ui;
    match ui.output() {
        Output::Text | Output::Csv if channels.is_empty() => {
            ui.note("The stage has no signaling channels.");
            Ok(())
        }
        Output::Text | Output::Csv => {
            let rows: Vec<Vec<String>> = channels.iter().map(row).collect();
            ui.text(&ui.table(&["CHANNEL", "USE", "CREATED"], &rows))
        }
        Output::Json => ui.json(&channels.iter().map(object).collect::<Vec<Value>>()),
        Output::Ndjson => channels.iter().try_for_each(|one| ui.json(&object(one))),
    }
}

fn row((channel, used): &(Channel, Use)) -> Vec<String> {
    vec![channel.name.clone(), used.word().to_owned(), created(channel)]
}

fn object((channel, used): &(Channel, Use)) -> Value {
    json!({
        "name": channel.name,
        "arn": channel.arn,
        "use": used,
        "createdAt": created(channel),
    })
}

fn created(channel: &Channel) -> String {
    Timestamp::from_millisecond(channel.created_ms)
        .map_or_else(|_| String::new(), |at| at.to_string())
}
