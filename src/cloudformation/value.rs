//! CloudFormation's functions, written as the text in which they stand.

use serde_json::{Value, json};

/// A text in which `${Name}` and `${Name.Attribute}` stand for what only CloudFormation knows, as
/// the shortest function that says it.
pub(super) fn text(text: impl AsRef<str>) -> Value {
    let text = text.as_ref();
    match sole_variable(text) {
        Some(name) => match name.split_once('.') {
            Some((resource, attribute)) => json!({"Fn::GetAtt": [resource, attribute]}),
            None => json!({"Ref": name}),
        },
        None if text.contains("${") => json!({"Fn::Sub": text}),
        None => json!(text),
    }
}

/// The variable that is the whole text.
fn sole_variable(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    (!name.contains("${")).then_some(name)
}

/// The same value, every text in it as [`text`] says it.
pub(super) fn texts(value: Value) -> Value {
    match value {
        Value::String(one) => text(one),
        Value::Array(items) => items.into_iter().map(texts).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, inner)| (name, texts(inner))).collect()
        }
        other => other,
    }
}

/// A reference to a resource, parameter or pseudo parameter.
pub(super) fn reference(name: &str) -> Value {
    json!({"Ref": name})
}

/// An attribute of a resource.
pub(super) fn attribute(resource: &str, name: &str) -> Value {
    json!({"Fn::GetAtt": [resource, name]})
}

/// The letters and digits of a name, each word capitalised: what a logical id may be.
pub fn logical_id(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_the_shortest_function() {
        assert_eq!(text("plain"), json!("plain"));
        assert_eq!(text("${AWS::Region}"), json!({"Ref": "AWS::Region"}));
        assert_eq!(text("${Site.Arn}"), json!({"Fn::GetAtt": ["Site", "Arn"]}));
        assert_eq!(text("${A}-${B}"), json!({"Fn::Sub": "${A}-${B}"}));
        assert_eq!(text("https://${A}/x"), json!({"Fn::Sub": "https://${A}/x"}));
    }

    #[test]
    fn a_logical_id_has_letters_and_digits_only() {
        assert_eq!(logical_id("session-key"), "SessionKey");
        assert_eq!(logical_id("ChatRooms"), "ChatRooms");
    }
}
