//! `smoke`: plays a real chat of two people against the stage, and removes what it left.

use std::time::Duration;

use serde_json::{Value, json};

use crate::aws::Tables;
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::operate::Stage;
use crate::smoke::{self, Endpoints, HEALTH_ROUTE, Left, Passed, Report, Stopped, Trouble};
use crate::ui::{Output, Ui};

/// The schema of the step lines.
const SCHEMA: &str = "chatctl.smoke/1";

/// Try the stage with a real chat of two people
///
/// The stage says how it is. Two clients connect, make a room, ask, approve, talk, read the history,
/// leave and come back; every route is asked and every push waited for. What the chat left in the
/// tables is removed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many seconds one answer may take; the first of a function that slept takes longest
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=300))]
    patience: u64,
    /// Leave the chat's rows in the tables
    #[arg(long)]
    keep: bool,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let ui = &context.ui;
    context.block_on(async {
        let stage = Stage::find(context).await?;
        let report = smoke::run(&endpoints(&stage, args), &|passed| tell(passed, ui)).await;
        let left = tidy(&stage, &report, args).await;
        finish(&stage, &report, &left, ui)?;
        conclude(&stage, report.stopped, left)
    })
}

fn endpoints(stage: &Stage, args: &Args) -> Endpoints {
    let mut http = stage.stack.http_routes().map(|(_, route)| route.to_string());
    // The API is reached where the site is.
    let is_asked = stage.has_site && http.any(|route| route == HEALTH_ROUTE);
    Endpoints {
        stage: stage.addresses.stage.clone(),
        web_socket_url: stage.addresses.web_socket_url.clone(),
        site_url: stage.has_site.then(|| stage.addresses.site_url.clone()),
        http_api_url: is_asked.then(|| stage.addresses.http_api_url.clone()),
        patience: Duration::from_secs(args.patience),
    }
}

/// How many rows were removed.
async fn tidy(stage: &Stage, report: &Report, args: &Args) -> Result<usize, Left> {
    match &report.room_id {
        Some(room) if !args.keep => {
            smoke::tidy(&Tables::new(&stage.cloud), &stage.stack, room, &report.names).await
        }
        _ => Ok(0),
    }
}

fn tell(passed: &Passed, ui: &Ui) {
    // A reader that went away does not stop the chat: what it left must go.
    let _ = match ui.output() {
        Output::Ndjson => ui.event(SCHEMA, passed),
        Output::Json | Output::Csv => Ok(()),
        Output::Text => {
            let mark = ui.good("✓");
            let (name, says) = (passed.step.name(), passed.step.says());
            ui.line(&format!("{mark} {name:<12} {:>6} ms  {says}", passed.took.as_millis()))
        }
    };
}

fn finish(
    stage: &Stage,
    report: &Report,
    left: &Result<usize, Left>,
    ui: &Ui,
) -> Result<(), CliError> {
    let Report { passed, stopped, room_id, names: _ } = report;
    let took: Duration = passed.iter().map(|passed| passed.took).sum();
    let result = json!({
        "stage": stage.addresses.stage,
        "webSocketUrl": stage.addresses.web_socket_url,
        "ok": stopped.is_none(),
        "steps": if ui.output() == Output::Json { json!(passed) } else { json!(passed.len()) },
        "failed": stopped.as_ref().map(failed),
        "roomId": room_id,
        "rowsRemoved": left.as_ref().ok(),
        "millis": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    });
    match (ui.output(), stopped) {
        (Output::Ndjson, _) => ui.event(SCHEMA, &result),
        (Output::Json, _) => ui.json(&result),
        (_, None) => ui.line(&format!(
            "{} the chat works: {} steps in {:.1} s",
            ui.good("✓"),
            passed.len(),
            took.as_secs_f64()
        )),
        (_, Some(stopped)) => {
            ui.line(&format!("{} {:<12} {}", ui.bad("✗"), stopped.step.name(), stopped.trouble))
        }
    }
}

fn failed(stopped: &Stopped) -> Value {
    let Stopped { step, trouble } = stopped;
    json!({"step": step.name(), "route": step.route(), "says": step.says(), "message": trouble.to_string()})
}

fn conclude(
    stage: &Stage,
    stopped: Option<Stopped>,
    left: Result<usize, Left>,
) -> Result<(), CliError> {
    if let Some(stopped) = stopped {
        return Err(explained(stage, &stopped));
    }
    left.map(drop).map_err(|Left { room_id, error }| {
        let message = "the chat works, but its rows could not be removed";
        CliError::new(Kind::Partial, "smoke-rows-left", message)
            .detail(format!("left: the messages of room {room_id}"))
            .detail(error.to_string())
            .hint("deleting needs dynamodb:Query and dynamodb:DeleteItem on the stage's tables")
    })
}

/// What went wrong, and where its reason stands.
fn explained(stage: &Stage, stopped: &Stopped) -> CliError {
    let Stopped { step, trouble } = stopped;
    let error =
        CliError::failed("smoke", format!("the chat stopped at {}: {trouble}", step.name()))
            .detail(format!("what must happen: {}", step.says()));
    let functions = &stage.stack.functions;
    let served = functions.iter().find(|f| {
        step.route()
            .is_some_and(|route| f.route.as_ref().is_some_and(|own| own.to_string() == route))
    });
    match (served, trouble) {
        (_, Trouble::Unreachable { .. } | Trouble::Address(_)) => {
            error.hint("`chatctl status` shows whether the stage runs")
        }
        (Some(function), _) => error.hint(format!(
            "`chatctl logs {} --since 5m` shows what the function said",
            function.logical
        )),
        (None, _) => error.hint("`chatctl logs --since 5m` shows what the functions said"),
    }
}
