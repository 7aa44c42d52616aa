//! `teardown`: removes the stage and shows what is left.

mod aws;
mod local;

use crate::context::{Context, Target};
use crate::error::CliError;

/// Remove the stage, with everything that belongs to it
///
/// Safe to repeat, and goes on where an earlier one was interrupted. Ends with an inventory of what
/// is left, which must be nothing; exit code 6 and a list otherwise.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Keep the tables, and the secret with which their sessions were signed
    #[arg(long)]
    keep_data: bool,
    /// The stage's name once more: a protected stage on AWS goes only so
    #[arg(long, value_name = "STAGE")]
    confirm_stage: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    match context.target()? {
        Target::Local => local::run(args, context),
        Target::Aws(target) => aws::run(args, &target, context),
    }
}
