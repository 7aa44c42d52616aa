//! The open connections, by id.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::connection::Connection;

/// The open connections. Reads (posts) by far outnumber writes (connects).
#[derive(Default)]
pub struct Registry(RwLock<HashMap<Arc<str>, Arc<Connection>>>);

impl Registry {
    /// The connection of an id, while it is open.
    pub fn get(&self, id: &str) -> Option<Arc<Connection>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Opens a connection to posts.
    pub fn insert(&self, connection: Arc<Connection>) {
        let id = connection.id.clone();
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(id, connection);
    }

    /// Forgets a connection.
    pub fn remove(&self, id: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// All of them, as of now.
    pub fn all(&self) -> Vec<Arc<Connection>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}
