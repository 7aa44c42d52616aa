//! What processes cost, read from `/proc`: resident memory and CPU time, by part of a side.

use std::collections::HashMap;
use std::fs;

use crate::Result;

/// `/proc/PID/stat` counts CPU time in ticks of 10 ms on every Linux that this runs on.
const TICKS_A_SECOND: f64 = 100.0;

/// Memory of a part.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// The part: `host`, `functions`, `all`.
    pub label: String,
    /// How many processes.
    pub processes: usize,
    /// Their resident sizes added up, MB; pages that they share count in each.
    pub resident: f64,
    /// The same with every shared page counted once, MB.
    pub proportional: f64,
}

/// Watches a side: its main process, and, told apart or not, those that it started.
#[derive(Debug, Clone)]
pub struct Meter {
    main: u32,
    apart: Option<(&'static str, &'static str)>,
}

impl Meter {
    /// One part for the main process and its children.
    pub fn whole(main: u32) -> Self {
        Self { main, apart: None }
    }

    /// Two parts: the main process, and the processes that it started.
    pub fn apart(main: u32, main_label: &'static str, children_label: &'static str) -> Self {
        Self { main, apart: Some((main_label, children_label)) }
    }

    /// CPU seconds used so far, by part, then by the clients, which are this very process.
    pub fn cpu(&self) -> Vec<(String, f64)> {
        let mut parts: Vec<(String, f64)> = self
            .parts()
            .into_iter()
            .map(|(label, ids)| (label, ids.into_iter().filter_map(cpu_seconds).sum()))
            .collect();
        parts.push(("clients".to_owned(), cpu_seconds(std::process::id()).unwrap_or(0.0)));
        parts
    }

    /// Memory in use now, by part.
    pub fn memory(&self) -> Result<Vec<Memory>> {
        self.parts()
            .into_iter()
            .map(|(label, ids)| {
                let mut memory =
                    Memory { label, processes: ids.len(), resident: 0.0, proportional: 0.0 };
                for id in ids {
                    let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
                    memory.resident += kilobytes(&rollup, "Rss:")? / 1024.0;
                    memory.proportional += kilobytes(&rollup, "Pss:")? / 1024.0;
                }
                Ok(memory)
            })
            .collect()
    }

    /// Waits until the side rests: less than a twentieth of a core over half a second, 30 s at most.
    pub async fn rest(&self) {
        let half = std::time::Duration::from_millis(500);
        for _ in 0..60 {
            let before = self.busy();
            tokio::time::sleep(half).await;
            if self.busy() - before < 0.025 {
                return;
            }
        }
    }

    fn busy(&self) -> f64 {
        self.parts().into_iter().flat_map(|(_, ids)| ids).filter_map(cpu_seconds).sum()
    }

    fn parts(&self) -> Vec<(String, Vec<u32>)> {
        let children = descendants(self.main);
        match self.apart {
            Some((main, rest)) => {
                vec![(main.to_owned(), vec![self.main]), (rest.to_owned(), children)]
            }
            None => vec![("all".to_owned(), [vec![self.main], children].concat())],
        }
    }
}

/// The processes that a process started, and those that they started.
fn descendants(of: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    for id in entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        if let Some(parent) = stat(id).and_then(|fields| fields.get(1)?.parse().ok()) {
            children.entry(parent).or_default().push(id);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![of];
    while let Some(parent) = open.pop() {
        let born = children.remove(&parent).unwrap_or_default();
        open.extend(&born);
        found.extend(born);
    }
    found
}

/// The fields of `/proc/PID/stat` after the command's name: state, parent, …
fn stat(id: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split(' ').map(str::to_owned).collect())
}

/// CPU time in user and system mode, in seconds; none for a process that is gone.
fn cpu_seconds(id: u32) -> Option<f64> {
    let fields = stat(id)?;
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_A_SECOND)
}

fn kilobytes(rollup: &str, key: &str) -> Result<f64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    Ok(number.ok_or_else(|| format!("no {key} in smaps_rollup"))?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_sees_itself_and_its_child() {
        let mut child = std::process::Command::new("sleep").arg("5").spawn().unwrap();
        let meter = Meter::apart(std::process::id(), "me", "children");
        let memory = meter.memory().unwrap();
        assert!(memory[0].resident > 0.5 && memory[1].processes >= 1, "{memory:?}");
        assert!(descendants(std::process::id()).contains(&child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
