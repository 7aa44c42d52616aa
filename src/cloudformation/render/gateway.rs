//! The WebSocket API and its stage.
//!
//! The stage deploys by itself whenever a route changes; no route ever waits for a deployment that
//! nobody asked for. No route has a response: answers are posted, as on the stage `local`.

use serde_json::{Value, json};

use super::{API, Draft, access_logs, routes, tags};
use crate::cloudformation::template::Resource;
use crate::cloudformation::value::reference;
use crate::stack::{AccessLogs, Function, Stack, Throttle};

const STAGE: &str = "WebSocketStage";

pub(super) fn add(draft: &mut Draft<'_>) {
    let stack = draft.stack;
    let api = json!({
        "Name": format!("{}-{}", stack.name.project, stack.name.stage),
        "Description": "The chat's WebSocket",
        "ProtocolType": "WEBSOCKET",
        "RouteSelectionExpression": "$request.body.action",
        "Tags": tags::map(stack),
    });
    draft.add(API, Resource::new("AWS::ApiGatewayV2::Api", api));
    // API Gateway deploys no API without routes.
    let is_ours = |one: &&Function| one.route.as_ref().is_some_and(|it| it.web_socket().is_some());
    let routes = stack.functions.iter().filter(is_ours).map(routes::id);
    let logged = stack.settings.access_logs == AccessLogs::On;
    let account = logged.then(|| access_logs::ACCOUNT.to_owned());
    let stage = Resource::new("AWS::ApiGatewayV2::Stage", stage(stack));
    draft.add(STAGE, stage.after(routes.chain(account)));
}

fn stage(stack: &Stack) -> Value {
    let Throttle { rate, burst } = stack.settings.throttle;
    let mut properties = json!({
        "ApiId": reference(API),
        "StageName": stack.name.stage,
        "AutoDeploy": true,
        "DefaultRouteSettings": {
            "ThrottlingRateLimit": rate,
            "ThrottlingBurstLimit": burst,
            "DetailedMetricsEnabled": false,
            "DataTraceEnabled": false,
            "LoggingLevel": "OFF",
        },
        "Tags": tags::map(stack),
    });
    if stack.settings.access_logs == AccessLogs::On {
        properties["AccessLogSettings"] = access_logs::of_web_socket();
    }
    properties
}

/// Where functions post to connections.
pub(super) fn connections_url(stack: &Stack) -> String {
    address(stack, stack.settings.endpoints.connections.as_deref(), "https")
}

/// Where browsers connect.
pub(super) fn web_socket_url(stack: &Stack) -> String {
    address(stack, stack.settings.endpoints.web_socket.as_deref(), "wss")
}

fn address(stack: &Stack, configured: Option<&str>, scheme: &str) -> String {
    match configured {
        Some(url) => url.replace("{api}", &format!("${{{API}}}")),
        None => format!("{scheme}://{}/{}", host(), stack.name.stage),
    }
}

fn host() -> String {
    format!("${{{API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}")
}
