//! `status`: whether the stage is up, what runs on it, and how that is.

mod aws;
mod local;

use jiff::Timestamp;

use crate::context::{Context, Target};
use crate::error::CliError;

/// Show how the stage is: what runs, what fails, what was deployed
///
/// On AWS: the stack, alarms, the last hour of every function and table, and whether the code that
/// is live is the code that was deployed. On this machine: the host, functions, tables, connections.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_: &Args, context: &Context) -> Result<(), CliError> {
    match context.target()? {
        Target::Local => local::show(context),
        Target::Aws(target) => aws::show(&target, context),
    }
}

fn local_time(time: Timestamp) -> String {
    time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
