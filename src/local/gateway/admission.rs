//! Who is let in: nothing is answered before the authorizer and `$connect` have decided.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use serde_json::Value;
use tokio::sync::oneshot;

use super::Gateway;
use super::connection::Connection;
use super::event::{Event, RequestContext, Subject};
use super::handshake::{Candidate, Refusal, plain};
use super::integration::{Outcome, Proxy};
use super::life::Lease;
use super::routes::{CONNECT, Route};
use crate::local::answer::Answer;
use crate::local::websocket::switching;

/// What was decided in a candidate's favour.
#[derive(Default)]
struct Admission {
    /// What the authorizer returned; part of every event.
    authorizer: Option<Value>,
    /// The subprotocol that `$connect` chose.
    protocol: Option<HeaderValue>,
}

impl Gateway {
    /// Answers a WebSocket handshake: 101 once `$connect` has returned a 2xx status, else the
    /// status that it or the authorizer decided on.
    pub async fn handshake(&self, mut request: Request<Incoming>, peer: SocketAddr) -> Answer {
        let accept = match self.check(&request) {
            Ok(accept) => accept,
            Err(answer) => return answer,
        };
        let Some(lease) = self.lease() else { return Self::unavailable() };
        let upgrade = hyper::upgrade::on(&mut request);
        let candidate = Candidate::new(&request, peer);
        let (decided, decision) = oneshot::channel();
        // A task of its own: when a client hangs up meanwhile, what has begun goes on, and
        // `$disconnect` follows a `$connect` that succeeded.
        tokio::spawn(self.clone().admit(candidate, accept, upgrade, decided, lease));
        decision.await.unwrap_or_else(|_| Self::unavailable())
    }

    /// The answer to a handshake for which there is no room.
    pub fn unavailable() -> Answer {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        plain(status, "ServiceUnavailableException", "Service Unavailable")
    }

    async fn admit(
        self,
        candidate: Candidate,
        accept: String,
        upgrade: OnUpgrade,
        decided: oneshot::Sender<Answer>,
        lease: Lease,
    ) {
        // A client that has hung up needs no answer, so that one nobody takes is dropped.
        let Admission { authorizer, protocol } = match self.decide(&candidate).await {
            Ok(admission) => admission,
            Err(refusal) => return drop(decided.send(candidate.refused(refusal))),
        };
        let connection = Arc::new(Connection::new(candidate.person, authorizer));
        self.0.registry.insert(connection.clone());
        drop(decided.send(switching(&accept, protocol)));
        // A task of its own, because this one has room for all that a decision needs.
        tokio::spawn(self.live(connection, upgrade, lease));
    }

    async fn decide(&self, candidate: &Candidate) -> Result<Admission, Refusal> {
        let routes = self.routes();
        let Some(route) = routes.get(CONNECT) else { return Ok(Admission::default()) };
        let authorizer = match &route.authorizer {
            Some(authorizer) => Some(self.authorize(authorizer, candidate).await?),
            None => None,
        };
        let protocol = self.connect(route, candidate, authorizer.as_ref()).await?;
        Ok(Admission { authorizer, protocol })
    }

    async fn connect(
        &self,
        route: &Route,
        candidate: &Candidate,
        authorizer: Option<&Value>,
    ) -> Result<Option<HeaderValue>, Refusal> {
        let context = self.handshake_context(candidate, authorizer);
        let event = Event::new(candidate.parts.http(), context, None);
        let Outcome::Returned(returned) = self.run(&route.function, event.payload()).await else {
            return Err(Refusal::ConnectFailed);
        };
        let proxy = Proxy::read(&returned).ok_or(Refusal::ConnectFailed)?;
        if !proxy.succeeded() {
            let status = StatusCode::from_u16(proxy.status_code);
            return Err(status.map_or(Refusal::ConnectFailed, Refusal::Status));
        }
        let protocol = proxy.header("Sec-WebSocket-Protocol");
        Ok(protocol.and_then(|protocol| HeaderValue::from_str(protocol).ok()))
    }

    /// The context of the handshake's events.
    pub(super) fn handshake_context<'a>(
        &'a self,
        candidate: &'a Candidate,
        authorizer: Option<&'a Value>,
    ) -> RequestContext<'a> {
        let subject = Subject { person: &candidate.person, authorizer };
        let request_id = &candidate.request_id;
        RequestContext::new(self.settings(), &subject, CONNECT, "CONNECT", request_id)
    }
}
