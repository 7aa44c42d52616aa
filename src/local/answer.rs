//! What every service of the embedded cloud takes and gives: a verified request, a whole answer, or one
//! that goes on.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{Either, Full};
use serde_json::Value;

use super::credentials::Caller;

/// An answer with its whole body in memory.
pub type Answer = Response<Full<Bytes>>;

/// An answer that is whole, or comes piece by piece for as long as the client listens.
pub type Reply = Response<Either<Full<Bytes>, UnsyncBoxBody<Bytes, Infallible>>>;

/// A request whose signature was verified and whose body was read.
#[derive(Debug)]
pub struct Call {
    /// Who signed it.
    pub caller: Caller,
    /// Method, URI and headers.
    pub parts: http::request::Parts,
    /// The body.
    pub body: Bytes,
}

/// A whole answer as a reply.
pub fn whole(answer: Answer) -> Reply {
    answer.map(Either::Left)
}

/// An answer of a status, a content type and a body.
pub fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    answer
}

/// A JSON answer.
pub fn json(status: StatusCode, body: &Value) -> Answer {
    answer(status, "application/json", body.to_string())
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}
