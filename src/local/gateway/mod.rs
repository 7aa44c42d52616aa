//! The WebSocket API: API Gateway's semantics on a loopback port. The HTTP API is in `http_api`.
//!
//! It holds connections, runs the function of each event's route, and serves the @connections API.
//! What a message means is the functions' affair. Where AWS is strict, so is this: ids need their
//! percent-encoding, posts before `$connect` has returned find nobody, bodies that functions return
//! are dropped, limits close connections.

mod admission;
mod authorizer;
mod callback;
mod connection;
mod event;
mod handshake;
mod http_api;
mod ids;
mod integration;
mod life;
mod message;
mod registry;
mod routes;
mod settings;

pub use authorizer::Authorizer;
pub use http_api::{HttpApi, HttpLimits, HttpTarget};
pub use routes::{Route, RouteResponse};
pub use settings::{GatewayLimits, GatewaySettings};

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use super::faults::Faults;
use super::iam::Access;
use super::lambda::Lambda;
use integration::Integration;
use registry::Registry;
use routes::Routes;

/// The WebSocket API; clones share it.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    settings: GatewaySettings,
    integration: Integration,
    access: Access,
    faults: Faults,
    routes: RwLock<Arc<Routes>>,
    registry: Registry,
    /// Connections from their admission until their `$disconnect` has run.
    lives: watch::Sender<usize>,
    /// Set once, when the gateway ends: nobody is admitted any more.
    ending: watch::Sender<bool>,
}

impl Gateway {
    /// An API without routes.
    pub fn new(settings: GatewaySettings, lambda: Lambda, access: Access, faults: Faults) -> Self {
        let timeout = settings.limits.integration_timeout;
        Self(Arc::new(Inner {
            settings,
            integration: Integration::new(lambda, faults.clone(), timeout),
            access,
            faults,
            routes: RwLock::default(),
            registry: Registry::default(),
            lives: watch::Sender::new(0),
            ending: watch::Sender::new(false),
        }))
    }

    /// Replaces the routes; open connections stay and use them from now on.
    pub fn configure(&self, routes: Vec<Route>) {
        let routes = Arc::new(Routes::new(routes));
        *self.0.routes.write().unwrap_or_else(PoisonError::into_inner) = routes;
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.0.registry.len()
    }

    fn routes(&self) -> Arc<Routes> {
        self.0.routes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn settings(&self) -> &GatewaySettings {
        &self.0.settings
    }

    fn limits(&self) -> &GatewayLimits {
        &self.0.settings.limits
    }
}
