//! The terminal: the only place that prints, prompts or draws.
//!
//! stdout is the result, stderr everything else. A reader that goes away is told as
//! [`Kind::ClosedPipe`], which is no failure.

mod deploy;
mod logs;
mod progress;
mod questions;
mod report;
mod table;

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{CliError, Kind};
use progress::Spinner;

pub(crate) use logs::LogWriter;
pub use questions::Onward;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// For people.
    #[value(alias = "table")]
    Text,
    /// One JSON value.
    Json,
    /// A JSON object a line, as things happen.
    Ndjson,
    /// Comma-separated values (only `scan`).
    Csv,
}

/// Whether colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal that can, unless NO_COLOR or CI is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How much is said on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Errors only.
    Quiet,
    /// The usual.
    Normal,
    /// Every step, and what tools say.
    Verbose,
}

/// Whether questions may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Questions {
    /// A person sits at a terminal.
    Ask,
    /// Ordinary questions are answered yes.
    Yes,
    /// Nobody is there to answer.
    Never,
}

/// What the flags and the environment say about the terminal.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How results are written.
    pub output: Output,
    /// Whether colours are used.
    pub colour: Colour,
    /// How much is said.
    pub level: Level,
    /// Whether questions may be asked.
    pub questions: Questions,
}

/// The terminal.
#[derive(Debug)]
pub struct Ui {
    settings: Settings,
    out_colour: bool,
    err_colour: bool,
    /// Plain append-only lines: no terminal, a dumb one, or CI.
    plain: bool,
    seq: Cell<u64>,
    spinner: RefCell<Option<Spinner>>,
}

impl Ui {
    /// The terminal as it is.
    pub fn new(settings: Settings) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb") || set("CI");
        let colour = |terminal: bool| match settings.colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => terminal && !dumb && !set("NO_COLOR"),
        };
        Self {
            settings,
            out_colour: colour(std::io::stdout().is_terminal()),
            err_colour: colour(std::io::stderr().is_terminal()),
            plain: dumb || !std::io::stderr().is_terminal(),
            seq: Cell::new(0),
            spinner: RefCell::new(None),
        }
    }

    /// How results are written.
    pub fn output(&self) -> Output {
        self.settings.output
    }

    /// Whether tools may colour what they write to stderr.
    pub fn colours_stderr(&self) -> bool {
        self.err_colour
    }

    /// Whether a person can be asked.
    pub fn asks(&self) -> bool {
        self.settings.questions == Questions::Ask
    }

    /// Whether every step is told.
    fn is_verbose(&self) -> bool {
        self.settings.level >= Level::Verbose
    }

    /// Whether stdout is a terminal.
    pub fn is_terminal(&self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// Writes a line of the result.
    ///
    /// # Errors
    /// stdout cannot be written to, or nobody reads it any more.
    pub fn line(&self, text: &str) -> Result<(), CliError> {
        let mut out = std::io::stdout().lock();
        written(
            out.write_all(text.as_bytes())
                .and_then(|()| out.write_all(b"\n"))
                .and_then(|()| out.flush()),
        )
    }

    /// Writes several lines of the result at once.
    ///
    /// # Errors
    /// As [`Ui::line`].
    pub fn text(&self, text: &str) -> Result<(), CliError> {
        let mut out = std::io::stdout().lock();
        written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// Writes the result as JSON: indented, except where every line is a value.
    ///
    /// # Errors
    /// As [`Ui::line`].
    pub fn json(&self, value: &impl Serialize) -> Result<(), CliError> {
        let text = match self.settings.output {
            Output::Json => serde_json::to_string_pretty(value),
            Output::Text | Output::Ndjson | Output::Csv => serde_json::to_string(value),
        };
        self.line(&text.map_err(|error| CliError::failed("json", error.to_string()))?)
    }

    /// Writes an event of a stream: its schema, its number, its time, then its own members.
    ///
    /// # Errors
    /// As [`Ui::line`].
    pub fn event(&self, schema: &str, event: &impl Serialize) -> Result<(), CliError> {
        let seq = self.next_seq();
        let mut object = json!({"schema": schema, "seq": seq, "ts": Timestamp::now().to_string()});
        let event = serde_json::to_value(event)
            .map_err(|error| CliError::failed("json", error.to_string()))?;
        if let (Value::Object(object), Value::Object(event)) = (&mut object, event) {
            object.extend(event);
        }
        self.line(&object.to_string())
    }

    /// The number of the next event of a stream.
    fn next_seq(&self) -> u64 {
        self.seq.set(self.seq.get() + 1);
        self.seq.get()
    }

    /// Waits until nobody reads stdout any more, so that an endless command ends with its reader
    /// and not only at its next line.
    pub async fn reader_gone(&self) {
        const EVERY: Duration = Duration::from_millis(200);
        let (out, at_once) = (std::io::stdout(), Timespec::default());
        loop {
            // Nothing is asked for: errors and hang-ups are told anyway.
            let mut asked = [PollFd::new(&out, PollFlags::empty())];
            if poll(&mut asked, Some(&at_once)).is_ok() && !asked[0].revents().is_empty() {
                return;
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Says something on stderr, unless quiet.
    pub fn note(&self, text: &str) {
        if self.settings.level >= Level::Normal {
            self.say(text);
        }
    }

    /// Says something on stderr that only `-v` wants to know.
    pub fn detail(&self, text: &str) {
        if self.settings.level >= Level::Verbose {
            self.say(text);
        }
    }

    /// Says on stderr that something may be wrong.
    pub fn warn(&self, text: &str) {
        let mark = self.paint_err("warning:", AnsiColor::Yellow.on_default().bold());
        self.note(&format!("{mark} {text}"));
    }

    fn say(&self, text: &str) {
        match &*self.spinner.borrow() {
            Some(spinner) => spinner.above(text),
            // Nobody can be told that stderr is gone.
            None => drop(writeln!(std::io::stderr(), "{text}")),
        }
    }

    /// Text for stdout in a style, where colours are on.
    pub fn paint(&self, text: &str, style: Style) -> String {
        painted(text, style, self.out_colour)
    }

    /// Text for stdout that tells of something good.
    pub fn good(&self, text: &str) -> String {
        self.paint(text, AnsiColor::Green.on_default())
    }

    /// Text for stdout that tells of something bad.
    pub fn bad(&self, text: &str) -> String {
        self.paint(text, AnsiColor::Red.on_default().bold())
    }

    /// Text for stderr in a style, where colours are on.
    fn paint_err(&self, text: &str, style: Style) -> String {
        painted(text, style, self.err_colour)
    }
}

fn painted(text: &str, style: Style, on: bool) -> String {
    if on { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

fn written(result: std::io::Result<()>) -> Result<(), CliError> {
    result.map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => {
            CliError::new(Kind::ClosedPipe, "closed-pipe", "nobody reads the output")
        }
        _ => CliError::failed("stdout", format!("stdout: {error}")),
    })
}
