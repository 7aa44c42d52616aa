//! A parser's complaint in the words of somebody who wants to help.

use super::ConfigError;
use super::nearest::nearest;

/// The error of a file that is no configuration.
pub(super) fn explain(error: &serde_yaml::Error) -> ConfigError {
    let message = error.to_string();
    // The position is shown by its own line and caret.
    let plain = message.rsplit_once(" at line ").map_or(message.as_str(), |(plain, _)| plain);
    let (message, hint) = match unknown_key(plain) {
        Some((message, hint)) => (message, Some(hint)),
        None => (plain.to_owned(), None),
    };
    let position = error.location().map(|at| (at.line(), at.column()));
    ConfigError { message, position, hint }
}

/// "stages.prod: unknown field `regoin`, expected one of `region`, `profile`" as a sentence about
/// a key and a hint of what was meant.
fn unknown_key(plain: &str) -> Option<(String, String)> {
    let (place, rest) = plain.split_once("unknown field `")?;
    let (key, expected) = rest.split_once('`')?;
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let all = format!("the keys here are {}", known.join(", "));
    let hint = match nearest(key, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`? {all}"),
        None => all,
    };
    Some((format!("{place}there is no key `{key}`"), hint))
}
