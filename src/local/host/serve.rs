//! Listening: takes connections, ends on a signal or when asked.

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::header::HOST;
use http::{HeaderValue, Request};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};

use super::tls::begins_as_tls;
use super::{ApplyError, Host};
use crate::local::gateway::GatewayLimits;
use crate::local::kinesisvideo::{Scheme, SignalingLimits};
use crate::local::open_files::OpenFiles;
use crate::local::state::{StateDir, StateError};

/// How often expired rows are deleted. AWS takes up to two days, and functions must not rely on either.
const TTL_SWEEP: Duration = Duration::from_secs(60);

/// How a host is started.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// The state folder.
    pub state_dir: PathBuf,
    /// The loopback port; 0 takes any free one.
    pub port: u16,
    /// API Gateway's limits, for tests of what happens at them.
    pub limits: GatewayLimits,
    /// The limits of signaling connections, for the same.
    pub signaling: SignalingLimits,
    /// How clients are told to connect to signaling channels.
    pub scheme: Scheme,
}

/// The host cannot start, or not go on.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Another host runs on this state folder.
    #[error("another host already runs on {0}")]
    Busy(PathBuf),
    /// The port is not free.
    #[error("port {port} is not free: {source}")]
    Port {
        /// The port.
        port: u16,
        /// What the operating system said.
        source: io::Error,
    },
    /// The state folder cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// A service could not start on the state it found.
    #[error("{what} in {path}: {reason}")]
    Service {
        /// Which state.
        what: &'static str,
        /// Where it lies.
        path: PathBuf,
        /// Why it cannot be used.
        reason: String,
    },
    /// The operating system refused something.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Why a connection ended before its time.
type Ended = Box<dyn std::error::Error + Send + Sync>;

/// Who is at the other end of a connection, and whether there is room for more of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    pub address: SocketAddr,
    pub room: Room,
}

/// Whether files may be opened for one more connection that stays.
#[derive(Debug, Clone, Copy)]
pub(super) enum Room {
    Enough,
    /// What is left is for functions, and for requests that end at once.
    Scarce,
}

/// Runs a host until a signal or the control API ends it.
///
/// # Errors
/// The host cannot start; nothing is left behind then.
pub async fn run(settings: HostSettings) -> Result<(), HostError> {
    let state = StateDir::new(&settings.state_dir);
    state.create()?;
    let _lock = lock(&state)?;
    let port = settings.port;
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|source| HostError::Port { port, source })?;
    let host = Host::open(state, listener.local_addr()?.port(), settings)?;
    host.resume().await;
    host.0.state.set_host(Some(&host.0.record))?;
    tracing::info!(port = host.0.record.port, "ready");
    tokio::select! {
        served = host.serve(listener) => served?,
        () = host.upkeep() => {}
    }
    host.shut_down().await;
    host.0.state.set_host(None)?;
    tracing::info!("ended");
    Ok(())
}

/// Held until the process ends; the kernel lets go of it even after a `kill -9`.
fn lock(state: &StateDir) -> Result<File, HostError> {
    let file = File::options().create(true).write(true).truncate(false).open(state.host_lock())?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(HostError::Busy(state.path().to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
    }
}

impl Host {
    /// Brings up again what was deployed before. A deployment that no longer can be is told of and
    /// left alone: `chatctl deploy` replaces it.
    async fn resume(&self) {
        let resumed = match self.0.state.deployment() {
            Ok(Some(deployment)) => self.deploy(deployment).await,
            Ok(None) => Ok(()),
            Err(error) => Err(ApplyError::State(error)),
        };
        if let Err(error) = resumed {
            tracing::error!(%error, "what was deployed before could not be brought up");
        }
    }

    /// What has to happen now and then; goes on for as long as it is polled.
    async fn upkeep(&self) {
        tokio::join!(
            self.0.gateway.enforce_time_limits(),
            self.0.tables.sweep_ttl_every(TTL_SWEEP),
            self.0.voice.sweep_every(TTL_SWEEP)
        );
    }

    async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        let open_files = OpenFiles::raise();
        tracing::info!(connections = open_files.connections(), "room");
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, address)) => {
                        let scarce = open_files.is_scarce(&stream);
                        let room = if scarce { Room::Scarce } else { Room::Enough };
                        self.spawn_connection(stream, Peer { address, room });
                    }
                    // Out of file descriptors, most likely: those that close will free some.
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be taken");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
                () = self.stopped() => return Ok(()),
            }
        }
    }

    fn spawn_connection(&self, stream: TcpStream, peer: Peer) {
        // A delay here would only mean that small frames wait for one another.
        let _ = stream.set_nodelay(true);
        let host = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                result = host.serve_either(stream, peer) => if let Err(error) = result {
                    tracing::debug!(%error, peer = %peer.address, "a connection ended early");
                },
                () = host.stopped() => {}
            }
        });
    }

    /// Serves a connection as it begins: with TLS or without.
    async fn serve_either(&self, stream: TcpStream, peer: Peer) -> Result<(), Ended> {
        if !begins_as_tls(&stream).await? {
            return self.serve_http(stream, peer).await;
        }
        // Few connections are: the others need not have room for it.
        Box::pin(async {
            let stream = self.0.tls.accept(stream, &self.0.state).await?;
            self.serve_http(stream, peer).await
        })
        .await
    }

    async fn serve_http<S>(&self, stream: S, peer: Peer) -> Result<(), Ended>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(|request| {
            let host = self.clone();
            async move { Ok::<_, Infallible>(host.dispatch(with_host(request), peer).await) }
        });
        // HTTP/2 as well, which functions use to post to many connections at once.
        let mut server = auto::Builder::new(TokioExecutor::new());
        server.http1().timer(TokioTimer::new());
        server.serve_connection_with_upgrades(TokioIo::new(stream), service).await
    }
}

/// HTTP/2 names the host beside the headers; what reads a request here finds it where HTTP/1.1 has it.
fn with_host(mut request: Request<Incoming>) -> Request<Incoming> {
    let named = request.uri().authority().filter(|_| !request.headers().contains_key(HOST));
    if let Some(host) = named.and_then(|host| HeaderValue::from_str(host.as_str()).ok()) {
        request.headers_mut().insert(HOST, host);
    }
    request
}
