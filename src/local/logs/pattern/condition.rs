//! Conditions on JSON and how they hold.

use serde_json::Value;

/// A condition on a JSON object.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Both hold.
    And(Box<Condition>, Box<Condition>),
    /// One holds.
    Or(Box<Condition>, Box<Condition>),
    /// The value that the path leads to is as tested.
    Test(Vec<Step>, Test),
}

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into an object's member.
    Member(String),
    /// Into an array's element.
    Element(usize),
    /// Into any of an array's elements.
    AnyElement,
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// A string, or a number written so, that fits; `*` stands for any characters.
    Text { equal: bool, pattern: String },
    /// A number in this relation to another.
    Number(Relation, f64),
    /// `IS TRUE`, `IS FALSE`, `IS NULL`.
    Is(Value),
    /// `NOT EXISTS`.
    NotExists,
}

/// How numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Condition {
    /// Whether it holds for this object.
    pub fn holds(&self, root: &Value) -> bool {
        match self {
            Self::And(left, right) => left.holds(root) && right.holds(root),
            Self::Or(left, right) => left.holds(root) || right.holds(root),
            Self::Test(path, Test::NotExists) => !leads(root, path, &mut |_| true),
            Self::Test(path, test) => leads(root, path, &mut |value| test.passes(value)),
        }
    }
}

/// Whether the path leads to a value that is accepted.
fn leads(value: &Value, path: &[Step], accept: &mut dyn FnMut(&Value) -> bool) -> bool {
    let Some((step, rest)) = path.split_first() else { return accept(value) };
    match (step, value) {
        (Step::Member(name), Value::Object(members)) => {
            members.get(name).is_some_and(|member| leads(member, rest, accept))
        }
        (Step::Element(index), Value::Array(elements)) => {
            elements.get(*index).is_some_and(|element| leads(element, rest, accept))
        }
        (Step::AnyElement, Value::Array(elements)) => {
            elements.iter().any(|element| leads(element, rest, accept))
        }
        _ => false,
    }
}

impl Test {
    fn passes(&self, value: &Value) -> bool {
        match self {
            Self::Text { equal, pattern } => match value {
                Value::String(text) => fits(pattern, text) == *equal,
                Value::Number(number) => fits(pattern, &number.to_string()) == *equal,
                _ => false,
            },
            Self::Number(relation, wanted) => {
                value.as_f64().is_some_and(|number| relation.relates(number, *wanted))
            }
            Self::Is(wanted) => value == wanted,
            Self::NotExists => false,
        }
    }
}

impl Relation {
    fn relates(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

/// Whether the text fits a pattern in which `*` stands for any characters: the parts between the
/// stars occur in order, the first at the start and the last at the end.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    true
}
