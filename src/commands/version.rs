//! `version`: which chatctl this is.

use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::ui::Output;

/// Show the version
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_: &Args, context: &Context) -> Result<(), CliError> {
    let version = env!("CARGO_PKG_VERSION");
    let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    match context.ui.output() {
        Output::Text | Output::Csv => context.ui.line(&format!("chatctl {version} ({target})")),
        Output::Json | Output::Ndjson => {
            context.ui.json(&json!({"version": version, "target": target}))
        }
    }
}
