//! `faults`: what goes wrong on purpose on the stage `local`.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::local::faults::FaultSettings;
use crate::stack::{Function, Stack};
use crate::ui::{Output, Ui};

/// Show, set or clear the faults that the stage `local` injects
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the faults in force
    Show,
    /// Set some of them; the others stay as they are
    Set(Set),
    /// Clear them all
    Clear,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct Set {
    /// The share of `$disconnect` events that never arrive, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    drop_disconnect: Option<f64>,
    /// The share of messages that are invoked twice, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    duplicate_messages: Option<f64>,
    /// The share of posts to connections that are answered 429, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    post_throttle: Option<f64>,
    /// The share of messages that later ones may overtake, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    reorder_messages: Option<f64>,
    /// Milliseconds before every invocation
    #[arg(long, value_name = "MS")]
    latency_ms: Option<u64>,
    /// A function (`send` is SendMessageHandler) whose process is killed in the middle of its next invocation
    #[arg(long, value_name = "FN")]
    crash_function: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let faults = context.block_on(async {
        let running = context.running().await?;
        let current = running.status.faults.clone();
        let wanted = match &args.action {
            None | Some(Action::Show) => return Ok(current),
            Some(Action::Clear) => FaultSettings::default(),
            Some(Action::Set(set)) => {
                let name = set.crash_function.as_deref();
                let function = name.map(|name| meant(&context.deployed(&running)?, name));
                merged(current, set, function.transpose()?)
            }
        };
        running.client.set_faults(&wanted).await?;
        Ok(wanted)
    })?;
    show(&faults, &context.ui)
}

/// The one function that a name means.
fn meant(stack: &Stack, name: &str) -> Result<String, CliError> {
    let all = || stack.functions.iter().collect();
    let (message, known): (_, Vec<&Function>) = match &stack.functions_meant(name)[..] {
        [function] => return Ok(function.logical.clone()),
        [] => (format!("there is no function `{name}`"), all()),
        several => (format!("`{name}` is the beginning of several functions"), several.to_vec()),
    };
    let known: Vec<&str> = known.iter().map(|function| function.logical.as_str()).collect();
    Err(CliError::new(Kind::Usage, "function-unknown", message)
        .hint(format!("the functions are {}", known.join(", "))))
}

fn merged(mut faults: FaultSettings, set: &Set, crash: Option<String>) -> FaultSettings {
    let Set {
        drop_disconnect,
        duplicate_messages,
        post_throttle,
        reorder_messages,
        latency_ms,
        crash_function: _,
    } = set;
    faults.drop_disconnect = drop_disconnect.unwrap_or(faults.drop_disconnect);
    faults.duplicate_messages = duplicate_messages.unwrap_or(faults.duplicate_messages);
    faults.post_throttle = post_throttle.unwrap_or(faults.post_throttle);
    faults.reorder_messages = reorder_messages.unwrap_or(faults.reorder_messages);
    faults.latency_ms = latency_ms.unwrap_or(faults.latency_ms);
    faults.crash_function = crash.or(faults.crash_function);
    faults
}

fn show(faults: &FaultSettings, ui: &Ui) -> Result<(), CliError> {
    if ui.output() != Output::Text {
        return ui.json(faults);
    }
    if *faults == FaultSettings::default() {
        return ui.line("no faults");
    }
    let Value::Object(all) = json!(faults) else { return Ok(()) };
    let off = json!(FaultSettings::default());
    let on = all.iter().filter(|(name, value)| off[name.as_str()] != **value);
    on.into_iter().try_for_each(|(name, value)| ui.line(&format!("{name:<18} {value}")))
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a share is a number from 0 to 1, such as 0.2".to_owned()),
    }
}
