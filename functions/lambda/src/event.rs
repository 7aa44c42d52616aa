//! What API Gateway tells a function, read leniently: an event with a missing field is still answered.

use serde_json::Value;

/// One event of a WebSocket API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event<'a>(pub(crate) &'a Value);

impl<'a> Event<'a> {
    /// Whose event it is.
    pub(crate) fn connection_id(self) -> Option<&'a str> {
        self.0.pointer("/requestContext/connectionId").and_then(Value::as_str)
    }

    /// The client's frame; none reads as an empty one.
    pub(crate) fn body(self) -> &'a str {
        self.0.get("body").and_then(Value::as_str).unwrap_or_default()
    }

    /// A parameter of the address that the client connected to.
    pub(crate) fn parameter(self, name: &str) -> Option<&'a str> {
        self.0.get("queryStringParameters")?.get(name)?.as_str()
    }
}
