//! Which function runs on which route of which API: read from the manifest's words, and checked.

use std::collections::HashSet;

use chatctl_protocol::Action;

use super::{LowerError, Route, RouteKey, Stack};

/// A function's route, of whichever API.
pub(super) fn of(
    function: &str,
    web_socket: Option<String>,
    http: Option<String>,
) -> Result<Option<Route>, LowerError> {
    match (web_socket, http) {
        (None, None) => Ok(None),
        (Some(key), None) => Ok(Some(Route::WebSocket(route_key(function, key)?))),
        (None, Some(text)) => match text.parse() {
            Ok(route) => Ok(Some(Route::Http(route))),
            Err(source) => Err(LowerError::HttpRoute { function: function.to_owned(), source }),
        },
        (Some(_), Some(_)) => Err(LowerError::TwoRoutes { function: function.to_owned() }),
    }
}

fn route_key(function: &str, route: String) -> Result<RouteKey, LowerError> {
    Ok(match route.as_str() {
        "$connect" => RouteKey::Connect,
        "$disconnect" => RouteKey::Disconnect,
        "$default" => RouteKey::Default,
        action => match Action::from_name(action) {
            Some(action) => RouteKey::Action(action),
            None => return Err(LowerError::UnknownRoute { function: function.to_owned(), route }),
        },
    })
}

/// Every route has one function, and every action of the protocol has one.
pub(super) fn check(stack: &Stack) -> Result<(), LowerError> {
    let mut served = HashSet::new();
    for function in &stack.functions {
        let Some(route) = &function.route else { continue };
        if !served.insert(requests(route)) {
            return Err(LowerError::RouteTaken {
                function: function.logical.clone(),
                route: route.to_string(),
            });
        }
    }
    match Action::ALL.into_iter().find(|action| !served.contains(action.name())) {
        Some(action) => Err(LowerError::Unserved(action.name())),
        None => Ok(()),
    }
}

/// The requests that a route takes: whatever a path's parameters are called, they are the same.
fn requests(route: &Route) -> String {
    match route {
        Route::WebSocket(key) => key.as_str().to_owned(),
        Route::Http(route) => format!("{} {}", route.method.as_str(), route.pattern()),
    }
}
