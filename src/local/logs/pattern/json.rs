//! Reads conditions on JSON: `{ $.a.b[0] = "x*" && ($.n >= 3 || $.c IS NULL) }`.

use serde_json::Value;

use super::PatternError;
use super::condition::{Condition, Relation, Step, Test};
use super::terms::phrase;

/// Parentheses may be nested so deep; a pattern has at most 1,024 characters, and the stack of a
/// thread must bear whatever they are.
const DEEPEST: usize = 64;

/// Reads a pattern that starts with a brace.
pub fn parse(text: &str) -> Result<Condition, PatternError> {
    let mut reader = Reader { rest: text, depth: 0 };
    reader.expect("{")?;
    let condition = reader.any_of()?;
    reader.expect("}")?;
    if reader.rest.trim_start().is_empty() {
        return Ok(condition);
    }
    Err(reader.unexpected("the end"))
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn unexpected(&self, wanted: &str) -> PatternError {
        let found: String = self.rest.trim_start().chars().take(20).collect();
        PatternError(format!("{wanted} was expected at `{found}`"))
    }

    fn take(&mut self, token: &str) -> bool {
        let Some(after) = self.rest.trim_start().strip_prefix(token) else { return false };
        self.rest = after;
        true
    }

    fn expect(&mut self, token: &str) -> Result<(), PatternError> {
        if self.take(token) { Ok(()) } else { Err(self.unexpected(&format!("`{token}`"))) }
    }

    /// Takes words, in capitals or small letters, separated by space and ending at a boundary.
    fn take_words(&mut self, words: &[&str]) -> bool {
        let mut rest = self.rest;
        for word in words {
            rest = rest.trim_start();
            let Some(head) = rest.get(..word.len()) else { return false };
            let ends = rest[word.len()..].chars().next().is_none_or(|c| !c.is_alphanumeric());
            if !head.eq_ignore_ascii_case(word) || !ends {
                return false;
            }
            rest = &rest[word.len()..];
        }
        self.rest = rest;
        true
    }

    fn any_of(&mut self) -> Result<Condition, PatternError> {
        let mut left = self.all_of()?;
        while self.take("||") {
            left = Condition::Or(Box::new(left), Box::new(self.all_of()?));
        }
        Ok(left)
    }

    fn all_of(&mut self) -> Result<Condition, PatternError> {
        let mut left = self.one()?;
        while self.take("&&") {
            left = Condition::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Condition, PatternError> {
        if !self.take("(") {
            let path = self.path()?;
            return Ok(Condition::Test(path, self.test()?));
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(PatternError("parentheses are nested too deep".into()));
        }
        let inner = self.any_of()?;
        self.expect(")")?;
        self.depth -= 1;
        Ok(inner)
    }

    fn path(&mut self) -> Result<Vec<Step>, PatternError> {
        if !self.take("$") {
            return Err(self.unexpected("a selector such as `$.field`"));
        }
        let mut path = Vec::new();
        // A selector has no spaces in it: look at what follows as it is.
        loop {
            if let Some(after) = self.rest.strip_prefix(".[").or(self.rest.strip_prefix('[')) {
                self.rest = after;
                path.push(self.bracket()?);
            } else if let Some(after) = self.rest.strip_prefix('.') {
                self.rest = after;
                path.push(self.member()?);
            } else if path.is_empty() {
                return Err(self.unexpected("`.field`"));
            } else {
                return Ok(path);
            }
        }
    }

    fn member(&mut self) -> Result<Step, PatternError> {
        let odd = |c: char| !(c.is_alphanumeric() || "_-@:/".contains(c));
        let end = self.rest.find(odd).unwrap_or(self.rest.len());
        if end == 0 {
            return Err(self.unexpected("a member's name"));
        }
        let (name, after) = self.rest.split_at(end);
        self.rest = after;
        Ok(Step::Member(name.to_owned()))
    }

    /// What is between brackets: a quoted member's name, an index, or `*`.
    fn bracket(&mut self) -> Result<Step, PatternError> {
        let step = if let Some(quoted) = self.rest.strip_prefix('\'') {
            let (name, after) =
                quoted.split_once('\'').ok_or_else(|| self.unexpected("a closing `'`"))?;
            self.rest = after;
            Step::Member(name.to_owned())
        } else if let Some(quoted) = self.rest.strip_prefix('"') {
            let (name, after) = phrase(quoted)?;
            self.rest = after;
            Step::Member(name)
        } else if self.take("*") {
            Step::AnyElement
        } else {
            let end = self.rest.find(']').unwrap_or(self.rest.len());
            let index = self.rest[..end].trim().parse();
            let index = index.map_err(|_| self.unexpected("an index"))?;
            self.rest = &self.rest[end..];
            Step::Element(index)
        };
        self.expect("]")?;
        Ok(step)
    }

    fn test(&mut self) -> Result<Test, PatternError> {
        if self.take_words(&["NOT", "EXISTS"]) {
            return Ok(Test::NotExists);
        }
        for (word, value) in
            [("TRUE", Value::Bool(true)), ("FALSE", Value::Bool(false)), ("NULL", Value::Null)]
        {
            if self.take_words(&["IS", word]) {
                return Ok(Test::Is(value));
            }
        }
        let relation = self.relation()?;
        self.rest = self.rest.trim_start();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (pattern, after) = phrase(quoted)?;
            self.rest = after;
            return self.text(relation, pattern);
        }
        let value = self.bare()?;
        match value.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Test::Number(relation, number)),
            _ => self.text(relation, value.to_owned()),
        }
    }

    fn relation(&mut self) -> Result<Relation, PatternError> {
        let relations = [
            ("!=", Relation::NotEqual),
            ("<=", Relation::AtMost),
            (">=", Relation::AtLeast),
            ("=", Relation::Equal),
            ("<", Relation::Less),
            (">", Relation::Greater),
        ];
        let found = relations.into_iter().find(|(token, _)| self.take(token));
        found.map(|(_, relation)| relation).ok_or_else(|| self.unexpected("a comparison"))
    }

    fn text(&self, relation: Relation, pattern: String) -> Result<Test, PatternError> {
        match relation {
            Relation::Equal => Ok(Test::Text { equal: true, pattern }),
            Relation::NotEqual => Ok(Test::Text { equal: false, pattern }),
            _ => Err(PatternError(format!("`{pattern}` is no number to compare with"))),
        }
    }

    /// A value without quotation marks: letters, digits and what numbers, addresses and wildcards
    /// are made of.
    fn bare(&mut self) -> Result<&'a str, PatternError> {
        let odd = |c: char| !(c.is_alphanumeric() || "_-+.*:/@#".contains(c));
        let end = self.rest.find(odd).unwrap_or(self.rest.len());
        if end == 0 {
            return Err(self.unexpected("a value"));
        }
        let (value, after) = self.rest.split_at(end);
        self.rest = after;
        Ok(value)
    }
}
