//! `config`: what the configuration says, where each value comes from, and whether it is valid.

mod show;
mod validate;

use crate::config::schema;
use crate::context::Context;
use crate::error::CliError;

/// Show the configuration and where each value comes from; check it; print its schema
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Show(show::Args),
    Validate(validate::Args),
    /// Print the JSON Schema of chatctl.yaml, for editors
    Schema,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    match &args.command {
        Command::Show(args) => show::run(args, context),
        Command::Validate(args) => validate::run(args, context),
        Command::Schema => context.ui.text(&format!("{:#}\n", schema())),
    }
}
