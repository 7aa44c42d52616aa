//! One open connection: reads frames, runs messages, writes what is posted, ends once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, error::TryRecvError};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::event::Subject;
use super::{Gateway, GatewayLimits};

/// Who is at the other end, as events and `GET @connections` tell it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The peer's address.
    pub source_ip: String,
    /// The handshake's `User-Agent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// What the gateway sends on a connection.
pub enum Outgoing {
    /// A text frame.
    Text(Utf8Bytes),
    /// The end, with the code that the client and `$disconnect` are told.
    Close(u16, &'static str),
}

/// An open connection, as the rest of the gateway sees it.
pub struct Connection {
    /// Its id.
    pub id: Arc<str>,
    /// When it connected, ms since the epoch.
    pub connected_at: i64,
    /// Who is at the other end.
    pub identity: Identity,
    /// The host that the client asked for.
    pub domain: String,
    /// What the authorizer returned; part of every event.
    pub authorizer: Option<Value>,
    /// When a message last went either way, ms since the epoch.
    pub last_active: AtomicI64,
    outbox: UnboundedSender<Outgoing>,
    /// Bytes that wait in the outbox.
    waiting: AtomicUsize,
}

/// The connection's outbox is full: its client reads too slowly.
pub struct Full;

impl Connection {
    /// A connection that was just accepted.
    pub fn new(
        id: Arc<str>,
        identity: Identity,
        domain: String,
        authorizer: Option<Value>,
        connected_at: i64,
        outbox: UnboundedSender<Outgoing>,
    ) -> Self {
        let last_active = AtomicI64::new(connected_at);
        Self {
            id,
            connected_at,
            identity,
            domain,
            authorizer,
            last_active,
            outbox,
            waiting: AtomicUsize::new(0),
        }
    }

    /// Queues a text frame, in the order of the calls.
    ///
    /// # Errors
    /// More than `limit` bytes wait already.
    pub fn post(&self, text: Utf8Bytes, limit: usize) -> Result<(), Full> {
        let bytes = text.len();
        if self.waiting.fetch_add(bytes, Ordering::Relaxed) + bytes > limit {
            self.waiting.fetch_sub(bytes, Ordering::Relaxed);
            return Err(Full);
        }
        // A closed outbox is a connection that ends this very moment: delivery is not promised then.
        let _ = self.outbox.send(Outgoing::Text(text));
        Ok(())
    }

    /// Asks the connection to end.
    pub fn close(&self, code: u16, reason: &'static str) {
        // A closed outbox means that it has ended.
        let _ = self.outbox.send(Outgoing::Close(code, reason));
    }

    /// Whose event it is.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            connection_id: &self.id,
            connected_at: self.connected_at,
            identity: &self.identity,
            domain: &self.domain,
            authorizer: self.authorizer.as_ref(),
        }
    }

    fn touch(&self) {
        self.last_active.store(Timestamp::now().as_millisecond(), Ordering::Relaxed);
    }
}

/// Why a connection ended: a close code and a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// RFC 6455's code; 1005 where the client gave none, 1006 where the line broke.
    pub code: u16,
    /// The reason.
    pub reason: String,
}

impl End {
    fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Serves an upgraded connection until it ends.
pub async fn serve(
    gateway: &Gateway,
    connection: &Arc<Connection>,
    io: Upgraded,
    mut outbox: UnboundedReceiver<Outgoing>,
) -> End {
    let config = config(&gateway.settings().limits);
    let mut socket =
        WebSocketStream::from_raw_socket(TokioIo::new(io), Role::Server, Some(config)).await;
    loop {
        let end = tokio::select! {
            frame = socket.next() => match frame {
                Some(Ok(message)) => received(gateway, connection, &mut socket, message).await,
                Some(Err(error)) => Some(failed(&mut socket, error).await),
                None => Some(End::new(1006, "Connection lost")),
            },
            Some(first) = outbox.recv() => {
                write(connection, &mut socket, first, &mut outbox).await
            }
        };
        if let Some(end) = end {
            return end;
        }
    }
}

/// Small buffers: a thousand idle connections are the normal case.
fn config(limits: &GatewayLimits) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_frame_size(Some(limits.frame_bytes))
        .max_message_size(Some(limits.message_bytes))
}

async fn received(
    gateway: &Gateway,
    connection: &Arc<Connection>,
    socket: &mut Socket,
    message: Message,
) -> Option<End> {
    match message {
        Message::Text(text) => {
            connection.touch();
            gateway.spawn_message(connection.clone(), text);
            None
        }
        Message::Binary(_) => {
            Some(close(socket, CloseCode::Unsupported, "Binary frames are not supported").await)
        }
        Message::Close(Some(frame)) => {
            finish(socket).await;
            Some(End::new(frame.code.into(), frame.reason.as_str()))
        }
        Message::Close(None) => {
            finish(socket).await;
            Some(End::new(1005, "Client-side close frame status not set"))
        }
        // tungstenite answers pings by itself when it is polled next; they are no activity.
        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => None,
    }
}

/// What a broken frame ends with.
async fn failed(socket: &mut Socket, error: Error) -> End {
    match error {
        Error::Capacity(_) => close(socket, CloseCode::Size, "Message too long").await,
        Error::Utf8(_) => close(socket, CloseCode::Invalid, "Invalid UTF-8 in a text frame").await,
        Error::Protocol(_) => close(socket, CloseCode::Protocol, "Protocol error").await,
        _ => End::new(1006, "Connection closed abnormally"),
    }
}

/// Writes everything that waits in one flush.
async fn write(
    connection: &Connection,
    socket: &mut Socket,
    first: Outgoing,
    outbox: &mut UnboundedReceiver<Outgoing>,
) -> Option<End> {
    connection.touch();
    let mut next = Some(first);
    while let Some(outgoing) = next {
        match outgoing {
            Outgoing::Text(text) => {
                connection.waiting.fetch_sub(text.len(), Ordering::Relaxed);
                if socket.feed(Message::Text(text)).await.is_err() {
                    return Some(End::new(1006, "Connection closed abnormally"));
                }
            }
            Outgoing::Close(code, reason) => return Some(close(socket, code.into(), reason).await),
        }
        next = match outbox.try_recv() {
            Ok(outgoing) => Some(outgoing),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
        };
    }
    socket.flush().await.is_err().then(|| End::new(1006, "Connection closed abnormally"))
}

/// Sends a close frame and waits a moment for the client's.
async fn close(socket: &mut Socket, code: CloseCode, reason: &'static str) -> End {
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    // A line that is gone needs no close frame.
    if socket.send(Message::Close(Some(frame))).await.is_ok() {
        finish(socket).await;
    }
    End::new(code.into(), reason)
}

/// Reads what is left until the client has closed as well; a second is patience enough.
async fn finish(socket: &mut Socket) {
    let rest = async { while let Some(Ok(_)) = socket.next().await {} };
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), rest).await;
}
