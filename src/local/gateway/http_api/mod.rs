//! The HTTP API: API Gateway's routes, events and answers for requests on the site's own origin.
//!
//! Which paths are the API's the routes' patterns say, as to the distribution before the site on AWS.
//! Of those, what no route takes is answered by API Gateway and never by the site.

mod answer;
mod event;

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::ids;
use super::integration::{Integration, Outcome};
use crate::local::answer::{Answer, json as json_answer};
use crate::local::faults::Faults;
use crate::local::iam;
use crate::local::lambda::Lambda;
use crate::stack::HttpRoute;
use event::Event;

/// A route with its function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpTarget {
    /// The route.
    pub route: HttpRoute,
    /// The physical name of the function that serves it.
    pub function: String,
}

/// The API's limits; the defaults are AWS's own.
#[derive(Debug, Clone)]
pub struct HttpLimits {
    /// How long a function may take before the API gives up on it.
    pub integration_timeout: Duration,
    /// The largest body of a request, in bytes; a larger one is answered 413.
    pub body_bytes: usize,
    /// The largest event that Lambda takes, in bytes; the request of a larger one is answered 413.
    pub event_bytes: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            integration_timeout: Duration::from_secs(30),
            body_bytes: 10 * 1024 * 1024,
            event_bytes: 6 * 1024 * 1024,
        }
    }
}

/// The HTTP API; clones share it.
#[derive(Clone)]
pub struct HttpApi(Arc<Inner>);

struct Inner {
    account: String,
    integration: Integration,
    limits: HttpLimits,
    targets: RwLock<Arc<[HttpTarget]>>,
}

impl HttpApi {
    /// An API without routes, of an account.
    pub fn new(account: &str, lambda: Lambda, faults: Faults, limits: HttpLimits) -> Self {
        Self(Arc::new(Inner {
            account: account.to_owned(),
            integration: Integration::new(lambda, faults, limits.integration_timeout),
            limits,
            targets: RwLock::new(Arc::new([])),
        }))
    }

    /// Replaces the routes.
    pub fn configure(&self, targets: Vec<HttpTarget>) {
        *self.0.targets.write().unwrap_or_else(PoisonError::into_inner) = targets.into();
    }

    /// Whether a path is the API's and not the site's.
    pub fn takes(&self, path: &str) -> bool {
        self.targets().iter().any(|target| iam::matches(&target.route.pattern(), path))
    }

    /// Answers a request.
    pub async fn handle(&self, parts: &Parts, body: Bytes, source: IpAddr) -> Answer {
        let id = ids::fresh();
        let mut answer = self.answer(parts, body, source, &id).await;
        if let Ok(id) = HeaderValue::from_str(&id) {
            answer.headers_mut().insert("apigw-requestid", id);
        }
        answer
    }

    async fn answer(&self, parts: &Parts, body: Bytes, source: IpAddr, id: &str) -> Answer {
        let targets = self.targets();
        let Some((target, parameters)) = select(&targets, parts) else {
            return said(StatusCode::NOT_FOUND, "Not Found");
        };
        let too_large = || said(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        if body.len() > self.0.limits.body_bytes {
            return too_large();
        }
        let route_key = target.route.to_string();
        let asked = event::Asked { parts, body: &body, source, id, parameters: &parameters };
        let payload = Event::new(&self.0.account, &route_key, &asked).payload();
        if payload.len() > self.0.limits.event_bytes {
            return too_large();
        }
        let failed = || said(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
        match self.0.integration.run(&target.function, payload).await {
            Outcome::Returned(returned) => answer::read(&returned).unwrap_or_else(failed),
            Outcome::Failed(_) => failed(),
            Outcome::Silent => said(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }

    fn targets(&self) -> Arc<[HttpTarget]> {
        self.0.targets.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The route that takes a request, with the parameters of its path: of several the one with most
/// fixed segments.
fn select<'a>(
    targets: &'a [HttpTarget],
    parts: &'a Parts,
) -> Option<(&'a HttpTarget, Vec<(&'a str, &'a str)>)> {
    let method = |target: &&HttpTarget| target.route.method.as_str() == parts.method.as_str();
    let fitting = targets.iter().filter(method);
    let fitting = fitting.filter_map(|one| Some((one, one.route.parameters(parts.uri.path())?)));
    fitting.max_by_key(|(target, _)| target.route.literals())
}

/// What API Gateway says itself.
fn said(status: StatusCode, message: &str) -> Answer {
    json_answer(status, &json!({ "message": message }))
}
