//! What a person is asked. Every question has a flag, and none is asked without a terminal.

use std::io::{BufRead, ErrorKind, IsTerminal};

use dialoguer::{Confirm, Input, Select};

use super::{Questions, Ui};
use crate::error::{CliError, Kind};

impl Ui {
    /// Asks before something that cannot be undone.
    ///
    /// # Errors
    /// Nobody is there to answer and `--yes` was not given, or the terminal fails.
    pub fn confirm(&self, question: &str) -> Result<(), CliError> {
        let refused = |message: &str| Err(CliError::new(Kind::Confirmation, "declined", message));
        match self.settings.questions {
            Questions::Yes => Ok(()),
            Questions::Never => {
                refused("this needs a confirmation, and there is no terminal to ask on")
                    .map_err(|error: CliError| error.hint("say it beforehand: --yes"))
            }
            Questions::Ask => {
                let asked = Confirm::new().with_prompt(question).default(false).interact_opt();
                match asked {
                    Ok(Some(true)) => Ok(()),
                    Ok(Some(false) | None) => refused("declined; nothing was changed"),
                    Err(dialoguer::Error::IO(error)) if error.kind() == ErrorKind::Interrupted => {
                        Err(CliError::interrupted())
                    }
                    Err(error) => Err(CliError::failed("terminal", error.to_string())),
                }
            }
        }
    }

    /// Asks for a text that a check accepts; the default is what the return key means.
    ///
    /// # Errors
    /// The person gave up, or the terminal fails.
    pub fn ask(
        &self,
        question: &str,
        default: &str,
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<String, CliError> {
        let input = Input::<String>::new().with_prompt(question).allow_empty(default.is_empty());
        let input = if default.is_empty() { input } else { input.default(default.to_owned()) };
        let asked = input.validate_with(|text: &String| check(text)).interact_text();
        asked.map_err(given_up)
    }

    /// Asks for one of several; the first is what the return key means.
    ///
    /// # Errors
    /// As [`Ui::ask`].
    pub fn choose(&self, question: &str, offered: &[&str]) -> Result<usize, CliError> {
        Select::new().with_prompt(question).items(offered).default(0).interact().map_err(given_up)
    }

    /// Asks for yes or no.
    ///
    /// # Errors
    /// As [`Ui::ask`].
    pub fn agree(&self, question: &str, default: bool) -> Result<bool, CliError> {
        Confirm::new().with_prompt(question).default(default).interact().map_err(given_up)
    }
}

/// What becomes of an operation that goes on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onward {
    /// It goes on, and nobody watches.
    Detach,
    /// It is cancelled.
    Cancel,
    /// It is watched on.
    Wait,
}

impl Ui {
    /// Whether a person sits there, even if ordinary questions are answered yes.
    pub fn is_attended(&self) -> bool {
        self.settings.questions != Questions::Never && !self.plain && std::io::stdin().is_terminal()
    }

    /// Asks what becomes of an operation while it goes on. A whole line is read, so that the terminal
    /// stays as it is and Ctrl-C stays a signal.
    pub async fn onward(&self, what: &str) -> Onward {
        self.rest();
        self.say(&format!("{what} goes on by itself. [d]etach, [c]ancel, or [w]ait? [w]"));
        let (answer, answered) = tokio::sync::oneshot::channel();
        // A thread of its own that nobody waits for: a read that is never answered ends with the
        // process.
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            let _ = answer.send(read.map(|bytes| (bytes > 0).then_some(line)));
        });
        match answered.await {
            Ok(Ok(Some(line))) => onward(&line),
            // Nobody is there any more.
            Ok(Ok(None) | Err(_)) | Err(_) => Onward::Detach,
        }
    }
}

fn onward(line: &str) -> Onward {
    match line.trim().to_lowercase().as_str() {
        "d" | "detach" => Onward::Detach,
        "c" | "cancel" => Onward::Cancel,
        _ => Onward::Wait,
    }
}

fn given_up(error: dialoguer::Error) -> CliError {
    match error {
        dialoguer::Error::IO(error) if error.kind() == ErrorKind::Interrupted => {
            CliError::interrupted()
        }
        error => CliError::failed("terminal", error.to_string()),
    }
}
