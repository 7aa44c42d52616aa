//! Patterns of terms: what a message must contain and what it must not, letter by letter.

use super::PatternError;

/// The terms of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    required: Vec<String>,
    excluded: Vec<String>,
    /// One of these suffices. AWS ignores them beside terms of the other kinds.
    optional: Vec<String>,
}

impl Terms {
    /// Whether the message has what it must and nothing that it must not.
    pub fn matches(&self, message: &str) -> bool {
        let has = |term: &String| message.contains(term.as_str());
        if self.required.is_empty() && self.excluded.is_empty() {
            return self.optional.is_empty() || self.optional.iter().any(has);
        }
        self.required.iter().all(has) && !self.excluded.iter().any(has)
    }
}

/// Reads the terms of a pattern.
pub fn parse(text: &str) -> Result<Terms, PatternError> {
    let mut terms = Terms::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (list, after) = if let Some(after) = rest.strip_prefix('-') {
            (&mut terms.excluded, after)
        } else if let Some(after) = rest.strip_prefix('?') {
            (&mut terms.optional, after)
        } else {
            (&mut terms.required, rest)
        };
        let (term, after) = term(after)?;
        list.push(term);
        rest = after.trim_start();
    }
    Ok(terms)
}

fn term(text: &str) -> Result<(String, &str), PatternError> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (term, after) = phrase(quoted)?;
        if !after.is_empty() && !after.starts_with(char::is_whitespace) {
            return Err(PatternError(format!("a space is missing after \"{term}\"")));
        }
        return Ok((term, after));
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    if word.is_empty() {
        return Err(PatternError("a term is missing after `-` or `?`".into()));
    }
    if let Some(odd) = word.chars().find(|c| !c.is_alphanumeric() && *c != '_') {
        return Err(PatternError(format!(
            "`{word}` contains `{odd}`; put it in double quotation marks"
        )));
    }
    Ok((word.to_owned(), after))
}

/// Reads up to the closing quotation mark; a backslash takes the next character as it is.
pub fn phrase(text: &str) -> Result<(String, &str), PatternError> {
    let mut phrase = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if phrase.is_empty() => return Err(PatternError("a quoted term is empty".into())),
            '"' => return Ok((phrase, &text[at + 1..])),
            '\\' => phrase.extend(chars.next().map(|(_, escaped)| escaped)),
            other => phrase.push(other),
        }
    }
    Err(PatternError("a quotation mark is not closed".into()))
}
