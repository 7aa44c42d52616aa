//! The WebSocket API: a route, an integration and a permission for each function that serves one.
//!
//! The stage deploys by itself whenever a route changes; no route ever waits for a deployment that
//! nobody asked for. No route has a response: answers are posted, as on the stage `local`.

use serde_json::{Value, json};

use super::{API, Draft, access_logs, functions, tags};
use crate::cloudformation::template::Resource;
use crate::cloudformation::value::{logical_id, reference, text};
use crate::stack::{AccessLogs, Function, RouteKey, Stack, Throttle};

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
    let routes = stack.functions.iter().filter(|one| one.route.is_some()).map(route_id);
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
        properties["AccessLogSettings"] = access_logs::settings();
    }
    properties
}

fn route_id(function: &Function) -> String {
    format!("{}Route", logical_id(&function.logical))
}

/// A function's route, by its alias, so that clients only ever meet the version that is live.
pub(super) fn add_route(draft: &mut Draft<'_>, function: &Function, route: &RouteKey) {
    let stack = draft.stack;
    let id = logical_id(&function.logical);
    let alias = functions::alias_id(function);
    let integration = format!("{id}Integration");
    let uri = format!(
        "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/\
         ${{{alias}}}/invocations"
    );
    let properties = json!({
        "ApiId": reference(API),
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": text(uri),
    });
    draft.add(&integration, Resource::new("AWS::ApiGatewayV2::Integration", properties));
    let properties = json!({
        "ApiId": reference(API),
        "RouteKey": route.as_str(),
        "AuthorizationType": "NONE",
        "OperationName": function.logical,
        "Target": text(format!("integrations/${{{integration}}}")),
    });
    draft.add(route_id(function), Resource::new("AWS::ApiGatewayV2::Route", properties));
    let path = format!("${{{API}}}/{}/{}", stack.name.stage, route.as_str());
    let properties = json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": reference(&alias),
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": text(stack.place.arn("execute-api", &path)),
    });
    draft.add(format!("{id}Permission"), Resource::new("AWS::Lambda::Permission", properties));
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
