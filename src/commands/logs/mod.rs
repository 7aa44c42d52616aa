//! `logs`: reads or follows the functions' logs, several together.

mod query;

use std::cell::Cell;

use serde_json::Value;

use crate::aws::Logs;
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::stack::Stack;
use crate::tail::{self, Group, Line, Query};
use crate::ui::{Output, Ui, log_json};
use query::Fields;

/// Read or follow the functions' logs as one timeline
///
/// No line is lost or repeated. `--output ndjson` writes an object a line.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The functions; all if none is named (`send` is SendMessageHandler)
    #[arg(value_name = "FN")]
    functions: Vec<String>,
    /// Go on as lines come
    #[arg(short, long)]
    follow: bool,
    /// From when: `10m`, `1h30m`, `2d`, `2026-01-31T10:00:00Z`, or a local `2026-01-31 10:00`
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = query::time)]
    since: i64,
    /// Until when
    #[arg(long, value_name = "TIME", value_parser = query::time, conflicts_with = "follow")]
    until: Option<i64>,
    /// CloudWatch's filter pattern: words, or `{ $.field = "value" }`
    #[arg(long, value_name = "PATTERN")]
    filter: Option<String>,
    /// This level and worse
    #[arg(long, value_enum)]
    level: Option<query::Level>,
    /// One request's lines
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// One connection's lines
    #[arg(long, value_name = "ID")]
    connection: Option<String>,
    /// One person's lines; logs name people by a hash of their name
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// One room's lines
    #[arg(long, value_name = "ID")]
    room: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let ui = &context.ui;
    if args.follow && ui.output() == Output::Json {
        return Err(CliError::usage(
            "an endless list is no JSON value; take --output ndjson with --follow",
        ));
    }
    let count = Cell::new(0_usize);
    let shown = context.block_on(async {
        let running = context.running().await?;
        let stack = context.deployed(&running)?;
        let groups = chosen(&stack, &args.functions)?;
        let query = query(args, &stack)?;
        let logs = Logs::new(&context.cloud(&running)?);
        show(&logs, &groups, &query, args.follow, ui, &count).await
    });
    if args.follow {
        ui.note(&format!("{} lines", count.get()));
    }
    shown
}

async fn show(
    logs: &Logs,
    groups: &[Group],
    query: &Query,
    follow: bool,
    ui: &Ui,
    count: &Cell<usize>,
) -> Result<(), CliError> {
    let take = |line: Line| {
        count.set(count.get() + 1);
        ui.log(&line)
    };
    match (follow, ui.output()) {
        (true, _) => tokio::select! {
            followed = tail::follow(logs, groups, query, take) => followed,
            () = ui.reader_gone() => Ok(()),
        },
        (false, Output::Json) => {
            let mut all: Vec<Value> = Vec::new();
            tail::read::<CliError>(logs, groups, query, |line| {
                all.push(log_json(&line));
                Ok(())
            })
            .await?;
            ui.json(&all)
        }
        (false, _) => tail::read(logs, groups, query, take).await,
    }
}

fn query(args: &Args, stack: &Stack) -> Result<Query, CliError> {
    let fields = Fields {
        level: args.level,
        request: args.request.as_deref(),
        connection: args.connection.as_deref(),
        room: args.room.as_deref(),
        user: args.user.as_deref().map(|name| chatctl_protocol::user_hash(&stack.name.stage, name)),
    };
    let pattern = query::pattern(args.filter.as_deref(), &fields).map_err(CliError::usage)?;
    Ok(Query { from: args.since, until: args.until, pattern })
}

/// The groups of the named functions, or of all.
fn chosen(stack: &Stack, names: &[String]) -> Result<Vec<Group>, CliError> {
    let groups = tail::groups(stack);
    if names.is_empty() {
        return Ok(groups);
    }
    let mut chosen: Vec<Group> = Vec::new();
    for name in names {
        let found: Vec<&Group> =
            groups.iter().filter(|group| is_meant(name, &group.function)).collect();
        if found.is_empty() {
            let known: Vec<&str> = groups.iter().map(|group| group.function.as_ref()).collect();
            return Err(CliError::new(
                Kind::Usage,
                "function-unknown",
                format!("there is no function `{name}`"),
            )
            .hint(format!("the functions are {}", known.join(", "))));
        }
        chosen.extend(found.into_iter().cloned());
    }
    chosen.dedup();
    Ok(chosen)
}

/// The name itself, or its beginning, in any case.
fn is_meant(name: &str, function: &str) -> bool {
    function.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}
