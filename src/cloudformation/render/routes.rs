//! The routes of both APIs: each with an integration, and the permission to run its function for it
//! and for nothing else.

use serde_json::json;

use super::{API, Draft, functions, http};
use crate::cloudformation::template::Resource;
use crate::cloudformation::value::{logical_id, reference, text};
use crate::stack::{Function, Route};

/// The logical id of a function's route.
pub(super) fn id(function: &Function) -> String {
    format!("{}Route", logical_id(&function.logical))
}

/// A function's route, by its alias, so that clients only ever meet the version that is live.
pub(super) fn add(draft: &mut Draft<'_>, function: &Function, route: &Route) {
    let stack = draft.stack;
    let prefix = logical_id(&function.logical);
    let alias = functions::alias_id(function);
    // What API Gateway calls the route when it calls the function: the stage, and below it a route
    // key, or a method with the path as the route has it, its parameters' names in braces.
    let (api, source) = match route {
        Route::WebSocket(key) => (API, format!("{}/{}", stack.name.stage, key.as_str())),
        Route::Http(http) => {
            (http::API, format!("{}/{}{}", http::STAGE_NAME, http.method.as_str(), http.path()))
        }
    };
    let uri = format!(
        "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/\
         ${{{alias}}}/invocations"
    );
    let mut properties = json!({
        "ApiId": reference(api),
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": text(uri),
    });
    if let Route::Http(_) = route {
        properties["PayloadFormatVersion"] = json!("2.0");
    }
    let integration = format!("{prefix}Integration");
    draft.add(&integration, Resource::new("AWS::ApiGatewayV2::Integration", properties));
    let properties = json!({
        "ApiId": reference(api),
        "RouteKey": route.to_string(),
        "AuthorizationType": "NONE",
        "OperationName": function.logical,
        "Target": text(format!("integrations/${{{integration}}}")),
    });
    draft.add(id(function), Resource::new("AWS::ApiGatewayV2::Route", properties));
    let properties = json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": reference(&alias),
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": text(stack.place.arn("execute-api", &format!("${{{api}}}/{source}"))),
    });
    draft.add(format!("{prefix}Permission"), Resource::new("AWS::Lambda::Permission", properties));
}
