//! Going on as lines come, until somebody ends it: by asking, or by listening to Live Tail.

use crate::context::Context;
use crate::error::CliError;
use crate::tail::{Follower, Happening, Line, Live};
use crate::ui::{LogWriter, Ui};

/// What Live Tail costs, in US cents a minute for each session.
const CENTS: usize = 1;

/// Where lines come from.
pub(super) enum Source {
    /// The service is asked again and again.
    Asked(Follower),
    /// The service tells.
    Told(Live),
}

impl Source {
    async fn run(&self, writer: &mut LogWriter<'_>, ui: &Ui) -> Result<(), CliError> {
        match self {
            Self::Asked(follower) => follower.run(|lines| writer.lines(lines)).await,
            Self::Told(live) => live.run(|happening| show(happening, writer, ui)).await,
        }
    }

    fn rest(&self) -> Vec<Line> {
        match self {
            Self::Asked(follower) => follower.rest(),
            Self::Told(live) => live.rest(),
        }
    }

    fn late(&self) -> u64 {
        let (_, late) = match self {
            Self::Asked(follower) => follower.counts(),
            Self::Told(live) => live.counts(),
        };
        late
    }
}

/// Shows lines until Ctrl-C, or until nobody reads; those that wait then are shown before the end.
pub(super) fn follow(source: &Source, context: &Context) -> Result<(), CliError> {
    let ui = &context.ui;
    let mut writer = LogWriter::new(ui);
    let ended = context.block_on(async {
        tokio::select! {
            followed = source.run(&mut writer, ui) => followed,
            () = ui.reader_gone() => Ok(()),
        }
    });
    let rest = source.rest();
    // The command has ended already, and by what it ended is what is told.
    let _ = if rest.is_empty() { Ok(()) } else { writer.lines(&rest) };
    let out_of_order = match source.late() {
        0 => String::new(),
        late => format!(", {late} of them after a later one"),
    };
    ui.note(&format!("{} lines{out_of_order}", writer.count()));
    ended
}

/// What so many sessions cost.
pub(super) fn cost(sessions: usize) -> String {
    let dollars = |cents: usize| format!("{}.{:02} USD", cents / 100, cents % 100);
    let (one, all) = (dollars(CENTS), dollars(CENTS * sessions));
    format!(
        "Live Tail costs {one} a minute for a session of up to ten functions; here {sessions}: {all} a minute"
    )
}

fn show(happening: Happening, writer: &mut LogWriter<'_>, ui: &Ui) -> Result<(), CliError> {
    match happening {
        Happening::Begun => ui.note("Live: lines are shown from now on"),
        Happening::Lines(lines) => return writer.lines(&lines),
        Happening::Sampled => ui.warn(
            "more than 500 lines a second come, and Live Tail leaves some out; `logs -f` loses none",
        ),
        Happening::Ended(why) => ui.warn(&format!(
            "the session of Live Tail ended and is begun anew; lines in between are missing: {why}"
        )),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_is_told_a_minute() {
        let told = "Live Tail costs 0.01 USD a minute for a session of up to ten functions; here 2: \
                    0.02 USD a minute";
        assert_eq!(cost(2), told);
        assert!(cost(120).ends_with("here 120: 1.20 USD a minute"));
    }
}
