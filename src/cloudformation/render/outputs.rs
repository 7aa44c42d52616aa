//! What a stack tells: the addresses and ids that the program's other parts go on from.
//!
//! The names are a promise to them and to scripts.

use serde_json::json;

use super::{API, Code, Draft, gateway, http, roles, site};
use crate::cloudformation::value::{attribute, reference, text};
use crate::stack::BucketPurpose;

pub(super) fn add(draft: &mut Draft<'_>, code: Code<'_>) {
    let stack = draft.stack;
    draft.output("ApiId", "The WebSocket API", reference(API));
    let web_socket = text(gateway::web_socket_url(stack));
    draft.output("WebSocketUrl", "Where browsers connect", web_socket);
    let connections = text(gateway::connections_url(stack));
    draft.output("ConnectionsUrl", "Where functions post to connections", connections);
    if http::is_there(stack) {
        draft.output("HttpApiId", "The HTTP API", reference(http::API));
        draft.output("HttpApiEndpoint", "The HTTP API's own address", text(http::url()));
    }
    draft.output("CodeHash", "SHA-256 of the functions' code", json!(code.sha256));
    for role in &stack.roles {
        let id = roles::own_id(role);
        draft.output(&format!("{id}Arn"), "A role that functions assume", attribute(&id, "Arn"));
    }
    if stack.bucket(BucketPurpose::Site).is_some() {
        let url = text(site::url(stack));
        draft.output("SiteUrl", "Where browsers find the site", url.clone());
        draft.output("HttpApiUrl", "The origin of HTTP requests", url);
        draft.output("SiteBucket", "The site's files", reference(site::BUCKET));
        draft.output("DistributionId", "What serves them", reference(site::DISTRIBUTION));
        let name = text(format!("${{{}.DomainName}}", site::DISTRIBUTION));
        draft.output(
            "DistributionDomain",
            "Its own name; a domain of yours is a CNAME to it",
            name,
        );
    }
}
