//! Running the function of an event's route.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::connection::{Connection, End};
use super::event::{Event, Http, RequestContext, disconnect_headers};
use super::{Gateway, Route, RouteResponse, ids};
use crate::local::faults::FaultSettings;
use crate::local::lambda::Invocation;

/// What an integration came to.
pub enum Integration {
    /// The function returned this.
    Returned(Bytes),
    /// It failed, could not be started or took too long.
    Failed,
}

/// The part of a message that selects its route.
#[derive(Deserialize)]
struct Selected<'a> {
    #[serde(borrow)]
    action: std::borrow::Cow<'a, str>,
}

impl Gateway {
    /// Runs a message beside all others of its connection: answers need not keep their order.
    pub(super) fn spawn_message(&self, connection: Arc<Connection>, text: Utf8Bytes) {
        let faults = self.0.faults.get();
        let copies = 1 + usize::from(chance(faults.duplicate_messages));
        for _ in 0..copies {
            let (gateway, connection, text) = (self.clone(), connection.clone(), text.clone());
            let wait = delay(&faults);
            tokio::spawn(async move {
                if !wait.is_zero() {
                    tokio::time::sleep(wait).await;
                }
                gateway.message(&connection, &text).await;
            });
        }
    }

    async fn message(&self, connection: &Connection, text: &str) {
        let routes = self.routes();
        let selected = serde_json::from_str::<Selected<'_>>(text).ok();
        let route = selected
            .and_then(|selected| routes.get(&*selected.action))
            .or_else(|| routes.get("$default"));
        let request_id = ids::fresh();
        let Some(route) = route else {
            self.tell(connection, "Forbidden", &request_id);
            return;
        };
        let message_id = ids::fresh();
        let mut context = RequestContext::new(
            self.settings(),
            &connection.subject(),
            &route.key,
            "MESSAGE",
            &request_id,
        );
        context.message_id = Some(&message_id);
        let event = event(Http::default(), context, Some(text));
        match self.run(&route.function, event.payload()).await {
            Integration::Returned(body) => self.respond(connection, route, &body, &request_id),
            Integration::Failed => self.tell(connection, "Internal server error", &request_id),
        }
    }

    /// What a function returns is dropped, unless its route has a response.
    fn respond(&self, connection: &Connection, route: &Route, returned: &[u8], request_id: &str) {
        #[derive(Deserialize)]
        struct Proxy {
            body: Option<String>,
        }
        if route.response == RouteResponse::None {
            return;
        }
        match serde_json::from_slice::<Proxy>(returned) {
            Ok(Proxy { body: Some(body) }) => self.push(connection, body),
            Ok(Proxy { body: None }) => {}
            Err(_) => self.tell(connection, "Internal server error", request_id),
        }
    }

    /// The gateway's own frames, byte for byte as API Gateway writes them.
    fn tell(&self, connection: &Connection, what: &str, request_id: &str) {
        let id = &connection.id;
        self.push(
            connection,
            format!(
                r#"{{"message": "{what}", "connectionId":"{id}", "requestId":"{request_id}"}}"#
            ),
        );
    }

    fn push(&self, connection: &Connection, text: String) {
        // A client that does not read misses what it is told: nothing else could be done.
        let _ = connection.post(text.into(), self.settings().limits.queue_bytes);
    }

    /// Runs `$disconnect`, as best effort as AWS does.
    pub(super) async fn disconnected(&self, connection: &Connection, end: &End) {
        let routes = self.routes();
        let Some(route) = routes.get("$disconnect") else { return };
        if chance(self.0.faults.get().drop_disconnect) {
            return;
        }
        let request_id = ids::fresh();
        let headers = disconnect_headers(&connection.domain);
        let mut context = RequestContext::new(
            self.settings(),
            &connection.subject(),
            &route.key,
            "DISCONNECT",
            &request_id,
        );
        context.disconnect_status_code = Some(end.code);
        context.disconnect_reason = Some(&end.reason);
        self.run(&route.function, event(headers.http(), context, None).payload()).await;
    }

    /// Invokes a function within the integration's timeout.
    pub(super) async fn run(&self, function: &str, payload: Bytes) -> Integration {
        let limit = self.settings().limits.integration_timeout;
        match tokio::time::timeout(limit, self.0.lambda.invoke(function, payload)).await {
            Ok(Ok(Invocation::Success(body))) => Integration::Returned(body),
            Ok(Ok(Invocation::FunctionError { .. })) => Integration::Failed,
            Ok(Err(error)) => {
                tracing::warn!(function, %error, "a function could not be invoked");
                Integration::Failed
            }
            Err(_) => {
                tracing::warn!(function, "a function took longer than the integration's timeout");
                Integration::Failed
            }
        }
    }
}

/// An event of a connection; authorizers get one more kind.
pub fn event<'a>(
    http: Http<'a>,
    request_context: RequestContext<'a>,
    body: Option<&'a str>,
) -> Event<'a> {
    Event {
        kind: None,
        method_arn: None,
        stage_variables: None,
        http,
        request_context,
        body,
        is_base64_encoded: false,
    }
}

/// Whether a fault of this share strikes now.
pub fn chance(share: f64) -> bool {
    share > 0.0 && sample() < share
}

/// How long a message waits because of faults.
fn delay(faults: &FaultSettings) -> Duration {
    let reorder = if chance(faults.reorder_messages) { 5 + (45.0 * sample()) as u64 } else { 0 };
    Duration::from_millis(faults.latency_ms + reorder)
}

/// A number from 0 up to 1, from a ULID's random part.
fn sample() -> f64 {
    let random = ulid::Ulid::new().random() as u32;
    f64::from(random) / (f64::from(u32::MAX) + 1.0)
}
