//! Writes the page: figures into tables, tables into the text of `page.md`.

use std::fmt::Write;

use crate::cold::Cold;
use crate::cost::Cost;
use crate::counts::Action;
use crate::load::Flow;
use crate::rounds::{Figures, Side};
use crate::startup::Timed;
use crate::{aims, stats};

/// Everything that was measured.
pub struct Measured {
    /// The machine.
    pub machine: Vec<(String, String)>,
    /// Idle connections held for the memory figures.
    pub idle: usize,
    /// The rounds of each side.
    pub sides: Vec<(Side, Vec<Figures>)>,
    /// Cold starts.
    pub cold: Cold,
    /// Requests by action.
    pub actions: Vec<Action>,
    /// What another runtime needs to start.
    pub runtimes: Vec<Timed>,
    /// Commands.
    pub startup: Vec<Timed>,
}

impl Measured {
    /// The page.
    pub fn page(&self) -> String {
        let tables = [
            ("machine", self.machine()),
            ("load", self.load()),
            ("cpu", self.cpu()),
            ("ready", self.ready()),
            ("idle", self.idle.to_string()),
            ("cold", self.cold()),
            ("startup", timed("Command", &self.startup)),
            ("counts", self.counts()),
            ("cost", self.cost()),
            ("aims", aims::table(self)),
        ];
        let text = include_str!("../page.md").to_owned();
        tables.iter().fold(text, |text, (name, table)| {
            text.replace(&format!("{{{{{name}}}}}"), table.trim_end())
        })
    }

    /// The median over a side's rounds; NaN where it was not measured.
    pub fn median(&self, side: Side, figure: impl Fn(&Figures) -> f64) -> f64 {
        let rounds = self.sides.iter().find(|(of, _)| *of == side).map(|(_, rounds)| rounds);
        let values: Vec<f64> = rounds.into_iter().flatten().map(figure).collect();
        stats::median(&values)
    }

    fn machine(&self) -> String {
        let rows = self.machine.iter().map(|(label, value)| vec![label.clone(), value.clone()]);
        let rounds = self.sides.iter().map(|(_, rounds)| rounds.len()).max().unwrap_or(0);
        let interleaved =
            vec!["Rounds".to_owned(), format!("{rounds}, interleaved; medians are shown")];
        table(&["", ""], rows.chain([interleaved]))
    }

    fn load(&self) -> String {
        let rate = |side, of: fn(&Figures) -> &Flow| {
            let messages = self.median(side, |round| of(round).messages);
            format!("{messages:.0} ({:.0})", self.median(side, |round| of(round).deliveries))
        };
        let trip = |side, of: fn(&Figures) -> &Flow| {
            let p50 = self.median(side, |round| of(round).p50);
            format!("{p50:.2} / {:.2}", self.median(side, |round| of(round).p99))
        };
        let rows = self.sides.iter().map(|(side, _)| {
            vec![
                side.name().to_owned(),
                trip(*side, |round| &round.echo),
                rate(*side, |round| &round.ten),
                trip(*side, |round| &round.ten),
                rate(*side, |round| &round.fifty),
                trip(*side, |round| &round.fifty),
            ]
        });
        table(
            &[
                "",
                "alone: round trip p50 / p99, ms",
                "room of 10: messages/s (deliveries/s)",
                "round trip, ms",
                "room of 50: messages/s (deliveries/s)",
                "round trip, ms",
            ],
            rows,
        )
    }

    fn cpu(&self) -> String {
        let shares = |side, of: fn(&Figures) -> &Flow| {
            let labels = self.sides.iter().find(|(named, _)| *named == side);
            let labels =
                labels.and_then(|(_, rounds)| rounds.first()).map(|round| of(round).cpu.clone());
            let parts =
                labels.unwrap_or_default().into_iter().enumerate().map(|(at, (label, _))| {
                    format!("{label} {:.2}", self.median(side, |round| of(round).cpu[at].1))
                });
            parts.collect::<Vec<_>>().join(", ")
        };
        let rows = self.sides.iter().map(|(side, _)| {
            vec![
                side.name().to_owned(),
                shares(*side, |round| &round.echo),
                shares(*side, |round| &round.ten),
                shares(*side, |round| &round.fifty),
            ]
        });
        table(&["", "alone", "room of 10", "room of 50"], rows)
    }

