//! Tags: by these, whatever a stage made is found again.

use serde_json::{Value, json};

use crate::stack::Stack;

fn tags(stack: &Stack) -> [(&'static str, &str); 3] {
    [
        ("chatctl:project", stack.name.project.as_str()),
        ("chatctl:stage", stack.name.stage.as_str()),
        ("chatctl:version", env!("CARGO_PKG_VERSION")),
    ]
}

/// As most resources take them: a list of keys and values.
pub(super) fn list(stack: &Stack) -> Value {
    tags(stack).into_iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// As API Gateway's resources take them: a map.
pub(super) fn map(stack: &Stack) -> Value {
    tags(stack).into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect()
}
