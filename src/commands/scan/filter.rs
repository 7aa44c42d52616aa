//! `--filter` in plain words, as DynamoDB's filter expression. Pure.
//!
//! `userId = Alice`, `size >= 3`, `begins_with(entry, MEMBER#)`, `attribute_exists(x)`,
//! `time between 1 and 2`, `status in (a, b)`, `size(message) > 100`, joined by `and`, `or`, `not` and
//! parentheses: all that DynamoDB's own expressions can say. A bare word that reads as a number, `true`, `false` or `null` is one; quotes make it a text.

use serde_json::{Number, Value};

use crate::aws::Condition;

/// How deep conditions may be nested; nobody writes more, and each takes room on the stack.
const DEPTH: usize = 50;

/// Functions of an attribute and a value, and of an attribute alone.
const OF_VALUE: [&str; 3] = ["begins_with", "contains", "attribute_type"];
const OF_ATTRIBUTE: [&str; 2] = ["attribute_exists", "attribute_not_exists"];

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Symbol(&'static str),
}

impl Token {
    fn shown(&self) -> String {
        match self {
            Self::Word(text) | Self::Quoted(text) => format!("`{text}`"),
            Self::Symbol(text) => format!("`{text}`"),
        }
    }
}

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Condition, String> {
    let mut parser =
        Parser { tokens: tokens(text)?, at: 0, depth: 0, condition: Condition::default() };
    let expression = parser.any()?;
    if let Some(extra) = parser.tokens.get(parser.at) {
        let extra = extra.shown();
        return Err(format!(
            "{extra} is not expected there; join conditions by `and` or `or`, and quote a value with spaces"
        ));
    }
    Ok(Condition { expression, ..parser.condition })
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    const SYMBOLS: [&str; 11] = ["<=", ">=", "<>", "!=", "==", "=", "<", ">", "(", ")", ","];
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            tokens.push(Token::Symbol(symbol));
            rest = &rest[symbol.len()..];
        } else if first == '"' || first == '\'' {
            let (quoted, after) = rest[1..].split_once(first).ok_or("a quote is not closed")?;
            tokens.push(Token::Quoted(quoted.to_owned()));
            rest = after;
        } else {
            let is_end = |c: char| c.is_whitespace() || "<>=!(),\"'".contains(c);
            let end = rest.find(is_end).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("`{first}` is not expected"));
            }
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    /// How many parentheses and `not`s are open.
    depth: usize,
    condition: Condition,
}

impl Parser {
    fn any(&mut self) -> Result<String, String> {
        let mut left = self.every()?;
        while self.takes_word("or") {
            left = format!("{left} OR {}", self.every()?);
        }
        Ok(left)
    }

