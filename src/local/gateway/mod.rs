//! The WebSocket API: API Gateway's semantics on a loopback port.
//!
//! It holds connections, runs the function of each event's route, and serves the @connections API.
//! What a message means is the functions' affair.

mod authorizer;
mod callback;
mod connection;
mod event;
mod handshake;
mod ids;
mod message;
mod registry;
mod sweep;

pub use authorizer::Authorizer;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::faults::Faults;
use super::iam::Access;
use super::lambda::Lambda;
use registry::Registry;

/// Which API this is.
#[derive(Debug, Clone)]
pub struct GatewaySettings {
    /// The API's id.
    pub api_id: String,
    /// The stage; the path that clients connect to.
    pub stage: String,
    /// The region, for ARNs.
    pub region: String,
    /// The account, for ARNs.
    pub account: String,
    /// The limits in force.
    pub limits: GatewayLimits,
}

/// API Gateway's limits; the defaults are AWS's own.
#[derive(Debug, Clone)]
pub struct GatewayLimits {
    /// A connection without a message for so long is closed with 1001.
    pub idle: Duration,
    /// A connection as old as this is closed with 1001.
    pub max_duration: Duration,
    /// How long a function may take before the gateway gives up on it.
    pub integration_timeout: Duration,
    /// The largest frame from a client, in bytes; a larger one closes with 1009.
    pub frame_bytes: usize,
    /// The largest message from a client, in bytes; a larger one closes with 1009.
    pub message_bytes: usize,
    /// The largest body of a post, in bytes; a larger one is answered 413.
    pub post_bytes: usize,
    /// How much may wait for a slow client, in bytes; beyond it posts are answered 429.
    pub queue_bytes: usize,
}

impl Default for GatewayLimits {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(10 * 60),
            max_duration: Duration::from_secs(2 * 60 * 60),
            integration_timeout: Duration::from_secs(29),
            frame_bytes: 32 * 1024,
            message_bytes: 128 * 1024,
            post_bytes: 128 * 1024,
            queue_bytes: 1024 * 1024,
        }
    }
}

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

/// The WebSocket API; clones share it.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    settings: GatewaySettings,
    lambda: Lambda,
    access: Access,
    faults: Faults,
    routes: RwLock<Arc<HashMap<String, Route>>>,
    registry: Registry,
}

impl Gateway {
    /// An API without routes.
    pub fn new(settings: GatewaySettings, lambda: Lambda, access: Access, faults: Faults) -> Self {
        let routes = RwLock::default();
        let registry = Registry::default();
        Self(Arc::new(Inner { settings, lambda, access, faults, routes, registry }))
    }

    /// Replaces the routes; open connections stay and use them from now on.
    pub fn configure(&self, routes: Vec<Route>) {
        let table = routes.into_iter().map(|route| (route.key.clone(), route)).collect();
        *self.0.routes.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.0.registry.len()
    }

    fn routes(&self) -> Arc<HashMap<String, Route>> {
        self.0.routes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn settings(&self) -> &GatewaySettings {
        &self.0.settings
    }
}
