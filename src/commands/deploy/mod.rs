//! `deploy`: brings the stage up to the project.

mod aws;
mod local;

use std::path::PathBuf;

use clap::ValueEnum;

use crate::context::{Context, Target};
use crate::deploy::aws::Parts;
use crate::error::CliError;

/// Build what changed, show what will change, and bring the stage up to it
///
/// A second run with no change does nothing and says so. Rows of a table are lost only if
/// `--allow-data-loss` names it. On AWS a failed deployment is rolled back: what served before
/// serves still.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The loopback port of the stage `local`; 0 takes any that is free [default: 4510]
    #[arg(long, value_name = "PORT", env = "CHATCTL_PORT", hide_env_values = true)]
    port: Option<u16>,
    /// A table whose rows may be lost; may be given again
    #[arg(long, value_name = "LOGICAL_ID")]
    allow_data_loss: Vec<String>,
    /// Deploy one part only (on AWS)
    #[arg(long, value_name = "PART")]
    only: Option<Only>,
    /// Give the functions new code, past CloudFormation and in seconds (on AWS); the next deployment
    /// takes it up
    #[arg(long, conflicts_with = "only")]
    code_only: bool,
    /// Begin, and leave CloudFormation to it: `attach` follows (on AWS)
    #[arg(long, conflicts_with = "code_only")]
    detach: bool,
    /// Deploy exactly what `plan --out FILE` showed, or nothing (on AWS)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "code_only"])]
    plan: Option<PathBuf>,
}

/// A part of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    /// The stack with its functions
    Functions,
    /// The web app
    Frontend,
}

impl Args {
    fn parts(&self) -> Parts {
        match self.only {
            None => Parts::All,
            Some(Only::Functions) => Parts::Functions,
            Some(Only::Frontend) => Parts::Frontend,
        }
    }
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    match context.target()? {
        Target::Local if args.only.is_some() || args.code_only || args.detach => {
            Err(CliError::usage(
                "the stage `local` is deployed as a whole: that takes a second where nothing is built",
            ))
        }
        Target::Local => local::run(args, context),
        Target::Aws(target) => aws::run(args, &target, context),
    }
}
