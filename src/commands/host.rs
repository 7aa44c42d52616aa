//! `host`, hidden: the process that is the stage `local`. `deploy` starts it, detached.

use std::path::PathBuf;

use clap::ArgAction;
use clap::builder::FalseyValueParser;
use tracing_subscriber::EnvFilter;

use crate::context::Context;
use crate::error::CliError;
use crate::local::gateway::GatewayLimits;
use crate::local::host::{HostSettings, run as run_host};
use crate::local::kinesisvideo::{Scheme, SignalingLimits};

/// Run the stage's process in this one; `deploy` does it for you
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub struct Args {
    /// The state folder
    #[arg(long, value_name = "FOLDER")]
    state_dir: PathBuf,
    /// The loopback port
    #[arg(long, value_name = "PORT")]
    port: u16,
    /// Tell clients of signaling channels to connect by `wss`
    #[arg(
        long,
        env = "CHATCTL_SIGNALING_TLS",
        value_parser = FalseyValueParser::new(),
        action = ArgAction::SetTrue
    )]
    signaling_tls: bool,
}

/// Runs the command.
pub fn run(args: &Args, _: &Context) -> Result<(), CliError> {
    // A session of its own: the terminal's Ctrl-C and its closing are none of the stage's business.
    // It fails where this process leads a group already, as one started by hand does: then it is the
    // terminal's, as its user wanted.
    let _ = rustix::process::setsid();
    let filter = EnvFilter::try_from_env("CHATCTL_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::failed("runtime", error.to_string()))?;
    let settings = HostSettings {
        state_dir: args.state_dir.clone(),
        port: args.port,
        limits: GatewayLimits::default(),
        signaling: SignalingLimits::default(),
        scheme: if args.signaling_tls { Scheme::Tls } else { Scheme::Plain },
    };
    runtime
        .block_on(run_host(settings))
        .map_err(|error| CliError::failed("host", error.to_string()))
}
