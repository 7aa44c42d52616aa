//! How long a command takes from start to end, as a person at a terminal waits for it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::{Result, stats};

/// A timed command.
#[derive(Debug, Clone)]
pub struct Timed {
    /// The command as it stands in the table.
    pub label: String,
    /// Median wall time, ms; none where the program is not installed.
    pub median_ms: Option<f64>,
}

/// Runs a command `times` times after two runs that do not count.
pub fn time(label: &str, command: &[&str], folder: &Path, times: usize) -> Result<Timed> {
    let mut walls = Vec::with_capacity(times);
    for round in 0..times + 2 {
        let began = Instant::now();
        let ran = Command::new(command[0])
            .args(&command[1..])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let wall = began.elapsed().as_secs_f64() * 1000.0;
        match ran {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Timed { label: label.to_owned(), median_ms: None });
            }
            Err(error) => return Err(error.into()),
            Ok(status) if !status.success() => {
                return Ok(Timed { label: label.to_owned(), median_ms: None });
            }
            Ok(_) if round >= 2 => walls.push(wall),
            Ok(_) => {}
        }
    }
    Ok(Timed { label: label.to_owned(), median_ms: Some(stats::median(&walls)) })
}

/// The program that a name stands for, seen through a version manager's launcher script, whose own
/// time is not the program's.
pub fn resolve(name: &str) -> String {
    let asked = Command::new("pyenv").args(["which", name]).output();
    let found = asked.ok().filter(|output| output.status.success());
    let path = found.and_then(|output| String::from_utf8(output.stdout).ok());
    path.map_or_else(|| name.to_owned(), |path| path.trim().to_owned())
}
