//! Messages of clients, and the event that tells of a connection's end.

use std::sync::Arc;

use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::connection::Connection;
use super::event::{Event, Http, RequestContext};
use super::integration::{Outcome, Proxy, held_back, strikes};
use super::routes::{DISCONNECT, Route, RouteResponse};
use super::{Gateway, ids};
use crate::local::websocket::End;

impl Gateway {
    /// Takes a message and returns at once: all messages of a connection run beside each other, and
    /// answers need not keep their order.
    pub(super) fn receive(&self, connection: &Arc<Connection>, text: Utf8Bytes) {
        connection.touch();
        let Some(route) = self.routes().select(&text).cloned() else {
            return self.tell(connection, "Forbidden", &ids::fresh());
        };
        let faults = self.0.faults.get();
        let message_id: Arc<str> = ids::fresh().into();
        for _ in 0..1 + usize::from(strikes(faults.duplicate_messages)) {
            let gateway = self.clone();
            let (connection, route, text) = (connection.clone(), route.clone(), text.clone());
            let message_id = message_id.clone();
            let wait = strikes(faults.reorder_messages).then(held_back);
            tokio::spawn(async move {
                if let Some(wait) = wait {
                    tokio::time::sleep(wait).await;
                }
                gateway.message(&connection, &route, &message_id, &text).await;
            });
        }
    }

    async fn message(&self, connection: &Connection, route: &Route, message_id: &str, text: &str) {
        let request_id = ids::fresh();
        let context = RequestContext {
            message_id: Some(message_id),
            ..self.context(connection, &route.key, "MESSAGE", &request_id)
        };
        let event = Event::new(Http::default(), context, Some(text));
        let proxy = match self.run(&route.function, event.payload()).await {
            Outcome::Returned(body) => Proxy::read(&body),
            Outcome::Failed(_) | Outcome::Silent => None,
        };
        match (proxy, route.response) {
            (None, _) => self.tell(connection, "Internal server error", &request_id),
            (Some(Proxy { body: Some(body), .. }), RouteResponse::Default) => {
                self.send(connection, body);
            }
            (Some(_), _) => {}
        }
    }

    /// The gateway's own frames, byte for byte as API Gateway writes them.
    fn tell(&self, connection: &Connection, what: &str, request_id: &str) {
        self.send(connection, frame(what, connection.id(), request_id));
    }

    /// A client that does not read, or has gone, misses what it is told: there is no other way to
    /// tell it.
    fn send(&self, connection: &Connection, text: String) {
        let _ = connection.post(text.into(), self.limits());
    }

    /// Runs `$disconnect`, as best effort as on AWS: whatever comes of it, nobody is told.
    pub(super) async fn disconnected(&self, connection: &Connection, end: &End) {
        let routes = self.routes();
        let Some(route) = routes.get(DISCONNECT) else { return };
        if strikes(self.0.faults.get().drop_disconnect) {
            return;
        }
        let request_id = ids::fresh();
        let handshake = super::event::HandshakeParts::of_disconnect(&connection.person.domain);
        let context = RequestContext {
            disconnect_status_code: Some(end.code),
            disconnect_reason: Some(&end.reason),
            ..self.context(connection, DISCONNECT, "DISCONNECT", &request_id)
        };
        let event = Event::new(handshake.http(), context, None);
        self.run(&route.function, event.payload()).await;
    }

    fn context<'a>(
        &'a self,
        connection: &'a Connection,
        route_key: &'a str,
        event_type: &'static str,
        request_id: &'a str,
    ) -> RequestContext<'a> {
        let subject = connection.subject();
        RequestContext::new(self.settings(), &subject, route_key, event_type, request_id)
    }
}

/// The spacing is AWS's.
fn frame(what: &str, connection_id: &str, request_id: &str) -> String {
    format!(
        r#"{{"message": "{what}", "connectionId":"{connection_id}", "requestId":"{request_id}"}}"#
    )
}
