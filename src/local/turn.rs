//! A TURN relay on the loopback address, for peers that may or can not reach each other directly.
//!
//! It is started by the first who asks for credentials. Those are good for five minutes, as Kinesis
//! Video's are; what was allocated with them goes on for as long as it is refreshed.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use tokio::net::UdpSocket;
use tokio::sync::OnceCell;
use turn::auth::{AuthHandler, generate_auth_key};
use turn::relay::relay_static::RelayAddressGeneratorStatic;
use turn::server::Server;
use turn::server::config::{ConnConfig, ServerConfig};
use webrtc_util::vnet::net::Net;

use super::credentials::random;

/// How long credentials are good for, in seconds.
pub const TTL_S: u32 = 300;

const REALM: &str = "chatctl.local";

/// Longer than TURN's longest lifetime between two refreshes, ten minutes.
const ALLOCATED: Duration = Duration::from_secs(11 * 60);

/// The most clients whose allocations outlive their credentials.
const CLIENTS: usize = 4_096;

/// How to reach the relay, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnCredentials {
    /// The relay's address.
    pub uri: String,
    /// When they end, and for whom they were made.
    pub username: String,
    /// Follows from the username by a secret that nobody else has.
    pub password: String,
}

/// The relay of a stage; clones share it.
#[derive(Clone, Default)]
pub struct Turn(Arc<OnceCell<Running>>);

struct Running {
    server: Server,
    port: u16,
    secret: Arc<Secret>,
}

impl Turn {
    /// Credentials for a client, from now on; starts the relay if there is none.
    ///
    /// # Errors
    /// No port is free, or there is no randomness.
    pub async fn credentials(&self, client: &str) -> io::Result<TurnCredentials> {
        let running = self.0.get_or_try_init(Running::start).await?;
        let ends = Timestamp::now().as_second() + i64::from(TTL_S);
        let username = format!("{ends}:{}", URL_SAFE_NO_PAD.encode(client));
        Ok(TurnCredentials {
            uri: format!("turn:127.0.0.1:{}?transport=udp", running.port),
            password: running.secret.password(&username),
            username,
        })
    }

    /// Whether the relay was ever needed.
    pub fn is_running(&self) -> bool {
        self.0.initialized()
    }

    /// Ends the relay and all that it carries.
    pub async fn shutdown(&self) {
        if let Some(running) = self.0.get() {
            // It has ended already otherwise.
            let _ = running.server.close().await;
        }
    }
}

impl Running {
    async fn start() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = socket.local_addr()?.port();
        let relays = RelayAddressGeneratorStatic {
            relay_address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            address: Ipv4Addr::LOCALHOST.to_string(),
            net: Arc::new(Net::new(None)),
        };
        let listener =
            ConnConfig { conn: Arc::new(socket), relay_addr_generator: Box::new(relays) };
        let secret = Arc::new(Secret::fresh()?);
        let config = ServerConfig {
            conn_configs: vec![listener],
            realm: REALM.to_owned(),
            auth_handler: secret.clone(),
            channel_bind_timeout: Duration::ZERO,
            alloc_close_notify: None,
        };
        let server = Server::new(config).await.map_err(io::Error::other)?;
        tracing::info!(port, "TURN relay");
        Ok(Self { server, port, secret })
    }
}

/// Makes passwords and knows them again, without keeping any.
struct Secret {
    key: Vec<u8>,
    /// Who was there while the credentials were good, and when they were last seen.
    clients: Mutex<HashMap<(String, SocketAddr), Instant>>,
}

impl Secret {
    fn fresh() -> io::Result<Self> {
        Ok(Self { key: random(32)?, clients: Mutex::default() })
    }

    fn password(&self, username: &str) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(username.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// Whether a name is good now, or was when this client first used it.
    fn admits(&self, username: &str, client: SocketAddr, now_s: i64) -> bool {
        let ends = username.split(':').next().and_then(|ends| ends.parse::<i64>().ok());
        let Some(ends) = ends else { return false };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let key = (username.to_owned(), client);
        if ends <= now_s {
            let seen = clients.get_mut(&key).filter(|seen| seen.elapsed() < ALLOCATED);
            return seen.map(|seen| *seen = now).is_some();
        }
        if clients.len() >= CLIENTS {
            clients.retain(|_, seen| seen.elapsed() < ALLOCATED);
        }
        if clients.len() < CLIENTS {
            clients.insert(key, now);
        }
        true
    }
}

impl AuthHandler for Secret {
    fn auth_handle(
        &self,
        username: &str,
        realm: &str,
        client: SocketAddr,
    ) -> Result<Vec<u8>, turn::Error> {
        if !self.admits(username, client, Timestamp::now().as_second()) {
            return Err(turn::Error::Other("these credentials have ended".to_owned()));
        }
        Ok(generate_auth_key(username, realm, &self.password(username)))
    }
}

#[cfg(test)]
mod tests;
