//! `outputs`: where the stage is reached, for people, scripts and environments.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::context::{Context, Target};
use crate::error::CliError;
use crate::local::credentials::Keys;
use crate::operate::Addresses;
use crate::ui::{Output, Ui};
use crate::whole;

/// Show where the stage is reached, and as whom
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write them, with the secret key of `local`, as variables into a file that only you can read
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
    /// The operator's keys, which only the stage on this machine gives out.
    #[serde(flatten)]
    operator: Option<Operator>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Operator {
    access_key_id: String,
    secret_access_key: String,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let addresses = context.block_on(Addresses::find(context))?;
    let outputs = Outputs { addresses, operator: operator(context)? };
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

fn operator(context: &Context) -> Result<Option<Operator>, CliError> {
    if let Target::Aws(_) = context.target()? {
        return Ok(None);
    }
    let Keys { access_key_id, secret_access_key, session_token: _ } =
        context.state()?.operator()?;
    Ok(Some(Operator { access_key_id, secret_access_key }))
}

fn show(outputs: &Outputs, show_secrets: bool, ui: &Ui) -> Result<(), CliError> {
    let Outputs { addresses, operator } = outputs;
    let mut rows = vec![
        ("stage", addresses.stage.as_str()),
        ("region", &addresses.region),
        ("site", &addresses.site_url),
        ("WebSocket", &addresses.web_socket_url),
        ("HTTP API", &addresses.http_api_url),
    ];
    rows.extend(addresses.aws_endpoint_url.as_deref().map(|url| ("AWS APIs", url)));
    if let Some(Operator { access_key_id, secret_access_key }) = operator {
        let hidden = "(hidden; --show-secrets shows it)";
        rows.push(("access key", access_key_id));
        rows.push(("secret key", if show_secrets { secret_access_key } else { hidden }));
    }
    rows.iter().try_for_each(|(name, value)| ui.line(&format!("{name:<11} {value}")))
}

/// Variables that AWS's SDKs and tools read, and the stage's own.
fn variables(outputs: &Outputs) -> String {
    let Outputs { addresses, operator } = outputs;
    let mut rows = vec![
        ("AWS_REGION", &addresses.region),
        ("CHATCTL_SITE_URL", &addresses.site_url),
        ("CHATCTL_WEBSOCKET_URL", &addresses.web_socket_url),
        ("CHATCTL_HTTP_API_URL", &addresses.http_api_url),
    ];
    rows.extend(addresses.aws_endpoint_url.as_ref().map(|url| ("AWS_ENDPOINT_URL", url)));
    if let Some(Operator { access_key_id, secret_access_key }) = operator {
        rows.push(("AWS_ACCESS_KEY_ID", access_key_id));
        rows.push(("AWS_SECRET_ACCESS_KEY", secret_access_key));
    }
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
