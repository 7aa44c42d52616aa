//! The figures that the stage `local` aims at, and whether this run reached them.

use crate::report::Measured;
use crate::rounds::{Figures, Side};

/// Which way is better.
#[derive(Clone, Copy)]
enum Better {
    Lower,
    Higher,
}

/// Each aim, its figure, and whether it was reached.
fn judged(measured: &Measured) -> Vec<(String, f64, f64, bool)> {
    let ours = |figure: fn(&Figures) -> f64| measured.median(Side::Chatctl, figure);
    let start = |label: &str| measured.median(Side::Chatctl, |round| ready(round, label));
    let version = measured.startup.first().and_then(|timed| timed.median_ms).unwrap_or(f64::NAN);
    let rows = [
        ("ready, s", Better::Lower, 0.5, start("start")),
        ("alone: round trip p50, ms", Better::Lower, 2.0, ours(|round| round.echo.p50)),
        ("alone: round trip p99, ms", Better::Lower, 5.0, ours(|round| round.echo.p99)),
        ("room of 10, messages/s", Better::Higher, 1000.0, ours(|round| round.ten.messages)),
        ("room of 50, messages/s", Better::Higher, 440.0, ours(|round| round.fifty.messages)),
        ("idle connections: host, MB", Better::Lower, 60.0, ours(|round| round.idle[0].resident)),
        ("a function's cold start, ms", Better::Lower, 20.0, measured.cold.init_ms),
        ("a function's memory, MB", Better::Lower, 12.0, measured.cold.memory_mb),
        ("`chatctl version`, ms", Better::Lower, 10.0, version),
    ];
    rows.map(|(label, better, aim, figure)| {
        let reached = match better {
            Better::Lower => figure <= aim,
            Better::Higher => figure >= aim,
        };
        (label.to_owned(), aim, figure, reached)
    })
    .to_vec()
}

/// The aims as a table.
pub fn table(measured: &Measured) -> String {
    let rows = judged(measured).into_iter().map(|(label, aim, figure, reached)| {
        let reached = if reached { "reached" } else { "**not reached**" };
        vec![label, aim.to_string(), format!("{figure:.1}"), reached.to_owned()]
    });
    crate::report::table(&["", "aim", "measured", ""], rows)
}

fn ready(round: &Figures, label: &str) -> f64 {
    round.ready.iter().find(|(of, _)| *of == label).map_or(f64::NAN, |(_, seconds)| *seconds)
}
