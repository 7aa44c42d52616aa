//! The roles: one for each function, which Lambda alone may take and which may do what the function
//! declares, and those that functions assume.

use serde_json::{Value, json};

use super::{Draft, tags};
use crate::cloudformation::template::Resource;
use crate::cloudformation::value::{logical_id, text, texts};
use crate::stack::{
    Function, MOST_SESSION_SECONDS, PolicyDocument, Role, RolePurpose, Statement, TrustDocument,
};

/// The logical id of a function's role.
pub(super) fn id(function: &Function) -> String {
    format!("{}Role", logical_id(&function.logical))
}

/// The logical id of a role of the stack's own.
pub(super) fn own_id(role: &Role) -> String {
    logical_id(&role.logical)
}

pub(super) fn add_function(draft: &mut Draft<'_>, function: &Function) {
    let stack = draft.stack;
    let properties = json!({
        "RoleName": function.physical,
        "Description": format!("What {} may do", function.logical),
        "AssumeRolePolicyDocument": trust(&stack.function_trust()),
        "Policies": [policy("grants", &stack.policy(function))],
        "Tags": tags::list(stack),
    });
    draft.add(id(function), Resource::new("AWS::IAM::Role", properties));
}

/// A role that functions assume. Its trust names their roles by ARN, which need not exist yet.
pub(super) fn add(draft: &mut Draft<'_>, role: &Role) {
    let stack = draft.stack;
    let Role { logical: _, physical, purpose } = role;
    let description = match purpose {
        RolePurpose::Voice => "What browsers are lent to reach a voice room's signaling channel",
    };
    let properties = json!({
        "RoleName": physical,
        "Description": description,
        "MaxSessionDuration": MOST_SESSION_SECONDS,
        "AssumeRolePolicyDocument": trust(&stack.role_trust(role)),
        "Policies": [policy("channels", &stack.role_policy(role))],
        "Tags": tags::list(stack),
    });
    draft.add(own_id(role), Resource::new("AWS::IAM::Role", properties));
}

fn policy(name: &str, policy: &PolicyDocument) -> Value {
    json!({"PolicyName": name, "PolicyDocument": document(policy)})
}

/// A document as the template has it: placeholders in its ARNs are functions of CloudFormation.
fn document(policy: &PolicyDocument) -> Value {
    let PolicyDocument { version, statement } = policy;
    let statements: Vec<Value> = statement.iter().map(statement_value).collect();
    json!({"Version": version, "Statement": statements})
}

fn statement_value(statement: &Statement) -> Value {
    let Statement { sid, effect, action, resource, reason: _ } = statement;
    let resources: Vec<Value> = resource.iter().map(text).collect();
    json!({"Sid": sid, "Effect": effect, "Action": action, "Resource": resources})
}

/// A trust document as the template has it.
fn trust(document: &TrustDocument) -> Value {
    texts(json!(document))
}
