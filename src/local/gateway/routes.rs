//! Routes, and which of them takes a message: `$request.body.action`, else `$default`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::Authorizer;

/// The route of the handshake.
pub const CONNECT: &str = "$connect";
/// The route of a connection's end.
pub const DISCONNECT: &str = "$disconnect";
/// The route of messages that no other route takes.
pub const DEFAULT: &str = "$default";

/// What happens to what a function returns for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteResponse {
    /// It is dropped, as on a route without a RouteResponse.
    None,
    /// Its body is sent to the client, as on a route with a `$default` RouteResponse.
    Default,
}

/// A route of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `$connect`, `$disconnect`, `$default` or a value of `action`.
    pub key: String,
    /// The physical name of the function that serves it.
    pub function: String,
    /// What happens to what the function returns.
    pub response: RouteResponse,
    /// Who decides on a connection; only on `$connect`.
    pub authorizer: Option<Authorizer>,
}

/// The routes in force.
#[derive(Debug, Default)]
pub struct Routes(HashMap<String, Arc<Route>>);

impl Routes {
    /// A table of routes; of two with the same key the later one counts.
    pub fn new(routes: Vec<Route>) -> Self {
        Self(routes.into_iter().map(|route| (route.key.clone(), Arc::new(route))).collect())
    }

    /// The route of a key.
    pub fn get(&self, key: &str) -> Option<&Arc<Route>> {
        self.0.get(key)
    }

    /// The route that takes a message. A client cannot name `$connect` or `$disconnect`: those are
    /// events of the connection, not messages.
    pub fn select(&self, message: &str) -> Option<&Arc<Route>> {
        action(message)
            .filter(|key| !key.starts_with('$'))
            .and_then(|key| self.0.get(&*key))
            .or_else(|| self.0.get(DEFAULT))
    }
}

/// What `$request.body.action` comes to: nothing if the text is no JSON object or has no scalar of
/// that name.
fn action(message: &str) -> Option<Cow<'_, str>> {
    let mut deserializer = serde_json::Deserializer::from_str(message);
    let found = deserializer.deserialize_map(ActionOf).ok()?;
    deserializer.end().ok()?;
    match found? {
        Value::String(text) => Some(Cow::Owned(text)),
        scalar @ (Value::Bool(_) | Value::Number(_)) => Some(Cow::Owned(scalar.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Reads an object for its `action` and skips everything else without keeping it.
struct ActionOf;

impl<'de> Visitor<'de> for ActionOf {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut action = None;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == "action" {
                action = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(keys: &[&str]) -> Routes {
        let route = |key: &&str| Route {
            key: (*key).to_owned(),
            function: format!("function of {key}"),
            response: RouteResponse::None,
            authorizer: None,
        };
        Routes::new(keys.iter().map(route).collect())
    }

    #[test]
    fn the_action_selects_the_route() {
        let routes = routes(&["$connect", "$disconnect", "$default", "send", "7", "true"]);
        let cases = [
            (r#"{"action":"send"}"#, "send"),
            (r#" {"a":{"action":"x"},"action":"se\u006ed"} "#, "send"),
            (r#"{"action":7}"#, "7"),
            (r#"{"action":true}"#, "true"),
            (r#"{"action":"other"}"#, "$default"),
            (r#"{"action":"$connect"}"#, "$default"),
            (r#"{"action":"$disconnect"}"#, "$default"),
            (r#"{"action":["send"]}"#, "$default"),
            (r#"{"action":null}"#, "$default"),
            (r#"{"action":"send"} trailing"#, "$default"),
            (r#"["action","send"]"#, "$default"),
            ("hello", "$default"),
            ("", "$default"),
        ];
        for (message, key) in cases {
            assert_eq!(routes.select(message).map(|route| &*route.key), Some(key), "{message}");
        }
    }

    #[test]
    fn without_a_default_the_rest_has_no_route() {
        let routes = routes(&["$connect", "send"]);
        assert!(routes.select("hello").is_none());
        assert!(routes.select(r#"{"action":"$connect"}"#).is_none());
        assert!(routes.select(r#"{"action":"send"}"#).is_some());
    }
}
