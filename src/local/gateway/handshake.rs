//! The HTTP side of a handshake: what is asked, and the answers.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Version, header};
use hyper::body::Incoming;
use jiff::Timestamp;
use serde_json::json;

use super::connection::{Identity, Person};
use super::event::HandshakeParts;
use super::{Gateway, ids};
use crate::local::answer::{self, Answer};
use crate::local::websocket::{NoHandshake, accept_key};

/// A handshake that waits for its decision.
pub struct Candidate {
    /// Who it will be.
    pub person: Person,
    /// The request's id.
    pub request_id: String,
    /// What functions are told of the request.
    pub parts: HandshakeParts,
}

/// Why a handshake is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The authorizer does not know who it is.
    Unauthorized,
    /// The authorizer does not allow it.
    Forbidden,
    /// The authorizer failed.
    AuthorizerFailed,
    /// The function of `$connect` failed.
    ConnectFailed,
    /// The function of `$connect` answered with this.
    Status(StatusCode),
}

impl Candidate {
    /// Reads a request for a handshake.
    pub fn new(request: &Request<Incoming>, peer: SocketAddr) -> Self {
        let mut parts = HandshakeParts::read(request.headers(), request.uri().query());
        let source_ip = peer.ip().to_string();
        parts.forwarded(&source_ip);
        let user_agent = parts.header("User-Agent").map(str::to_owned);
        let person = Person {
            id: Arc::from(ids::fresh()),
            connected_at: Timestamp::now().as_millisecond(),
            identity: Identity { source_ip, user_agent },
            domain: parts.header("Host").unwrap_or("127.0.0.1").to_owned(),
        };
        Self { person, request_id: ids::fresh(), parts }
    }

    /// The answer that refuses.
    pub fn refused(&self, refusal: Refusal) -> Answer {
        let (status, kind, message) = match refusal {
            Refusal::Unauthorized => {
                (StatusCode::UNAUTHORIZED, "UnauthorizedException", "Unauthorized")
            }
            Refusal::Forbidden => (StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden"),
            Refusal::AuthorizerFailed => {
                (StatusCode::INTERNAL_SERVER_ERROR, "AuthorizerFailureException", INTERNAL)
            }
            Refusal::ConnectFailed => {
                (StatusCode::BAD_GATEWAY, "InternalServerErrorException", INTERNAL)
            }
            // The function's own doing: no error of the gateway's.
            Refusal::Status(status) => return answer::empty(status),
        };
        let body = json!({
            "message": message,
            "connectionId": &*self.person.id,
            "requestId": self.request_id,
        });
        with_kind(answer::json(status, &body), kind)
    }
}

const INTERNAL: &str = "Internal server error";

impl Gateway {
    /// The value of `Sec-WebSocket-Accept` for a handshake of this API.
    ///
    /// # Errors
    /// The answer to a request that is none.
    pub(super) fn check(&self, request: &Request<Incoming>) -> Result<String, Answer> {
        let uri = request.uri();
        if uri.path_and_query().is_some_and(|it| it.as_str().len() > self.limits().url_characters) {
            return Err(plain(StatusCode::URI_TOO_LONG, "RequestTooLongException", "URL too long"));
        }
        if uri.path().trim_matches('/') != self.settings().stage {
            return Err(plain(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden"));
        }
        accept(request.method(), request.version(), request.headers())
    }
}

/// The checks of the protocol itself, with the gateway's answers.
fn accept(method: &Method, version: Version, headers: &HeaderMap) -> Result<String, Answer> {
    accept_key(method, version, headers).map_err(|reason| match reason {
        NoHandshake::Malformed => {
            plain(StatusCode::BAD_REQUEST, "BadRequestException", "Bad Request")
        }
        NoHandshake::NoUpgrade => {
            let (status, kind) = (StatusCode::UPGRADE_REQUIRED, "UpgradeRequiredException");
            let mut answer = plain(status, kind, "Upgrade Required");
            let headers = answer.headers_mut();
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            answer
        }
    })
}

/// An error that concerns no connection.
pub fn plain(status: StatusCode, kind: &'static str, message: &str) -> Answer {
    with_kind(answer::json(status, &json!({ "message": message })), kind)
}

/// The header by which AWS's SDKs name an error.
fn with_kind(mut answer: Answer, kind: &'static str) -> Answer {
    answer.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(kind));
    answer
}
