//! What two templates differ in, by logical id and property.
//!
//! This is what somebody wrote differently; what AWS makes of it is the change set's to say.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::template::{Resource, Template};

/// A resource that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The resource's logical id.
    pub logical_id: String,
    /// Its type.
    pub kind: String,
    /// How it differs.
    pub how: How,
}

/// How a resource differs.
#[derive(Debug, Clone, PartialEq)]
pub enum How {
    /// Only the later template has it.
    Added,
    /// Only the earlier template has it.
    Removed,
    /// Both have it; these parts differ.
    Changed(Vec<Part>),
}

/// A part of a resource that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Where: property names joined by dots, such as `Environment.Variables.CHATCTL_STAGE`.
    pub path: String,
    /// What it was; none if it was not there.
    pub before: Option<Value>,
    /// What it becomes; none if it goes.
    pub after: Option<Value>,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, before, after } = self;
        match (before, after) {
            (Some(before), Some(after)) => write!(f, "{path}: {before} becomes {after}"),
            (None, Some(after)) => write!(f, "{path}: {after} is new"),
            (Some(before), None) => write!(f, "{path}: {before} goes"),
            (None, None) => f.write_str(path),
        }
    }
}

/// The resources that differ, by logical id.
pub fn diff(before: &Template, after: &Template) -> Vec<Difference> {
    let ids: BTreeSet<&String> = before.resources.keys().chain(after.resources.keys()).collect();
    ids.into_iter()
        .filter_map(|id| {
            let (old, new) = (before.resources.get(id), after.resources.get(id));
            let kind = new.or(old)?.kind.clone();
            let how = match (old, new) {
                (None, _) => How::Added,
                (_, None) => How::Removed,
                (Some(old), Some(new)) => How::Changed(parts(old, new)),
            };
            let same = matches!(&how, How::Changed(parts) if parts.is_empty());
            (!same).then(|| Difference { logical_id: id.clone(), kind, how })
        })
        .collect()
}

fn parts(before: &Resource, after: &Resource) -> Vec<Part> {
    let mut found = Vec::new();
    let text = |text: &Option<String>| text.clone().map(Value::String);
    let one = |text: &str| Some(Value::String(text.to_owned()));
    let attributes = [
        ("Type", one(&before.kind), one(&after.kind)),
        ("DeletionPolicy", text(&before.deletion_policy), text(&after.deletion_policy)),
        (
            "UpdateReplacePolicy",
            text(&before.update_replace_policy),
            text(&after.update_replace_policy),
        ),
    ];
    for (path, before, after) in attributes {
        if before != after {
            found.push(Part { path: path.to_owned(), before, after });
        }
    }
    compare(String::new(), Some(&before.properties), Some(&after.properties), &mut found);
    found
}

/// Goes down into maps; lists and everything else differ as a whole, because a place in a list has
/// no name.
fn compare(path: String, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Part>) {
    if before == after {
        return;
    }
    if let (Some(Value::Object(old)), Some(Value::Object(new))) = (before, after)
        && !is_function(old)
        && !is_function(new)
    {
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for key in keys {
            let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            compare(inner, old.get(key), new.get(key), found);
        }
        return;
    }
    found.push(Part { path, before: before.cloned(), after: after.cloned() });
}

/// `{"Ref": …}` and `{"Fn::…": …}` are values, not maps.
fn is_function(fields: &serde_json::Map<String, Value>) -> bool {
    fields.len() == 1 && fields.keys().all(|key| key == "Ref" || key.starts_with("Fn::"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(resources: Value) -> Template {
        Template::parse(&json!({"Resources": resources}).to_string()).unwrap()
    }

    fn function(memory: u32, name: Value) -> Value {
        let variables = json!({"STAGE": "prod", "NAME": name});
        json!({
            "Type": "AWS::Lambda::Function",
            "Properties": {"MemorySize": memory, "Environment": {"Variables": variables}},
        })
    }

    #[test]
    fn equal_templates_do_not_differ() {
        let one = template(json!({"F": function(128, json!("a"))}));
        assert_eq!(diff(&one, &one.clone()), []);
    }

    #[test]
    fn every_difference_has_its_place() {
        let before = template(json!({
            "F": function(128, json!({"Ref": "A"})),
            "Gone": {"Type": "AWS::SNS::Topic"},
        }));
        let after = template(json!({
            "F": function(256, json!({"Fn::Sub": "${A}"})),
            "New": {"Type": "AWS::SNS::Topic"},
        }));
        let found = diff(&before, &after);
        let ids: Vec<_> = found.iter().map(|one| one.logical_id.as_str()).collect();
        assert_eq!(ids, ["F", "Gone", "New"]);
        assert_eq!((&found[1].how, &found[2].how), (&How::Removed, &How::Added));
        let How::Changed(parts) = &found[0].how else { panic!("{found:?}") };
        let said: Vec<String> = parts.iter().map(Part::to_string).collect();
        assert_eq!(
            said,
            [
                r#"Environment.Variables.NAME: {"Ref":"A"} becomes {"Fn::Sub":"${A}"}"#,
                "MemorySize: 128 becomes 256",
            ]
        );
    }

    #[test]
    fn a_policy_is_a_part_too() {
        let bare = json!({"T": {"Type": "AWS::DynamoDB::Table"}});
        let kept = json!({"T": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain"}});
        let found = diff(&template(kept), &template(bare));
        let How::Changed(parts) = &found[0].how else { panic!("{found:?}") };
        assert_eq!(parts[0].to_string(), r#"DeletionPolicy: "Retain" goes"#);
    }
}
