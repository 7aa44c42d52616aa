//! Reads a policy document that a caller wrote: IAM's grammar, as far as it is enforced here.
//!
//! What cannot be enforced is refused, so that nobody takes a document for narrower than it is.

use serde_json::{Map, Value};

use crate::stack::{Effect, Statement};

/// The document of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPolicy {
    pub(super) statements: Vec<SessionStatement>,
}

/// One statement, and on which resources alone it applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SessionStatement {
    pub(super) statement: Statement,
    pub(super) conditions: Vec<TagCondition>,
}

/// Whether a resource has a tag: IAM's `Null` on `aws:ResourceTag/KEY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TagCondition {
    pub(super) key: String,
    pub(super) is_absent: bool,
}

/// The text is no document that can be enforced here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(String);

fn malformed<T>(message: impl Into<String>) -> Result<T, Malformed> {
    Err(Malformed(message.into()))
}

/// Reads an identity-based document, such as a session's.
///
/// # Errors
/// It is not JSON, not a policy, or has elements that are not enforced here.
pub fn parse(text: &str) -> Result<SessionPolicy, Malformed> {
    let Ok(Value::Object(document)) = serde_json::from_str(text) else {
        return malformed("This policy contains invalid Json");
    };
    if let Some(other) = unknown(&document, &["Version", "Id", "Statement"]) {
        return malformed(format!("Syntax errors in policy: unknown element {other}."));
    }
    match document.get("Version").map(Value::as_str) {
        None | Some(Some("2012-10-17" | "2008-10-17")) => {}
        Some(_) => return malformed("The policy must contain a valid version string"),
    }
    let statements = match document.get("Statement") {
        Some(Value::Array(many)) => many.iter().map(statement).collect::<Result<Vec<_>, _>>()?,
        Some(one @ Value::Object(_)) => vec![statement(one)?],
        _ => return malformed("Syntax errors in policy: it has no Statement."),
    };
    Ok(SessionPolicy { statements })
}

fn statement(value: &Value) -> Result<SessionStatement, Malformed> {
    let Value::Object(fields) = value else {
        return malformed("Syntax errors in policy: a statement must be an object.");
    };
    if fields.contains_key("Principal") || fields.contains_key("NotPrincipal") {
        return malformed("Policy document should not specify a principal.");
    }
    if let Some(other) = unknown(fields, &["Sid", "Effect", "Action", "Resource", "Condition"]) {
        return malformed(format!(
            "The stage `local` does not enforce {other} in a statement; write it without."
        ));
    }
    let effect = match fields.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return malformed("Syntax errors in policy: Effect must be Allow or Deny."),
    };
    let action = texts(fields, "Action")?;
    if let Some(wrong) = action.iter().find(|action| *action != "*" && !action.contains(':')) {
        return malformed(format!(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: {wrong}"
        ));
    }
    let resource = texts(fields, "Resource")?;
    if let Some(wrong) = resource.iter().find(|one| *one != "*" && !one.starts_with("arn:")) {
        return malformed(format!("Resource {wrong} must be in ARN format or \"*\"."));
    }
    let sid = fields.get("Sid").and_then(Value::as_str).unwrap_or_default().to_owned();
    let conditions = fields.get("Condition").map(conditions).transpose()?.unwrap_or_default();
    let statement = Statement { sid, effect, action, resource, reason: String::new() };
    Ok(SessionStatement { statement, conditions })
}

/// Conditions on a resource's tags; all of them must be met.
fn conditions(value: &Value) -> Result<Vec<TagCondition>, Malformed> {
    let unenforced = |what: &str| {
        malformed(format!(
            "The stage `local` does not enforce the condition {what}; it knows Null on \
             aws:ResourceTag/KEY."
        ))
    };
    let Value::Object(operators) = value else {
        return malformed("Syntax errors in policy: Condition must be an object.");
    };
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let Value::Object(keys) = keys else { return unenforced(operator) };
        for (key, wanted) in keys {
            let tag = key.strip_prefix("aws:ResourceTag/").filter(|_| operator == "Null");
            let is_absent = match wanted {
                Value::Bool(wanted) => Some(*wanted),
                Value::String(wanted) => wanted.parse().ok(),
                _ => None,
            };
            let (Some(tag), Some(is_absent)) = (tag, is_absent) else {
                return unenforced(&format!("{operator} on {key}"));
            };
            conditions.push(TagCondition { key: tag.to_owned(), is_absent });
        }
    }
    Ok(conditions)
}

fn unknown<'a>(fields: &'a Map<String, Value>, known: &[&str]) -> Option<&'a String> {
    fields.keys().find(|name| !known.contains(&name.as_str()))
}

/// A text, or a list of them that is not empty.
fn texts(fields: &Map<String, Value>, name: &str) -> Result<Vec<String>, Malformed> {
    let texts: Option<Vec<String>> = match fields.get(name) {
        Some(Value::String(one)) => Some(vec![one.clone()]),
        Some(Value::Array(many)) => many.iter().map(|it| it.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    match texts {
        Some(texts) if !texts.is_empty() => Ok(texts),
        _ => malformed(format!("Syntax errors in policy: a statement must have {name}.")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_reads_in_either_of_its_spellings() {
        let long = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["kinesisvideo:ConnectAsViewer"], "Resource": ["*"]}]});
        let short = json!({"Statement":
            {"Effect": "Allow", "Action": "kinesisvideo:ConnectAsViewer", "Resource": "*"}});
        assert_eq!(parse(&long.to_string()), parse(&short.to_string()));
        let read = parse(&short.to_string()).unwrap();
        assert_eq!(read.statements[0].statement.resource, ["*"]);
    }

    #[test]
    fn what_is_no_document_or_not_enforced_is_refused() {
        let allow = |extra: Value| {
            let mut statement = json!({"Effect": "Allow", "Action": "a:b", "Resource": "*"});
            statement.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            json!({"Statement": statement}).to_string()
        };
        let wrong = [
            ("{".to_owned(), "invalid Json"),
            ("[]".to_owned(), "invalid Json"),
            ("{}".to_owned(), "no Statement"),
            (json!({"Version": "2020-01-01", "Statement": []}).to_string(), "version"),
            (allow(json!({"Effect": "Maybe"})), "Effect"),
            (allow(json!({"Action": "everything"})), "vendor"),
            (allow(json!({"Action": []})), "Action"),
            (allow(json!({"Resource": "channel/x"})), "ARN"),
            (allow(json!({"Principal": "*"})), "principal"),
            (allow(json!({"Condition": []})), "must be an object"),
            (allow(json!({"Condition": {"Bool": {"aws:SecureTransport": "true"}}})), "Bool on"),
            (allow(json!({"Condition": {"Null": {"aws:SourceIp": "true"}}})), "aws:SourceIp"),
            (allow(json!({"Condition": {"Null": {"aws:ResourceTag/a": "x"}}})), "not enforce"),
            (allow(json!({"NotAction": "a:c"})), "does not enforce NotAction"),
        ];
        for (text, word) in wrong {
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
