//! The open connections, by id.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::connection::Connection;
use super::settings::GatewayLimits;
use crate::local::websocket::End;

type Map = HashMap<Arc<str>, Arc<Connection>>;

/// The open connections. Reads (posts) by far outnumber writes (connects), and no step waits.
#[derive(Default)]
pub struct Registry(RwLock<Map>);

impl Registry {
    /// The connection of an id, while it is open.
    pub fn get(&self, id: &str) -> Option<Arc<Connection>> {
        self.read().get(id).cloned()
    }

    /// Opens a connection to posts.
    pub fn insert(&self, connection: Arc<Connection>) {
        self.write().insert(connection.id().clone(), connection);
    }

    /// Forgets a connection.
    pub fn remove(&self, id: &str) {
        self.write().remove(id);
    }

    /// All of them, as of now.
    pub fn all(&self) -> Vec<Arc<Connection>> {
        self.read().values().cloned().collect()
    }

    /// Those that have to end at this time (ms since the epoch), and why.
    pub fn overdue(&self, now: i64, limits: &GatewayLimits) -> Vec<(Arc<Connection>, End)> {
        let connections = self.read();
        let overdue = connections
            .values()
            .filter_map(|connection| Some((connection.clone(), connection.overdue(now, limits)?)));
        overdue.collect()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Map> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Map> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
