//! The functions: log group, function, version, and the alias `live` that everybody calls.
//!
//! A version's logical id carries what the version is made of, so that a change makes a new version
//! and moves the alias, and no change makes none. A version that nothing calls any more goes at the end
//! of the update, or of its rollback: one that stayed would be in the way of the next attempt with the
//! same code. What it is made of is named, so that it cannot be published of other code.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Code, Draft, gateway, roles, routes, tags};
use crate::cloudformation::template::Resource;
use crate::cloudformation::value::{attribute, logical_id, reference, text};
use crate::stack::{Function, LIVE_ALIAS, Stack};

/// The logical id of a function's alias; a reference to it is the alias's ARN.
pub(super) fn alias_id(function: &Function) -> String {
    format!("{}Live", logical_id(&function.logical))
}

pub(super) fn log_group_id(function: &Function) -> String {
    format!("{}Logs", logical_id(&function.logical))
}

pub(super) fn add(draft: &mut Draft<'_>, function: &Function, code: Code<'_>) {
    let stack = draft.stack;
    let id = logical_id(&function.logical);
    draft.add(log_group_id(function), log_group(stack, &function.log_group));

    let properties = properties(stack, function, code);
    let version_id = format!("{id}Version{}", fingerprint(&properties, code));
    draft.add(&id, Resource::new("AWS::Lambda::Function", properties));
    let mut version = json!({"FunctionName": reference(&id)});
    if let Some(sha256) = code.lambda_sha256 {
        version["CodeSha256"] = sha256.into();
    }
    draft.add(&version_id, Resource::new("AWS::Lambda::Version", version));
    let alias = json!({
        "Name": LIVE_ALIAS,
        "FunctionName": reference(&id),
        "FunctionVersion": attribute(&version_id, "Version"),
    });
    draft.add(alias_id(function), Resource::new("AWS::Lambda::Alias", alias));
    if let Some(route) = &function.route {
        routes::add(draft, function, route);
    }
}

/// A log group with the stage's retention; it goes with the stack.
pub(super) fn log_group(stack: &Stack, name: &str) -> Resource {
    let properties = json!({
        "LogGroupName": name,
        "RetentionInDays": stack.settings.log_retention.days(),
        "Tags": tags::list(stack),
    });
    Resource::new("AWS::Logs::LogGroup", properties).kept("Delete", "Delete")
}

fn properties(stack: &Stack, function: &Function, code: Code<'_>) -> Value {
    let Function { logical, physical, route: _, memory_mb, timeout_s, log_group: _, grants: _ } =
        function;
    json!({
        "FunctionName": physical,
        "Description": description(function),
        "Handler": logical,
        "Runtime": "provided.al2023",
        "Architectures": [stack.settings.architecture.as_str()],
        "Code": {"S3Bucket": text(code.bucket), "S3Key": text(code.key)},
        "MemorySize": memory_mb,
        "Timeout": timeout_s,
        "Role": attribute(&roles::id(function), "Arn"),
        "Environment": {"Variables": environment(stack)},
        "LoggingConfig": {
            "LogFormat": "JSON",
            "LogGroup": reference(&log_group_id(function)),
            "ApplicationLogLevel": "INFO",
            "SystemLogLevel": "INFO",
        },
        "Tags": tags::list(stack),
    })
}

fn description(function: &Function) -> String {
    match &function.route {
        Some(route) => format!("The route {route}"),
        None => "Invoked by other functions, or by the clock".to_owned(),
    }
}

fn environment(stack: &Stack) -> Value {
    let connections = ("CONNECTIONS_ENDPOINT".to_owned(), gateway::connections_url(stack));
    let all = stack.environment().into_iter().chain([connections]);
    all.map(|(name, value)| (name, text(value))).collect()
}

/// What a version is made of: the code and every property. Twelve hex digits tell any two apart
/// that one stack will ever see.
fn fingerprint(properties: &Value, code: Code<'_>) -> String {
    let mut sorted = properties.clone();
    sorted.sort_all_objects();
    // Tags are the function's, not the version's; a key's other parts do not change the code.
    if let Some(properties) = sorted.as_object_mut() {
        properties.remove("Tags");
        properties.remove("Code");
    }
    let digest = Sha256::new().chain_update(code.sha256).chain_update(sorted.to_string());
    digest.finalize()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}
