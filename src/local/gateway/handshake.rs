//! The handshake: nothing is answered before the authorizer and `$connect` have decided.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::connection::{Connection, End, Identity, serve};
use super::event::{HandshakeParts, RequestContext, Subject};
use super::message::{Integration, event};
use super::{Gateway, ids};
use crate::local::answer::{self, Answer};

/// A handshake that waits for its decision.
pub(super) struct Candidate {
    pub id: Arc<str>,
    pub identity: Identity,
    pub domain: String,
    pub connected_at: i64,
    pub request_id: String,
    pub parts: HandshakeParts,
}

impl Candidate {
    /// Whose event it is.
    pub fn subject<'a>(&'a self, authorizer: Option<&'a Value>) -> Subject<'a> {
        Subject {
            connection_id: &self.id,
            connected_at: self.connected_at,
            identity: &self.identity,
            domain: &self.domain,
            authorizer,
        }
    }
}

impl Gateway {
    /// Answers a WebSocket handshake: 101 once `$connect` has returned a 2xx status, else the
    /// status that it or the authorizer decided on.
    pub async fn handshake(&self, mut request: Request<Incoming>, peer: SocketAddr) -> Answer {
        if request.uri().path().trim_matches('/') != self.settings().stage {
            return refused(StatusCode::FORBIDDEN, "Forbidden", None);
        }
        let Some(accept) = accept_key(request.headers()) else {
            return refused(StatusCode::BAD_REQUEST, "Bad Request", None);
        };
        let upgrade = hyper::upgrade::on(&mut request);
        let candidate = candidate(&request, peer);
        let (decided, decision) = oneshot::channel();
        let gateway = self.clone();
        // A task of its own: a client that hangs up meanwhile does not stop what has begun, and
        // `$disconnect` follows.
        tokio::spawn(async move { gateway.admit(candidate, accept, upgrade, decided).await });
        decision.await.unwrap_or_else(|_| {
            refused(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error", None)
        })
    }

    async fn admit(
        self,
        candidate: Candidate,
        accept: String,
        upgrade: OnUpgrade,
        decided: oneshot::Sender<Answer>,
    ) {
        let (authorizer, protocol) = match self.decide(&candidate).await {
            Ok(admitted) => admitted,
            // A receiver that is gone has hung up: there is nobody to tell.
            Err(refusal) => return drop(decided.send(refusal)),
        };
        let (outbox, waiting) = mpsc::unbounded_channel();
        let Candidate { id, identity, domain, connected_at, .. } = candidate;
        let connection =
            Arc::new(Connection::new(id, identity, domain, authorizer, connected_at, outbox));
        self.0.registry.insert(connection.clone());
        let hung_up = decided.send(switching(&accept, protocol.as_deref())).is_err();
        let end = match upgrade.await {
            Ok(io) if !hung_up => serve(&self, &connection, io, waiting).await,
            _ => End { code: 1006, reason: "Connection closed abnormally".to_owned() },
        };
        self.0.registry.remove(&connection.id);
        self.disconnected(&connection, &end).await;
    }

    /// The authorizer's context and the chosen subprotocol, or the answer that refuses.
    async fn decide(
        &self,
        candidate: &Candidate,
    ) -> Result<(Option<Value>, Option<String>), Answer> {
        let routes = self.routes();
        let Some(route) = routes.get("$connect") else { return Ok((None, None)) };
        let authorizer = match &route.authorizer {
            Some(authorizer) => Some(self.authorize(authorizer, candidate).await?),
            None => None,
        };
        let subject = candidate.subject(authorizer.as_ref());
        let context = RequestContext::new(
            self.settings(),
            &subject,
            &route.key,
            "CONNECT",
            &candidate.request_id,
        );
        let payload = event(candidate.parts.http(), context, None).payload();
        let protocol = match self.run(&route.function, payload).await {
            Integration::Returned(body) => connected(&body, candidate)?,
            Integration::Failed => {
                return Err(refused(
                    StatusCode::BAD_GATEWAY,
                    "Internal server error",
                    Some(candidate),
                ));
            }
        };
        Ok((authorizer, protocol))
    }
}

/// What `$connect` returned: the subprotocol that it echoes, or the refusal that its status is.
fn connected(returned: &[u8], candidate: &Candidate) -> Result<Option<String>, Answer> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Proxy {
        status_code: u16,
        headers: Option<std::collections::HashMap<String, String>>,
    }
    let Ok(Proxy { status_code, headers }) = serde_json::from_slice(returned) else {
        return Err(refused(StatusCode::BAD_GATEWAY, "Internal server error", Some(candidate)));
    };
    if !(200..300).contains(&status_code) {
        let status = StatusCode::from_u16(status_code).unwrap_or(StatusCode::BAD_GATEWAY);
        return Err(refused(
            status,
            status.canonical_reason().unwrap_or("Forbidden"),
            Some(candidate),
        ));
    }
    let echoed = headers.unwrap_or_default().into_iter();
    let protocol =
        echoed.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"));
    Ok(protocol.map(|(_, protocol)| protocol))
}

fn candidate(request: &Request<Incoming>, peer: SocketAddr) -> Candidate {
    let parts = HandshakeParts::read(request.headers(), request.uri().query());
    Candidate {
        id: ids::fresh().into(),
        identity: Identity {
            source_ip: peer.ip().to_string(),
            user_agent: parts.header("User-Agent").map(str::to_owned),
        },
        domain: parts.header("Host").unwrap_or("127.0.0.1").to_owned(),
        connected_at: Timestamp::now().as_millisecond(),
        request_id: ids::fresh(),
        parts,
    }
}

/// The answer to the handshake's key, if it is a handshake of version 13.
fn accept_key(headers: &HeaderMap) -> Option<String> {
    let version = headers.get(header::SEC_WEBSOCKET_VERSION)?;
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    (version.as_bytes() == b"13").then(|| derive_accept_key(key.as_bytes()))
}

fn switching(accept: &str, protocol: Option<&str>) -> Answer {
    let mut answer = answer::empty(StatusCode::SWITCHING_PROTOCOLS);
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = protocol.and_then(|protocol| HeaderValue::from_str(protocol).ok()) {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    answer
}

/// A refused handshake, with API Gateway's body.
pub(super) fn refused(status: StatusCode, message: &str, candidate: Option<&Candidate>) -> Answer {
    let body = match candidate {
        Some(Candidate { id, request_id, .. }) => {
            json!({"message": message, "connectionId": &**id, "requestId": request_id})
        }
        None => json!({ "message": message }),
    };
    answer::json(status, &body)
}
