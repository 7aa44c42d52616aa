//! `teardown` on this machine.

use serde_json::json;

use super::Args;
use crate::context::Context;
use crate::deploy::Event;
use crate::deploy::local::teardown::{Data, Item, inventory, kept, teardown};
use crate::error::{CliError, Kind};
use crate::ui::{Output, Ui};

/// Removes the stage `local`.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let (ui, state) = (&context.ui, context.state()?);
    let data = if args.keep_data { Data::Keep } else { Data::Remove };
    let items = context.block_on(async { Ok(inventory(&state, data).await?) })?;
    if args.dry_run {
        return show_plan(&items, ui);
    }
    if items.is_empty() {
        let kept = kept(&state)?;
        ui.note(match kept.is_empty() {
            true => "Nothing to do: the stage `local` is not there.",
            false => "Nothing to do: of the stage `local` only its tables are there.",
        });
        return result(false, &[], &kept, ui);
    }
    let what = if args.keep_data {
        "the stage `local`, but not its tables"
    } else {
        "the stage `local` with all its data"
    };
    ui.confirm(&format!("Remove {what} ({})?", state.path().display()))?;
    let on_event = |event: Event| ui.deploy_event(&event);
    let left = context.block_on(async { Ok(teardown(&state, data, &on_event).await?) });
    ui.rest();
    let (left, kept) = (left?, if args.keep_data { kept(&state)? } else { Vec::new() });
    match (left.is_empty(), kept.is_empty()) {
        (true, true) => ui.note("Removed. Nothing is left."),
        (true, false) => ui.note(&format!(
            "Removed. The tables are kept in {}; `chatctl deploy` takes them up again.",
            state.path().display()
        )),
        (false, _) => {}
    }
    result(true, &left, &kept, ui)?;
    if left.is_empty() { Ok(()) } else { Err(partial(&left)) }
}

fn show_plan(items: &[Item], ui: &Ui) -> Result<(), CliError> {
    if ui.output() != Output::Text {
        return ui.json(&json!({"changed": false, "wouldRemove": items}));
    }
    if items.is_empty() {
        ui.note("Nothing would be removed.");
    }
    items.iter().try_for_each(|item| {
        ui.line(&format!("{} {} ({} bytes)", item.kind, item.name, item.bytes))
    })
}

fn result(changed: bool, left: &[Item], kept: &[Item], ui: &Ui) -> Result<(), CliError> {
    match ui.output() {
        Output::Text | Output::Csv => Ok(()),
        Output::Json | Output::Ndjson => {
            ui.finished(&json!({"changed": changed, "left": left, "kept": kept}))
        }
    }
}

fn partial(left: &[Item]) -> CliError {
    let mut error = CliError::new(Kind::Partial, "left-over", "not everything could be removed");
    error.details = left.iter().map(|item| format!("{} {}", item.kind, item.name)).collect();
    error.hint(
        "remove what is listed (ls -ld shows whose it is), or run `chatctl teardown --yes` again",
    )
}
