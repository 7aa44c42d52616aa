//! `deploy`: brings the stage up to the project.

use serde_json::json;

use crate::context::Context;
use crate::deploy::Event;
use crate::deploy::local::{Outcome, Request, prepare};
use crate::deploy::plan::Plan;
use crate::error::CliError;
use crate::ui::{Output, Ui};

/// Build what changed, show what will change, and bring the stage up to it
///
/// A second run with no change does nothing and says so. Rows of a table are lost only if
/// `--allow-data-loss` names it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The loopback port; 0 takes any that is free [default: 4510]
    #[arg(long, value_name = "PORT", env = "CHATCTL_PORT", hide_env_values = true)]
    port: Option<u16>,
    /// A table whose rows may be lost; may be given again
    #[arg(long, value_name = "LOGICAL_ID")]
    allow_data_loss: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let request = Request {
        project: context.project()?.clone(),
        state: context.state()?,
        port: context.port(args.port)?,
        allow_data_loss: args.allow_data_loss.clone(),
        colour: context.ui.colours_stderr(),
    };
    let ui = &context.ui;
    let on_event = |event: Event| ui.deploy_event(&event);
    let outcome = context.block_on(async {
        let prepared = prepare(request, &on_event).await?;
        confirm(prepared.plan(), ui)?;
        Ok(prepared.apply(&on_event).await?)
    });
    ui.rest();
    show(&outcome?, ui)
}

/// Only what cannot be undone is asked about, and only a person.
fn confirm(plan: &Plan, ui: &Ui) -> Result<(), CliError> {
    let lost: Vec<_> = plan.at_stake(&[]).iter().map(|table| table.logical.clone()).collect();
    if lost.is_empty() || !ui.asks() {
        return Ok(());
    }
    ui.confirm(&format!("Lose all rows of {}?", lost.join(", ")))
}

fn show(outcome: &Outcome, ui: &Ui) -> Result<(), CliError> {
    let Outcome { changed, addresses } = outcome;
    if ui.output() != Output::Text {
        let result = json!({
            "changed": changed,
            "stage": addresses.stage,
            "siteUrl": addresses.site_url,
            "webSocketUrl": addresses.web_socket_url,
            "awsEndpointUrl": addresses.aws_endpoint_url,
        });
        return ui.finished(&result);
    }
    if !changed {
        ui.note("No changes.");
    }
    ui.line(&format!("Site       {}", addresses.site_url))?;
    ui.line(&format!("WebSocket  {}", addresses.web_socket_url))?;
    ui.line(&format!("AWS APIs   {} (region {})", addresses.aws_endpoint_url, addresses.region))
}
