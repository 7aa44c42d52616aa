//! The Runtime API of one instance, version 2018-06-01: the process asks for an invocation, answers
//! it, asks for the next one. Whoever speaks on the instance's own listener is the instance.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpStream;

use super::ids;
use super::instance::Instance;
use super::invocation::Invocation;
use super::pool::{Delivery, Next};
use crate::local::answer::{self, Answer};
use crate::local::faults::Crash;

const VERSION: &str = "/2018-06-01/runtime/";
/// The largest answer of a function, with AWS's own allowance over 6 MB.
const ANSWER_BYTES: usize = 6 * 1024 * 1024 + 100;
/// A function that is to crash dies so long after it was given its invocation: time enough to have
/// begun, too little to have finished what takes a round trip.
const CRASH_AFTER: Duration = Duration::from_millis(1);

/// Serves one connection of the process until either side ends it.
pub async fn serve(stream: TcpStream, instance: Arc<Instance>) {
    // Without it small answers would wait for one another; an error costs only that.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let instance = instance.clone();
        async move { Ok::<_, Infallible>(handle(&instance, request).await) }
    });
    // The process may hang up whenever it likes; what that means is decided at its end.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn handle(instance: &Arc<Instance>, request: Request<Incoming>) -> Answer {
    let (parts, body) = request.into_parts();
    let Some(path) = parts.uri.path().strip_prefix(VERSION) else { return not_found() };
    match (&parts.method, path) {
        (&Method::GET, "invocation/next") => next(instance).await,
        (&Method::POST, "init/error") => init_error(instance, body).await,
        (&Method::POST, path) => {
            let path = path.strip_prefix("invocation/");
            match path.and_then(|path| path.split_once('/')) {
                Some((id, "response")) => answered(instance, id, body, Outcome::Answer).await,
                Some((id, "error")) => answered(instance, id, body, Outcome::Error).await,
                _ => not_found(),
            }
        }
        _ => not_found(),
    }
}

async fn next(instance: &Arc<Instance>) -> Answer {
    let first = instance.became_ready();
    let (next, more) = {
        let mut pool = instance.function.pool();
        let next = pool.next(instance.member, Instant::now());
        // One that has come up and found work at once was needed: perhaps another one is.
        (next, first.then(|| pool.grow(Instant::now())).flatten())
    };
    if let Some(ticket) = more {
        instance.shared.start(&instance.function, ticket);
    }
    match next {
        Next::Take(delivery) => deliver(instance, delivery),
        Next::Wait(comes) => match comes.await {
            Ok(delivery) => {
                instance.function.pool().taken(instance.member);
                deliver(instance, delivery)
            }
            Err(_) => gone(),
        },
        Next::End => {
            instance.kill.notify_one();
            gone()
        }
        Next::Refuse => error(
            StatusCode::FORBIDDEN,
            "InvalidStateTransition",
            "an invocation is in progress; answer it before asking for the next one",
        ),
    }
}

fn deliver(instance: &Arc<Instance>, delivery: Delivery) -> Answer {
    instance.scribe().start(&delivery.id, delivery.tail);
    if let Some(crash) = instance.shared.faults.take_crash(&instance.function.name) {
        die(instance, crash);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let deadline = (now + delivery.timeout).as_millis().to_string();
    let trace = ids::trace(&delivery.id, now.as_secs());
    let mut answer = Response::new(Full::new(delivery.payload));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    set(headers, "lambda-runtime-aws-request-id", &delivery.id);
    set(headers, "lambda-runtime-deadline-ms", &deadline);
    set(headers, "lambda-runtime-invoked-function-arn", &instance.function.arn);
    set(headers, "lambda-runtime-trace-id", &trace);
    answer
}

/// A value that a header cannot carry is left out; none of ours is such.
fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// Kills the process in the middle of what it was just given.
fn die(instance: &Arc<Instance>, crash: Crash) {
    instance.function.pool().doom(instance.member, crash);
    let kill = instance.kill.clone();
    tokio::spawn(async move {
        tokio::time::sleep(CRASH_AFTER).await;
        kill.notify_one();
    });
}

/// Which of its two ways the process took to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Answer,
    Error,
}

async fn answered(instance: &Arc<Instance>, id: &str, body: Incoming, outcome: Outcome) -> Answer {
    let (invocation, status) = match (Limited::new(body, ANSWER_BYTES).collect().await, outcome) {
        (Ok(body), Outcome::Answer) => (Invocation::Success(body.to_bytes()), StatusCode::ACCEPTED),
        (Ok(body), Outcome::Error) => {
            (Invocation::unhandled(body.to_bytes()), StatusCode::ACCEPTED)
        }
        (Err(error), _) if error.is::<http_body_util::LengthLimitError>() => {
            (too_large(), StatusCode::PAYLOAD_TOO_LARGE)
        }
        // The process died as it spoke.
        (Err(_), _) => return gone(),
    };
    let running = instance.function.pool().answered(instance.member, id, Instant::now());
    let Some(running) = running else { return unexpected(instance) };
    instance.conclude(running, invocation, None, None);
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return error(status, "RequestEntityTooLarge", "the answer is too large");
    }
    answer::json(status, &json!({"status": "OK"}))
}

fn too_large() -> Invocation {
    Invocation::failed(
        "Function.ResponseSizeTooLarge",
        &format!(
            "Response payload size exceeded maximum allowed payload size ({ANSWER_BYTES} bytes)."
        ),
    )
}

/// An answer that belongs to no invocation, or to one that the process is to die in.
fn unexpected(instance: &Instance) -> Answer {
    if instance.function.pool().is_doomed(instance.member) {
        instance.kill.notify_one();
        return gone();
    }
    error(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InitError {
    error_type: Option<String>,
    error_message: Option<String>,
}

async fn init_error(instance: &Instance, body: Incoming) -> Answer {
    let Ok(body) = Limited::new(body, ANSWER_BYTES).collect().await else { return gone() };
    let body = body.to_bytes();
    let message = match serde_json::from_slice::<InitError>(&body) {
        Ok(InitError { error_type, error_message: Some(message) }) => {
            format!("{}: {message}", error_type.as_deref().unwrap_or("Runtime.InitError"))
        }
        _ => String::from_utf8_lossy(&body).into_owned(),
    };
    instance.init_error(message);
    answer::json(StatusCode::ACCEPTED, &json!({"status": "OK"}))
}

fn error(status: StatusCode, error_type: &str, message: &str) -> Answer {
    answer::json(status, &json!({"errorType": error_type, "errorMessage": message}))
}

fn not_found() -> Answer {
    answer::answer(StatusCode::NOT_FOUND, "text/plain", Bytes::from_static(b"404 page not found"))
}

/// For a process that is being ended and will not read it.
fn gone() -> Answer {
    error(StatusCode::GONE, "Runtime.Ending", "the instance is being ended")
}
