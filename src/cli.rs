//! The command line: flags that every command has, and the tree of commands.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args, Parser, Subcommand};

use crate::arguments;
use crate::commands::{
    attach, build, channels, completions, config, deploy, dev, diagnose, doctor, faults, frontend,
    host, init, logs, outputs, plan, policies, recover, rollback, scan, smoke, status, synth,
    teardown, version,
};
use crate::context::Context;
use crate::error::CliError;
use crate::ui::{Colour, Output, Ui};

/// Provisions and operates a serverless text and voice chat, on AWS or on one machine.
///
/// The stage `local` is built in: the whole stack on this machine, with no account and no network.
/// Other stages live on AWS; `chatctl.yaml` describes them.
///
/// Exit codes: 0 done or nothing to do; 1 failed; 2 usage; 4 confirmation needed or declined;
/// 5 credentials; 6 partly done; 7 rolled back; 8 stage busy; 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "chatctl", version, propagate_version = false, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every command has.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// The stage: `local` is built in, any other is described in chatctl.yaml
    #[arg(
        short,
        long,
        global = true,
        value_name = "STAGE",
        env = "CHATCTL_STAGE",
        default_value = "local",
        hide_env_values = true
    )]
    pub stage: String,
    /// The AWS profile; the stage `local` has credentials of its own and takes none. An empty
    /// CHATCTL_PROFILE sets aside the one in chatctl.yaml
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "CHATCTL_PROFILE",
        hide_env_values = true
    )]
    pub profile: Option<String>,
    /// The region, else the stage's in chatctl.yaml, AWS_REGION's or the profile's; never guessed
    #[arg(
        long,
        global = true,
        value_name = "REGION",
        env = "CHATCTL_REGION",
        hide_env_values = true
    )]
    pub region: Option<String>,
    /// Where AWS's APIs are found, if neither at AWS nor at the stage's own endpoint
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "CHATCTL_ENDPOINT_URL",
        hide_env_values = true
    )]
    pub endpoint_url: Option<String>,
    /// The configuration file; its folder is the project's root
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "CHATCTL_CONFIG",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
    /// How results are written to stdout (csv: only `scan`)
    #[arg(
        long,
        global = true,
        value_enum,
        env = "CHATCTL_OUTPUT",
        default_value = "text",
        hide_env_values = true
    )]
    pub output: Output,
    /// Whether colours are used
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        env = "CHATCTL_COLOR",
        default_value = "auto",
        hide_env_values = true
    )]
    pub color: Colour,
    /// Say nothing on stderr but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more on stderr
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Answer ordinary questions with yes; losing data needs more
    #[arg(short, long, global = true, env = "CHATCTL_YES", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, hide_env_values = true)]
    pub yes: bool,
    /// Never ask, even on a terminal
    #[arg(long, global = true, env = "CHATCTL_NON_INTERACTIVE", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, hide_env_values = true)]
    pub non_interactive: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Config(config::Args),
    Build(build::Args),
    Plan(plan::Args),
    Deploy(deploy::Args),
    Frontend(frontend::Args),
    Attach(attach::Args),
    Recover(recover::Args),
    Diagnose(diagnose::Args),
    Rollback(rollback::Args),
    Dev(dev::Args),
    Status(status::Args),
    Outputs(outputs::Args),
    Logs(logs::Args),
    Scan(scan::Args),
    Channels(channels::Args),
    Smoke(smoke::Args),
    Policies(policies::Args),
    Synth(synth::Args),
    Faults(faults::Args),
    Teardown(teardown::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
    Version(version::Args),
    Host(host::Args),
}

/// Runs the program: parses, runs one command, maps its end to an exit code.
pub fn main() -> ExitCode {
    let cli: Cli = match arguments::read() {
        Ok(cli) => cli,
        Err(end) => return end,
    };
    let ui = Ui::new(Context::terminal(&cli.globals));
    let context = Context::new(cli.globals, ui);
    match cli.command.run(&context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = context.explain(error);
            context.ui.report(&error);
            ExitCode::from(error.kind.exit_code())
        }
    }
}

impl Command {
    fn run(&self, context: &Context) -> Result<(), CliError> {
        if !matches!(self, Self::Scan(_)) && context.ui.output() == Output::Csv {
            return Err(CliError::usage("only `scan` writes csv; take text, json or ndjson"));
        }
        match self {
            Self::Init(args) => init::run(args, context),
            Self::Config(args) => config::run(args, context),
            Self::Build(args) => build::run(args, context),
            Self::Deploy(args) => deploy::run(args, context),
            Self::Frontend(args) => frontend::run(args, context),
            Self::Attach(args) => attach::run(args, context),
            Self::Plan(args) => plan::run(args, context),
            Self::Recover(args) => recover::run(args, context),
            Self::Diagnose(args) => diagnose::run(args, context),
            Self::Rollback(args) => rollback::run(args, context),
            Self::Dev(args) => dev::run(args, context),
            Self::Status(args) => status::run(args, context),
            Self::Outputs(args) => outputs::run(args, context),
            Self::Logs(args) => logs::run(args, context),
            Self::Scan(args) => scan::run(args, context),
            Self::Channels(args) => channels::run(args, context),
            Self::Smoke(args) => smoke::run(args, context),
            Self::Policies(args) => policies::run(args, context),
            Self::Synth(args) => synth::run(args, context),
            Self::Faults(args) => faults::run(args, context),
            Self::Teardown(args) => teardown::run(args, context),
            Self::Doctor(args) => doctor::run(args, context),
            Self::Completions(args) => completions::run(args, context),
            Self::Version(args) => version::run(args, context),
            Self::Host(args) => host::run(args, context),
        }
    }
}
