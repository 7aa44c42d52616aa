//! `deploy` on AWS.

use serde_json::{Value, json};

use super::Args;
use crate::attend::Attended;
use crate::context::{AwsTarget, Context};
use crate::deploy::Event;
use crate::deploy::aws::{self, Outcome, Prepared, Request, Stage, prepare};
use crate::error::{CliError, Kind};
use crate::ui::{Output, Ui};

/// Deploys a stage on AWS.
pub fn run(args: &Args, target: &AwsTarget, context: &Context) -> Result<(), CliError> {
    let ui = &context.ui;
    let attended = Attended::default();
    let on_event = |event: Event| {
        attended.take_in(&event);
        ui.deploy_event(&event);
    };
    let outcome = attended.run(context, async {
        let stage = target.stage().await?;
        attended.announce(&stage, ui);
        if args.code_only {
            return code_only(stage, ui, &on_event).await;
        }
        let request = Request { stage, parts: args.parts(), colour: ui.colours_stderr() };
        let prepared = prepare(request, &on_event).await?;
        let prepared = keep_to_plan(args, prepared).await?;
        let prepared = prepared.gate(&args.allow_data_loss).await?;
        let prepared = confirm(prepared, ui).await?;
        Ok(match args.detach {
            true => match prepared.detach(&on_event).await? {
                Some(outcome) => Done::Deployed(outcome),
                None => Done::Begun,
            },
            false => Done::Deployed(prepared.apply(&on_event).await?),
        })
    })?;
    show(&outcome, &target.stage, ui)
}

/// What a deployment came to.
enum Done {
    /// Everything is as it is to be.
    Deployed(Outcome),
    /// CloudFormation was asked to.
    Begun,
    /// These functions have new code.
    Code(Vec<String>),
}

async fn code_only(stage: Stage, ui: &Ui, on_event: &dyn Fn(Event)) -> Result<Done, CliError> {
    Ok(Done::Code(aws::code_only(&stage, ui.colours_stderr(), on_event).await?))
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

fn show(done: &Done, stage: &str, ui: &Ui) -> Result<(), CliError> {
    let (result, changed) = match done {
        Done::Deployed(outcome) => return show_outcome(outcome, stage, ui),
        Done::Begun => (json!({"changed": true, "stage": stage, "detached": true}), true),
        Done::Code(functions) => {
            let changed = !functions.is_empty();
            (json!({"changed": changed, "stage": stage, "functions": functions}), changed)
        }
    };
    if ui.output() != Output::Text {
        return ui.finished(&result);
    }
    if !changed {
        ui.note("No changes.");
    } else if matches!(done, Done::Begun) {
        ui.note(&format!(
            "CloudFormation goes on by itself: `chatctl -s {stage} attach` follows it from any machine, \
             `chatctl -s {stage} frontend publish` then publishes the web app."
        ));
    }
    Ok(())
}

fn show_outcome(outcome: &Outcome, stage: &str, ui: &Ui) -> Result<(), CliError> {
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