    fn every(&mut self) -> Result<String, String> {
        let mut left = self.one()?;
        while self.takes_word("and") {
            left = format!("{left} AND {}", self.one()?);
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<String, String> {
        if self.takes_word("not") {
            return Ok(format!("NOT {}", self.nested(Self::one)?));
        }
        if self.takes_symbol("(") {
            let inner = self.nested(Self::any)?;
            self.must_take(")")?;
            return Ok(format!("({inner})"));
        }
        let word = self.word("an attribute")?;
        let lower = word.to_ascii_lowercase();
        if OF_VALUE.contains(&lower.as_str()) && self.takes_symbol("(") {
            let path = self.attribute()?;
            self.must_take(",")?;
            let value = self.value()?;
            self.must_take(")")?;
            return Ok(format!("{lower}({path}, {value})"));
        }
        if OF_ATTRIBUTE.contains(&lower.as_str()) && self.takes_symbol("(") {
            let path = self.attribute()?;
            self.must_take(")")?;
            return Ok(format!("{lower}({path})"));
        }
        if lower == "size" && self.takes_symbol("(") {
            let path = self.attribute()?;
            self.must_take(")")?;
            return self.comparison(&format!("size({path})"));
        }
        let path = self.path(&word);
        self.comparison(&path)
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<String, String>) -> Result<String, String> {
        if self.depth == DEPTH {
            return Err(format!("conditions are nested more than {DEPTH} deep"));
        }
        self.depth += 1;
        let inner = read(self);
        self.depth -= 1;
        inner
    }

    fn comparison(&mut self, path: &str) -> Result<String, String> {
        if self.takes_word("between") {
            let low = self.value()?;
            if !self.takes_word("and") {
                return Err("`between` needs two values: `between 1 and 2`".to_owned());
            }
            return Ok(format!("{path} BETWEEN {low} AND {}", self.value()?));
        }
        if self.takes_word("in") {
            self.must_take("(")?;
            let mut values = vec![self.value()?];
            while self.takes_symbol(",") {
                values.push(self.value()?);
            }
            self.must_take(")")?;
            return Ok(format!("{path} IN ({})", values.join(", ")));
        }
        for (written, meant) in [
            ("=", "="),
            ("==", "="),
            ("!=", "<>"),
            ("<>", "<>"),
            ("<=", "<="),
            (">=", ">="),
            ("<", "<"),
            (">", ">"),
        ] {
            if self.takes_symbol(written) {
                return Ok(format!("{path} {meant} {}", self.value()?));
            }
        }
        Err(format!("a comparison is missing {}: write `attribute = value`", self.place()))
    }

    fn attribute(&mut self) -> Result<String, String> {
        let word = self.word("an attribute")?;
        Ok(self.path(&word))
    }

    /// Placeholders for the parts of a path: names may be DynamoDB's reserved words.
    fn path(&mut self, word: &str) -> String {
        let parts = word.split('.').map(|part| {
            let names = &mut self.condition.names;
            let known = names
                .iter()
                .find(|(_, name)| *name == part)
                .map(|(placeholder, _)| placeholder.clone());
            known.unwrap_or_else(|| {
                let placeholder = format!("#n{}", names.len());
                names.insert(placeholder.clone(), part.to_owned());
                placeholder
            })
        });
        parts.collect::<Vec<_>>().join(".")
    }

    fn value(&mut self) -> Result<String, String> {
        let value = match self.next() {
            Some(Token::Quoted(text)) => Value::String(text),
            Some(Token::Word(text)) => bare(text),
            _ => {
                self.at = self.at.saturating_sub(1);
                return Err(format!("a value is missing {}", self.place()));
            }
        };
        let placeholder = format!(":v{}", self.condition.values.len());
        self.condition.values.insert(placeholder.clone(), value);
        Ok(placeholder)
    }

    fn word(&mut self, what: &str) -> Result<String, String> {
        match self.tokens.get(self.at) {
            Some(Token::Word(text) | Token::Quoted(text)) => {
                self.at += 1;
                Ok(text.clone())
            }
            _ => Err(format!("{what} is missing {}", self.place())),
        }
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let takes = matches!(self.tokens.get(self.at), Some(Token::Word(text)) if text.eq_ignore_ascii_case(word));
        self.at += usize::from(takes);
        takes
    }

    fn takes_symbol(&mut self, symbol: &str) -> bool {
        let takes =
            matches!(self.tokens.get(self.at), Some(Token::Symbol(text)) if *text == symbol);
        self.at += usize::from(takes);
        takes
    }

    fn must_take(&mut self, symbol: &str) -> Result<(), String> {
        if self.takes_symbol(symbol) {
            Ok(())
        } else {
            Err(format!("`{symbol}` is missing {}", self.place()))
        }
    }

    fn place(&self) -> String {
        self.tokens
            .get(self.at)
            .map_or_else(|| "at the end".to_owned(), |token| format!("before {}", token.shown()))
    }
}

fn bare(text: String) -> Value {
    match text.as_str() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        _ => match text.parse::<Number>() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::String(text),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> (String, Vec<String>, Vec<Value>) {
        let condition = parse(text).unwrap();
        let names =
            (0..condition.names.len()).map(|at| condition.names[&format!("#n{at}")].clone());
        let values =
            (0..condition.values.len()).map(|at| condition.values[&format!(":v{at}")].clone());
        (condition.expression.clone(), names.collect(), values.collect())
    }

    #[test]
    fn plain_words_become_an_expression() {
        let (expression, names, values) = read("userId = Alice");
        assert_eq!(expression, "#n0 = :v0");
        assert_eq!((names, values), (vec!["userId".to_owned()], vec![json!("Alice")]));
        let (expression, names, values) =
            read("begins_with(entry, MEMBER#) and (size >= 3 or not isAdmin == true)");
        assert_eq!(expression, "begins_with(#n0, :v0) AND (#n1 >= :v1 OR NOT #n2 = :v2)");
        assert_eq!(names, ["entry", "size", "isAdmin"]);
        assert_eq!(values, [json!("MEMBER#"), json!(3), json!(true)]);
    }

    #[test]
    fn one_name_has_one_placeholder_and_paths_have_several() {
        let (expression, names, _) = read("a.b = 1 and a != 2");
        assert_eq!(expression, "#n0.#n1 = :v0 AND #n0 <> :v1");
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn quotes_make_a_text_and_words_in_lists_do_too() {
        assert_eq!(read("x = '42'").2, [json!("42")]);
        assert_eq!(read("x='two words'").2, [json!("two words")]);
        let (expression, _, values) = read("status in (a, 'b c') and at between 1 and 2.5");
        assert_eq!(expression, "#n0 IN (:v0, :v1) AND #n1 BETWEEN :v2 AND :v3");
        assert_eq!(values, [json!("a"), json!("b c"), json!(1), json!(2.5)]);
        assert_eq!(read("attribute_not_exists(x)").0, "attribute_not_exists(#n0)");
        assert_eq!(read("size(x) > 3 and size = 1").0, "size(#n0) > :v0 AND #n1 = :v1");
        assert_eq!(read("attribute_type(x, S)").0, "attribute_type(#n0, :v0)");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let cases = [
            ("", "an attribute is missing at the end"),
            ("userId", "a comparison is missing at the end"),
            ("userId =", "a value is missing at the end"),
            ("userId = Alice Bob", "`Bob` is not expected there"),
            ("(a = 1", "`)` is missing at the end"),
            ("a = 'b", "a quote is not closed"),
            ("a between 1", "`between` needs two values"),
            ("begins_with(a b)", "`,` is missing before `b`"),
        ];
        for (text, said) in cases {
            let error = parse(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |depth: usize| format!("{}a = 1{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&nested(DEPTH)).is_ok());
        for text in [nested(60_000), format!("{}a = 1", "not ".repeat(60_000))] {
            assert!(parse(&text).unwrap_err().contains("50 deep"));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            let _ = parse(&text);
        }
    }
}
