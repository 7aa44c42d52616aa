//! Filter patterns, as CloudWatch Logs documents them: terms, or a condition on JSON.
//!
//! Terms: `word`, `"a phrase"`, `-excluded`, `?one ?or ?more`. JSON: `{ $.field = "x*" && ($.n > 3 ||
//! $.gone NOT EXISTS) }`. Regular expressions and space-delimited patterns are refused.

mod condition;
mod json;
mod terms;
#[cfg(test)]
mod tests;

use condition::Condition;
use terms::Terms;

/// Why a pattern is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid filter pattern: {0}")]
pub struct PatternError(pub String);

/// The longest pattern, in characters.
const LONGEST: usize = 1024;

/// What messages must look like.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// Terms in plain text.
    Terms(Terms),
    /// A condition on a message that is a JSON object.
    Json(Condition),
}

impl Pattern {
    /// Reads a pattern; an empty one matches everything.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.chars().count() > LONGEST {
            return Err(PatternError(format!("it is longer than {LONGEST} characters")));
        }
        let text = text.trim();
        match text.chars().next() {
            Some('{') => json::parse(text).map(Self::Json),
            Some('[') => {
                Err(PatternError("space-delimited patterns are not supported here".into()))
            }
            Some('%') => Err(PatternError("regular expressions are not supported here".into())),
            _ => terms::parse(text).map(Self::Terms),
        }
    }

    /// Whether the message matches.
    pub fn matches(&self, message: &str) -> bool {
        match self {
            Self::Terms(terms) => terms.matches(message),
            Self::Json(condition) => {
                // Anything else than an object need not be parsed to be refused.
                message.trim_start().starts_with('{')
                    && serde_json::from_str(message).is_ok_and(|value| condition.holds(&value))
            }
        }
    }
}
