//! The HTTP API, and the way to it: the site's distribution sends it the paths of its routes, so that
//! browsers find site and API under one origin.
//!
//! It answers no CORS. The site needs none, having the same origin; a page of any other origin is to
//! be let in by nobody. (The API could not name the site either: the distribution's address is known
//! only once it is made, and it is made with the API's address in it.)

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Draft, access_logs, routes, site, tags};
use crate::cloudformation::template::Resource;
use crate::cloudformation::value::{reference, text};
use crate::stack::{AccessLogs, HttpMethod, Stack, Throttle};

/// The logical id of the HTTP API.
pub(super) const API: &str = "HttpApi";
/// The stage whose name is no part of addresses.
pub(super) const STAGE_NAME: &str = "$default";
/// The distribution's name for the API.
const ORIGIN: &str = "http-api";

/// CloudFront's own policies: `Managed-CachingDisabled`, and `Managed-AllViewerExceptHostHeader`,
/// which hands on everything but the host, by which API Gateway tells its APIs apart.
const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const ALL_BUT_HOST: &str = "b689b0a8-53d0-40ab-baf2-68738e2966ac";

/// The API, if the stack has a route for it.
pub(super) fn add(draft: &mut Draft<'_>) {
    let stack = draft.stack;
    if !is_there(stack) {
        return;
    }
    let api = json!({
        "Name": format!("{}-{}", stack.name.project, stack.name.stage),
        "Description": "The chat's HTTP API, behind the site",
        "ProtocolType": "HTTP",
        "Tags": tags::map(stack),
    });
    draft.add(API, Resource::new("AWS::ApiGatewayV2::Api", api));
    let routes = stack.http_routes().map(|(function, _)| routes::id(function));
    let stage = Resource::new("AWS::ApiGatewayV2::Stage", stage(stack));
    draft.add("HttpStage", stage.after(routes));
}

/// Whether the stack has an HTTP API.
pub(super) fn is_there(stack: &Stack) -> bool {
    stack.http_routes().next().is_some()
}

fn stage(stack: &Stack) -> Value {
    let Throttle { rate, burst } = stack.settings.throttle;
    let mut properties = json!({
        "ApiId": reference(API),
        "StageName": STAGE_NAME,
        "AutoDeploy": true,
        "DefaultRouteSettings": {
            "ThrottlingRateLimit": rate,
            "ThrottlingBurstLimit": burst,
            "DetailedMetricsEnabled": false,
        },
        "Tags": tags::map(stack),
    });
    if stack.settings.access_logs == AccessLogs::On {
        properties["AccessLogSettings"] = access_logs::of_http();
    }
    properties
}

/// The API's own address, which browsers do not use.
pub(super) fn url() -> String {
    format!("https://{}", host())
}

fn host() -> String {
    format!("${{{API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}")
}

/// The API as the distribution reaches it.
pub(super) fn origin() -> Value {
    json!({
        "Id": ORIGIN,
        "DomainName": text(host()),
        "CustomOriginConfig": {
            "OriginProtocolPolicy": "https-only",
            "OriginSSLProtocols": ["TLSv1.2"],
        },
    })
}

/// What the distribution does with the paths of the routes, the most particular first: it takes the
/// first that fits, and a pattern that fits less has more characters of its own.
pub(super) fn behaviours(stack: &Stack) -> Vec<Value> {
    let mut patterns: BTreeMap<String, Vec<HttpMethod>> = BTreeMap::new();
    for (_, route) in stack.http_routes() {
        patterns.entry(route.pattern()).or_default().push(route.method);
    }
    let mut patterns: Vec<_> = patterns.into_iter().collect();
    let wildcards = |pattern: &str| pattern.matches('*').count();
    patterns.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.len() - wildcards(pattern)));
    patterns.iter().map(|(pattern, methods)| behaviour(pattern, methods)).collect()
}

fn behaviour(pattern: &str, methods: &[HttpMethod]) -> Value {
    json!({
        "PathPattern": pattern,
        "TargetOriginId": ORIGIN,
        "ViewerProtocolPolicy": "https-only",
        "AllowedMethods": allowed(methods),
        "CachedMethods": ["GET", "HEAD"],
        "CachePolicyId": CACHING_DISABLED,
        "OriginRequestPolicyId": ALL_BUT_HOST,
        "ResponseHeadersPolicyId": reference(site::HEADERS),
    })
}

/// Failures that CloudFront would go on telling of for ten seconds after they are over.
pub(super) fn failures() -> Value {
    let at_once = |status: u32| json!({"ErrorCode": status, "ErrorCachingMinTTL": 0});
    [500, 502, 503, 504].map(at_once).into_iter().collect()
}

/// CloudFront lets through what only reads, or everything.
fn allowed(methods: &[HttpMethod]) -> Value {
    match methods.iter().all(|one| *one == HttpMethod::Get) {
        true => json!(["GET", "HEAD"]),
        false => json!(["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::{
        BUILT_IN_MANIFEST, Manifest, Place, Settings, StackName, TEMPLATE_API_ID, lower,
    };

    /// The stack with a function for each of these routes and for no other.
    fn stack(routes: &[&str]) -> Stack {
        let one = |(number, route): (usize, &&str)| {
            format!(
                "  Route{number}:\n    http: {route}\n    memory: 128\n    timeout: 5\n    grants: []\n"
            )
        };
        let functions: String = routes.iter().enumerate().map(one).collect();
        let manifest = BUILT_IN_MANIFEST.replace("    http: GET /healthz\n", "");
        let manifest = manifest.replace("\nschedules:\n", &format!("{functions}\nschedules:\n"));
        let name = StackName { project: "chat".to_owned(), stage: "prod".to_owned() };
        let (manifest, place) = (Manifest::parse(&manifest).unwrap(), Place::of_template());
        lower(manifest, name, place, TEMPLATE_API_ID.to_owned(), Settings::default()).unwrap()
    }

    #[test]
    fn the_distribution_sends_each_path_where_its_route_is() {
        let stack = stack(&[
            "GET /rooms/{roomId}",
            "POST /rooms/{roomId}/join",
            "GET /rooms/open",
            "DELETE /rooms/{id}/join",
        ]);
        let behaviours = behaviours(&stack);
        let rows: Vec<(&str, usize)> = behaviours
            .iter()
            .map(|one| {
                let methods = one["AllowedMethods"].as_array().unwrap();
                (one["PathPattern"].as_str().unwrap(), methods.len())
            })
            .collect();
        assert_eq!(rows, [("/rooms/*/join", 7), ("/rooms/open", 2), ("/rooms/*", 2)]);
    }

    #[test]
    fn a_stack_without_routes_has_no_http_api() {
        assert!(!is_there(&stack(&[])));
        assert!(is_there(&stack(&["GET /healthz"])));
    }
}
