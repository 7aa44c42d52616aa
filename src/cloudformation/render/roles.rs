//! A role for each function: Lambda alone may take it, and it may do what the function declares.

use serde_json::{Value, json};

use super::{Draft, tags};
use crate::cloudformation::template::Resource;
use crate::cloudformation::value::{logical_id, text};
use crate::stack::{Function, PolicyDocument, Statement};

/// The logical id of a function's role.
pub(super) fn id(function: &Function) -> String {
    format!("{}Role", logical_id(&function.logical))
}

pub(super) fn add(draft: &mut Draft<'_>, function: &Function) {
    let policy = draft.stack.policy(function);
    let properties = json!({
        "RoleName": function.physical,
        "Description": format!("What {} may do", function.logical),
        "AssumeRolePolicyDocument": trust_in_service("lambda.amazonaws.com"),
        "Policies": [{"PolicyName": "grants", "PolicyDocument": document(&policy)}],
        "Tags": tags::list(draft.stack),
    });
    draft.add(id(function), Resource::new("AWS::IAM::Role", properties));
}

/// A trust policy by which a service of AWS, and nobody else, takes the role.
pub(super) fn trust_in_service(service: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
        }],
    })
}

/// A document as the template has it: placeholders in its ARNs are functions of CloudFormation.
pub(super) fn document(policy: &PolicyDocument) -> Value {
    let PolicyDocument { version, statement } = policy;
    let statements: Vec<Value> = statement.iter().map(statement_value).collect();
    json!({"Version": version, "Statement": statements})
}

fn statement_value(statement: &Statement) -> Value {
    let Statement { sid, effect, action, resource, reason: _ } = statement;
    let resources: Vec<Value> = resource.iter().map(text).collect();
    json!({"Sid": sid, "Effect": effect, "Action": action, "Resource": resources})
}
