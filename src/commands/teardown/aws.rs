//! `teardown` on AWS.

use serde_json::json;

use super::Args;
use crate::attend::Attended;
use crate::context::{AwsTarget, Context};
use crate::deploy::Event;
use crate::deploy::aws::{Data, Item, Stage, inventory, teardown};
use crate::error::{CliError, Kind};
use crate::stack::Protection;
use crate::ui::{Output, Ui};

/// Removes a stage from AWS.
pub fn run(args: &Args, target: &AwsTarget, context: &Context) -> Result<(), CliError> {
    let ui = &context.ui;
    let data = if args.keep_data { Data::Keep } else { Data::Remove };
    let attended = Attended::default();
    let on_event = |event: Event| {
        attended.take_in(&event);
        ui.deploy_event(&event);
    };
    let left = attended.run(context, async {
        let stage = target.stage().await?;
        attended.of(&stage);
        let items = inventory(&stage, data).await?;
        if args.dry_run {
            return show_plan(&items, ui).map(|()| None);
        }
        if !items.is_empty() {
            confirm(args, &stage, &items, ui)?;
        }
        let left = teardown(&stage, data, &on_event).await?;
        Ok(Some((!items.is_empty(), left)))
    });
    match left? {
        Some((changed, left)) => finish(changed, &left, ui),
        None => Ok(()),
    }
}

fn confirm(args: &Args, stage: &Stage, items: &[Item], ui: &Ui) -> Result<(), CliError> {
    let name = &stage.name;
    let place = format!("account {}, {}", stage.account, stage.cloud.region());
    ui.note(&format!("{} in {place}: {} things", stage.stack_name(), items.len()));
    let protected = stage.config.settings.protection == Protection::On;
    match &args.confirm_stage {
        Some(given) if given == name => return Ok(()),
        Some(given) => {
            let message = format!("the stage is `{name}`, and --confirm-stage says `{given}`");
            return Err(CliError::new(Kind::Confirmation, "declined", message));
        }
        None if protected => {
            let message = format!("the stage `{name}` is protected; nothing was changed");
            return Err(CliError::new(Kind::Confirmation, "protected", message)
                .hint(format!("to remove it: chatctl -s {name} teardown --confirm-stage {name}")));
        }
        None => {}
    }
    let data = if args.keep_data { "but not its tables" } else { "with all its data" };
    ui.confirm(&format!("Remove the stage `{name}` in {place}, {data}?"))
}

fn show_plan(items: &[Item], ui: &Ui) -> Result<(), CliError> {
    if ui.output() != Output::Text {
        return ui.json(&json!({"changed": false, "wouldRemove": items}));
    }
    if items.is_empty() {
        ui.note("Nothing would be removed.");
    }
    items.iter().try_for_each(|Item { kind, name }| ui.line(&format!("{kind} {name}")))
}

fn finish(changed: bool, left: &[Item], ui: &Ui) -> Result<(), CliError> {
    if ui.output() != Output::Text {
        ui.finished(&json!({"changed": changed, "left": left}))?;
    } else if !changed {
        ui.note("Nothing to do: the stage is not there.");
    } else if left.is_empty() {
        ui.note("Removed. Nothing is left.");
    }
    if left.is_empty() {
        return Ok(());
    }
    let mut error = CliError::new(Kind::Partial, "left-over", "not everything could be removed");
    error.details = left.iter().map(|Item { kind, name }| format!("{kind} {name}")).collect();
    Err(error.hint("`chatctl diagnose` shows why; then run `chatctl teardown` again"))
}
