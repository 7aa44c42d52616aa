//! Access logs of both APIs: a line a request, bodies and tokens never among it.
//!
//! API Gateway writes those of the WebSocket API by a role that is set once for an account and
//! region. Whatever stage sets it, the others come to rely on it: it stays when the stage goes.

use serde_json::{Value, json};

use super::{Draft, functions, tags};
use crate::cloudformation::template::Resource;
use crate::cloudformation::value::{attribute, text};

/// The logical id of the account's setting, which the stage waits for.
pub(super) const ACCOUNT: &str = "GatewayAccount";
/// The logical id of the role by which the whole account's access logs are written.
pub const ROLE: &str = "GatewayLogsRole";
const GROUP: &str = "GatewayLogs";

/// What a line of the WebSocket API says, as API Gateway's variables; at most 3 KB.
const WEB_SOCKET: [(&str, &str); 12] = [
    ("time", "$context.requestTime"),
    ("requestId", "$context.extendedRequestId"),
    ("connectionId", "$context.connectionId"),
    ("eventType", "$context.eventType"),
    ("routeKey", "$context.routeKey"),
    ("status", "$context.status"),
    ("sourceIp", "$context.identity.sourceIp"),
    ("userAgent", "$context.identity.userAgent"),
    ("integrationStatus", "$context.integrationStatus"),
    ("integrationLatencyMs", "$context.integrationLatency"),
    ("error", "$context.error.message"),
    ("integrationError", "$context.integrationErrorMessage"),
];

/// What a line of the HTTP API says; the path is without its query.
const HTTP: [(&str, &str); 11] = [
    ("time", "$context.requestTime"),
    ("requestId", "$context.requestId"),
    ("routeKey", "$context.routeKey"),
    ("path", "$context.path"),
    ("status", "$context.status"),
    ("sourceIp", "$context.identity.sourceIp"),
    ("userAgent", "$context.identity.userAgent"),
    ("integrationStatus", "$context.integrationStatus"),
    ("integrationLatencyMs", "$context.integrationLatency"),
    ("error", "$context.error.message"),
    ("integrationError", "$context.integrationErrorMessage"),
];

pub(super) fn add(draft: &mut Draft<'_>) {
    let stack = draft.stack;
    let name = format!("/aws/apigateway/{}-{}", stack.name.project, stack.name.stage);
    draft.add(GROUP, functions::log_group(stack, &name));
    let managed = format!(
        "arn:{}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
        stack.place.partition()
    );
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }],
    });
    let role = json!({
        "Description": "By which API Gateway writes the account's access logs",
        "AssumeRolePolicyDocument": trust,
        "ManagedPolicyArns": [text(managed)],
        "Tags": tags::list(stack),
    });
    let kept = |resource: Resource| resource.kept("RetainExceptOnCreate", "Retain");
    draft.add(ROLE, kept(Resource::new("AWS::IAM::Role", role)));
    let account = json!({"CloudWatchRoleArn": attribute(ROLE, "Arn")});
    draft.add(ACCOUNT, kept(Resource::new("AWS::ApiGateway::Account", account)));
}

/// The side of the WebSocket API's stage.
pub(super) fn of_web_socket() -> Value {
    settings(&WEB_SOCKET)
}

/// The side of the HTTP API's stage, which needs no role of the account.
pub(super) fn of_http() -> Value {
    settings(&HTTP)
}

fn settings(fields: &[(&str, &str)]) -> Value {
    let line: serde_json::Map<String, Value> =
        fields.iter().map(|(name, variable)| ((*name).to_owned(), json!(variable))).collect();
    let format = Value::Object(line).to_string();
    json!({"DestinationArn": attribute(GROUP, "Arn"), "Format": format})
}
