//! `logs`: reads or follows the functions' logs, several together.

mod follow;
mod query;

use std::sync::Arc;

use crate::aws::Logs;
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::operate::Stage;
use crate::stack::Stack;
use crate::tail::{self, Follower, Group, Live, Pace, Query};
use crate::ui::{LogWriter, Output, Ui};
use follow::{Source, cost, follow};
use query::Fields;

/// Read or follow the functions' logs as one timeline
///
/// No line is lost or repeated, unless with --live. `--output ndjson` writes an object a line.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The functions; all if none is named (`send` is SendMessageHandler)
    #[arg(value_name = "FN")]
    functions: Vec<String>,
    /// Go on as lines come
    #[arg(short, long)]
    follow: bool,
    /// Go on as lines come, as CloudWatch's Live Tail tells of them: nothing before now, within about
    /// a second, 500 lines a second at most. On AWS it costs 0.01 USD a minute for every ten functions
    #[arg(long, conflicts_with_all = ["since", "until"])]
    live: bool,
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

/// How lines are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Once, to the end.
    Once,
    /// For ever, by asking.
    Follow,
    /// For ever, by being told.
    Live,
}

impl Mode {
    fn of(args: &Args) -> Self {
        match (args.live, args.follow) {
            (true, _) => Self::Live,
            (false, true) => Self::Follow,
            (false, false) => Self::Once,
        }
    }
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let (ui, mode) = (&context.ui, Mode::of(args));
    if mode != Mode::Once && ui.output() == Output::Json {
        return Err(CliError::usage(
            "an endless list is no JSON value; take --output ndjson with --follow and --live",
        ));
    }
    let (stage, groups, query) = context.block_on(async {
        let stage = Stage::find(context).await?;
        let groups = chosen(&stage.stack, &args.functions)?;
        let query = query(args, &stage.stack)?;
        Ok((stage, groups, query))
    })?;
    let (logs, pace) = (Logs::new(&stage.cloud), Arc::new(Pace::default()));
    let ended = match mode {
        Mode::Once => context.block_on(read(&logs, &pace, &groups, &query, ui)),
        Mode::Follow => {
            let follower = Follower::new(&logs, &pace, groups, query, stage.tempo());
            follow(&Source::Asked(follower), context)
        }
        Mode::Live => {
            let live = Live::new(&logs, &groups, &stage.stack.place, query.pattern);
            if !stage.is_local() {
                ui.note(&cost(live.sessions()));
            }
            follow(&Source::Told(live), context)
        }
    };
    ended.map_err(explain)
}

/// It is the service that reads the pattern, but the command line that is wrong.
fn explain(error: CliError) -> CliError {
    match error.message.split_once("Invalid filter pattern") {
        Some((_, why)) => {
            let why = why.trim_start_matches(": ").trim_end_matches("(InvalidParameterException)");
            let message = format!("--filter is no filter pattern: {}", why.trim_end());
            CliError::new(Kind::Usage, "filter", message)
                .hint(r#"such as: --filter 'timed out', --filter '{ $.level = "ERROR" }'"#)
        }
        None => error,
    }
}

async fn read(
    logs: &Logs,
    pace: &Arc<Pace>,
    groups: &[Group],
    query: &Query,
    ui: &Ui,
) -> Result<(), CliError> {
    let mut writer = LogWriter::new(ui);
    tail::read::<CliError>(logs, pace, groups, query, |lines| writer.lines(lines)).await?;
    if pace.refusals() > 0 {
        ui.detail(&format!("{} requests were throttled and asked again", pace.refusals()));
    }
    writer.end()
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
    Ok(Query { from: args.since, until: args.until, pattern: pattern.map(Into::into) })
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
        for group in found {
            if !chosen.contains(group) {
                chosen.push(group.clone());
            }
        }
    }
    Ok(chosen)
}

/// The name itself, or its beginning, in any case.
fn is_meant(name: &str, function: &str) -> bool {
    function.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::{BUILT_IN_MANIFEST, LOCAL_API_ID, Manifest, Place, Settings, StackName};

    #[test]
    fn a_function_that_is_named_twice_is_read_once() {
        let name = StackName { project: "chat".to_owned(), stage: "local".to_owned() };
        let manifest = Manifest::parse(BUILT_IN_MANIFEST).unwrap();
        let (place, api) = (Place::local(), LOCAL_API_ID.to_owned());
        let stack = crate::stack::lower(manifest, name, place, api, Settings::local()).unwrap();
        let names = ["leave", "hello", "LeaveRoomHandler", "l"].map(str::to_owned);
        let chosen = chosen(&stack, &names).unwrap();
        let functions: Vec<&str> = chosen.iter().map(|group| group.function.as_ref()).collect();
        assert_eq!(functions, ["LeaveRoomHandler", "HelloHandler"]);
    }
}
