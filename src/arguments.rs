//! Reads the command line: what the environment leaves empty is not set, and what is wrong is told in
//! the form that was asked for.

use std::process::ExitCode;

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{Command, CommandFactory, FromArgMatches, ValueEnum};

use crate::error::CliError;
use crate::ui::{Colour, Level, Output, Questions, Settings, Ui};

/// Empty, it takes a profile away that `chatctl.yaml` names.
const MEANT_EMPTY: &str = "CHATCTL_PROFILE";

/// The command line, or the end of a program that was asked for help or could not be understood.
pub fn read<C: CommandFactory + FromArgMatches>() -> Result<C, ExitCode> {
    let matches = without_empty(C::command()).try_get_matches();
    matches.and_then(|matches| C::from_arg_matches(&matches)).map_err(|error| tell(&error))
}

/// Templates of pipelines set variables to nothing; that is no value.
fn without_empty(command: Command) -> Command {
    let is_empty = |name: &std::ffi::OsStr| {
        name != MEANT_EMPTY && std::env::var_os(name).is_some_and(|value| value.is_empty())
    };
    let command = command.mut_args(|argument| match argument.get_env() {
        Some(name) if is_empty(name) => argument.env(Resettable::Reset),
        _ => argument,
    });
    command.mut_subcommands(without_empty)
}

fn tell(error: &clap::Error) -> ExitCode {
    match wanted_output() {
        Some(output @ (Output::Json | Output::Ndjson)) if error.use_stderr() => {
            let settings = Settings {
                output,
                colour: Colour::Never,
                level: Level::Normal,
                questions: Questions::Never,
            };
            Ui::new(settings).report(&usage(error));
        }
        // Help and version are results; their reader may go away.
        _ => drop(error.print()),
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// The output that was asked for, as far as an unreadable command line tells.
fn wanted_output() -> Option<Output> {
    let given: Vec<String> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let after = |(at, argument): (usize, &String)| match argument.strip_prefix("--output") {
        Some("") => given.get(at + 1).cloned(),
        Some(rest) => rest.strip_prefix('=').map(str::to_owned),
        None => None,
    };
    let flag = given.iter().enumerate().filter_map(after).next_back();
    let value = flag.or_else(|| std::env::var("CHATCTL_OUTPUT").ok())?;
    Output::from_str(&value, true).ok()
}

/// The parser's text as an error: its sentence, its tips, the usage.
fn usage(error: &clap::Error) -> CliError {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return CliError::usage("a command is missing").hint("`chatctl --help` lists them");
    }
    let text = error.render().to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let message = lines.next().unwrap_or_default();
    let mut told = CliError::usage(message.trim_start_matches("error: "));
    for line in lines {
        match line.strip_prefix("tip: ") {
            Some(tip) => told.hints.push(tip.to_owned()),
            None => told.details.push(line.to_owned()),
        }
    }
    told
}
