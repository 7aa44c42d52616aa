//! `deploy` on this machine.

use serde_json::json;

use super::Args;
use crate::context::Context;
use crate::deploy::Event;
use crate::deploy::local::{Outcome, Request, prepare};
use crate::deploy::plan::Plan;
use crate::error::CliError;
use crate::ui::{Output, Ui};

/// Deploys the stage `local`.
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