    fn ready(&self) -> String {
        let rows = self.sides.iter().map(|(side, rounds)| {
            let starts = rounds.first().map(|round| round.ready.clone()).unwrap_or_default();
            let ready = starts.iter().enumerate().map(|(at, (label, _))| {
                format!("{label} {:.2}", self.median(*side, |round| round.ready[at].1))
            });
            let parts = rounds.first().map(|round| round.idle.clone()).unwrap_or_default();
            let idle = parts.iter().enumerate().map(|(at, part)| {
                let resident = self.median(*side, |round| round.idle[at].resident);
                let proportional = self.median(*side, |round| round.idle[at].proportional);
                format!(
                    "{} {resident:.0} ({proportional:.0} proportional; processes: {})",
                    part.label, part.processes
                )
            });
            vec![
                side.name().to_owned(),
                ready.collect::<Vec<_>>().join(", "),
                format!("{:.0}", self.median(*side, |round| round.first_hello_ms)),
                idle.collect::<Vec<_>>().join(", "),
            ]
        });
        table(&["", "ready, s", "first connect and hello, ms", "idle, MB resident"], rows)
    }

    fn cold(&self) -> String {
        let Cold { starts, init_ms, slowest_ms, memory_mb } = self.cold;
        let init = format!("{init_ms:.1} (slowest of {starts}: {slowest_ms:.1})");
        let ours = vec!["a function of chatctl, from spawning to its first poll".to_owned(), init];
        let rest = self
            .runtimes
            .iter()
            .map(|Timed { label, median_ms }| vec![label.clone(), shown(*median_ms)]);
        let rows = std::iter::once(ours).chain(rest);
        let memory =
            format!("\nA function of chatctl uses {memory_mb:.0} MB (REPORT's Max Memory Used).\n");
        table(&["Cold start", "ms"], rows) + &memory
    }

    fn counts(&self) -> String {
        let rows = self.actions.iter().map(|action| {
            let of = |service: &str| {
                let prefix = format!("{service}:");
                let named = action.requests.iter().filter_map(|(name, count)| {
                    Some(format!("{} {count}", name.strip_prefix(&prefix)?))
                });
                named.collect::<Vec<_>>().join(", ")
            };
            let posts = of("execute-api").replace("POST ", "");
            let others = ["ssm", "lambda", "s3", "sts", "logs"].map(of).join(" ").trim().to_owned();
            vec![
                action.label.clone(),
                action.invocations.to_string(),
                of("dynamodb"),
                posts,
                others,
            ]
        });
        table(&["", "invocations", "DynamoDB", "posts", "others"], rows)
    }

    fn cost(&self) -> String {
        let rows = self.sends().into_iter().map(|(action, size)| {
            let cost = Cost::of_thousand(action, size);
            vec![
                format!("1,000 messages in a room of {size}"),
                format!("{:.5}", cost.gateway),
                format!("{:.5}", cost.lambda),
                format!("{:.5}", cost.dynamodb),
                format!("{:.5}", cost.total()),
            ]
        });
        table(&["USD", "API Gateway", "Lambda", "DynamoDB", "together"], rows)
    }

    /// The actions that send, with the sizes of their rooms.
    fn sends(&self) -> Vec<(&Action, usize)> {
        let sized =
            |action: &Action| action.label.strip_prefix("sendMessage in a room of ")?.parse().ok();
        self.actions.iter().filter_map(|action| Some((action, sized(action)?))).collect()
    }
}

fn timed(head: &str, rows: &[Timed]) -> String {
    table(&[head, "ms"], rows.iter().map(|row| vec![row.label.clone(), shown(row.median_ms)]))
}

fn shown(ms: Option<f64>) -> String {
    ms.map_or_else(|| "not installed".to_owned(), |ms| format!("{ms:.1}"))
}

/// A Markdown table.
pub fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_markdown() {
        let text = table(&["a", "b"], [vec!["1".to_owned(), "2".to_owned()]]);
        assert_eq!(text, "| a | b |\n|---|---|\n| 1 | 2 |\n");
    }

    #[test]
    fn every_place_in_the_page_is_filled() {
        let measured = Measured {
            machine: Vec::new(),
            idle: 7,
            sides: Vec::new(),
            cold: Cold { starts: 1, init_ms: 1.0, slowest_ms: 1.0, memory_mb: 1.0 },
            actions: Vec::new(),
            runtimes: Vec::new(),
            startup: Vec::new(),
        };
        let page = measured.page();
        assert!(!page.contains("{{"), "{page}");
    }
}
