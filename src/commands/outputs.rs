//! `outputs`: where the stage is reached, for people, scripts and environments.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::context::Context;
use crate::deploy::local::Addresses;
use crate::error::CliError;
use crate::local::credentials::Keys;
use crate::ui::{Output, Ui};
use crate::whole;

/// Show where the stage is reached, and as whom
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write them, with the secret key, as variables into a file that only you can read
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Show the secret key in the text as well
    #[arg(long)]
    show_secrets: bool,
}

/// The keys of this object are a promise to scripts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outputs {
    #[serde(flatten)]
    addresses: Addresses,
    access_key_id: String,
    secret_access_key: String,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let running = context.block_on(context.running())?;
    let Keys { access_key_id, secret_access_key, session_token: _ } =
        context.state()?.operator()?;
    let addresses = Addresses::local(running.record.port);
    let outputs = Outputs { addresses, access_key_id, secret_access_key };
    if let Some(file) = &args.env_file {
        write_env(file, &outputs)?;
        context.ui.note(&format!("written to {}", file.display()));
        return Ok(());
    }
    match context.ui.output() {
        Output::Json | Output::Ndjson => context.ui.json(&outputs),
        Output::Text | Output::Csv => show(&outputs, args.show_secrets, &context.ui),
    }
}

fn show(outputs: &Outputs, show_secrets: bool, ui: &Ui) -> Result<(), CliError> {
    let Outputs { addresses, access_key_id, secret_access_key } = outputs;
    let secret = if show_secrets { secret_access_key } else { "(hidden; --show-secrets shows it)" };
    let rows = [
        ("stage", addresses.stage.as_str()),
        ("region", &addresses.region),
        ("site", &addresses.site_url),
        ("WebSocket", &addresses.web_socket_url),
        ("HTTP API", &addresses.http_api_url),
        ("AWS APIs", &addresses.aws_endpoint_url),
        ("access key", access_key_id),
        ("secret key", secret),
    ];
    rows.iter().try_for_each(|(name, value)| ui.line(&format!("{name:<11} {value}")))
}

/// Variables that AWS's SDKs and tools read, and the stage's own.
fn variables(outputs: &Outputs) -> String {
    let Outputs { addresses, access_key_id, secret_access_key } = outputs;
    let rows = [
        ("AWS_ENDPOINT_URL", &addresses.aws_endpoint_url),
        ("AWS_REGION", &addresses.region),
        ("AWS_ACCESS_KEY_ID", access_key_id),
        ("AWS_SECRET_ACCESS_KEY", secret_access_key),
        ("CHATCTL_SITE_URL", &addresses.site_url),
        ("CHATCTL_WEBSOCKET_URL", &addresses.web_socket_url),
        ("CHATCTL_HTTP_API_URL", &addresses.http_api_url),
    ];
    rows.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "{name}={value}");
        text
    })
}

fn write_env(file: &Path, outputs: &Outputs) -> Result<(), CliError> {
    let text = variables(outputs);
    whole::replace(file, whole::PRIVATE, |fresh| fresh.write_all(text.as_bytes()))
        .map_err(|error| CliError::failed("io", format!("{}: {error}", file.display())))
}
