//! `deploy` on AWS.

use std::cell::Cell;

use serde_json::{Value, json};

use super::Args;
use crate::context::{AwsTarget, Context};
use crate::deploy::Event;
use crate::deploy::aws::{self, Outcome, Prepared, Request, Stage, prepare};
use crate::error::{CliError, Kind};
use crate::ui::{Output, Ui};

/// Deploys a stage on AWS.
pub fn run(args: &Args, target: &AwsTarget, context: &Context) -> Result<(), CliError> {
    let ui = &context.ui;
    let on_event = |event: Event| ui.deploy_event(&event);
    let begun = Cell::new(false);
    let on_event = |event: Event| {
        begun.set(begun.get() || matches!(event, Event::StackStarted { .. }));
        on_event(event);
    };
    let outcome = context.block_on(async {
        let stage = target.stage().await?;
        ui.note(&format!(
            "{} in account {}, {}",
            stage.stack_name(),
            stage.account,
            stage.cloud.region()
        ));
        if args.code_only {
            return code_only(stage, ui, &on_event).await;
        }
        let request = Request { stage, parts: args.parts(), colour: ui.colours_stderr() };
        let prepared = prepare(request, &on_event).await?;
        let prepared = keep_to_plan(args, prepared).await?;
        let prepared = prepared.gate(&args.allow_data_loss).await?;
        let prepared = confirm(prepared, ui).await?;
        let outcome = prepared.apply(&on_event).await?;
        Ok(Some(outcome))
    });
    ui.rest();
    let outcome = outcome.map_err(|error| if begun.get() { detached(error) } else { error });
    match outcome? {
        Some(outcome) => show(&outcome, &target.stage, ui),
        None => Ok(()),
    }
}

/// CloudFormation works on where this program ends.
fn detached(error: CliError) -> CliError {
    if error.kind != Kind::Interrupted {
        return error;
    }
    let message = "interrupted; CloudFormation goes on: `chatctl attach` follows it from any machine, \
                   `chatctl attach --cancel` cancels it";
    CliError { message: message.to_owned(), ..error }
}

async fn code_only(
    stage: Stage,
    ui: &Ui,
    on_event: &dyn Fn(Event),
) -> Result<Option<Outcome>, CliError> {
    let changed = aws::code_only(&stage, ui.colours_stderr(), on_event).await?;
    ui.rest();
    if ui.output() != Output::Text {
        ui.finished(
            &json!({"changed": !changed.is_empty(), "stage": stage.name, "functions": changed}),
        )?;
    } else if changed.is_empty() {
        ui.note("No changes.");
    }
    Ok(None)
}

/// A plan that was agreed upon is deployed as it was, or not at all.
async fn keep_to_plan(args: &Args, prepared: Prepared) -> Result<Prepared, CliError> {
    let Some(file) = &args.plan else { return Ok(prepared) };
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let agreed: Option<Value> = serde_json::from_str(&text).ok();
    if agreed.is_some_and(|plan| plan["seal"] == prepared.seal()) {
        return Ok(prepared);
    }
    prepared.discard().await?;
    let message = format!("{} is not what would be deployed now", file.display());
    Err(CliError::new(Kind::Confirmation, "plan-outdated", message)
        .hint("nothing was changed; plan again: chatctl plan --out FILE"))
}

/// Whoever declines leaves no change set behind.
async fn confirm(prepared: Prepared, ui: &Ui) -> Result<Prepared, CliError> {
    if prepared.plan().is_empty() {
        return Ok(prepared);
    }
    let question = format!("Deploy {}?", prepared.stage().stack_name());
    match ui.confirm(&question) {
        Ok(()) => Ok(prepared),
        Err(declined) => {
            prepared.discard().await?;
            Err(declined)
        }
    }
}

fn show(outcome: &Outcome, stage: &str, ui: &Ui) -> Result<(), CliError> {
    let Outcome { changed, outputs } = outcome;
    let output = |name: &str| outputs.get(name);
    if ui.output() != Output::Text {
        let result = json!({
            "changed": changed,
            "stage": stage,
            "siteUrl": output("SiteUrl"),
            "webSocketUrl": output("WebSocketUrl"),
            "awsEndpointUrl": null,
        });
        return ui.finished(&result);
    }
    if !changed {
        ui.note("No changes.");
    }
    let rows = [("Site", "SiteUrl"), ("WebSocket", "WebSocketUrl")];
    rows.iter()
        .filter_map(|(name, key)| Some((name, output(key)?)))
        .try_for_each(|(name, value)| ui.line(&format!("{name:<10} {value}")))
}
