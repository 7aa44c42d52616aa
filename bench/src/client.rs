//! A WebSocket client of the chat, the same for every side that is measured.
//!
//! Setting up a room reads frames as JSON; under load they are only searched, for the clients share
//! the cores with what they measure.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::Result;

/// How long anything that must come may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open connection under a name.
pub struct Client {
    socket: WebSocketStream<TcpStream>,
    /// The name.
    pub name: String,
    requests: u64,
}

impl Client {
    /// Connects and says hello.
    pub async fn connect(url: &str, name: &str) -> Result<Self> {
        let address = url
            .strip_prefix("ws://")
            .and_then(|rest| rest.split('/').next())
            .ok_or_else(|| format!("{url} is no ws:// address"))?;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let separator = if url[5..].contains('/') { "" } else { "/" };
        let target = format!("{url}{separator}?userId={name}");
        let (socket, _) = tokio_tungstenite::client_async(target, stream).await?;
        let mut client = Self { socket, name: name.to_owned(), requests: 0 };
        let welcome = client.ask(json!({"action": "hello"})).await?;
        if welcome["action"] != "welcome" {
            return Err(format!("hello was answered with {welcome}").into());
        }
        Ok(client)
    }

    /// Sends a frame as it stands.
    pub async fn send(&mut self, frame: String) -> Result<()> {
        Ok(self.socket.send(Message::text(frame)).await?)
    }

    /// The next text frame.
    pub async fn next(&mut self) -> Result<Utf8Bytes> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(frame))) => {
                    return Err(format!("{} was closed: {frame:?}", self.name).into());
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(format!("{}: {error}", self.name).into()),
                None => return Err(format!("{}: the connection ended", self.name).into()),
            }
        }
    }

    /// Sends a request and waits for the answer to it; an error frame is an error.
    pub async fn ask(&mut self, mut request: Value) -> Result<Value> {
        self.requests += 1;
        let id = format!("q{}", self.requests);
        request["requestId"] = json!(id);
        self.send(request.to_string()).await?;
        self.until(|frame| frame["requestId"] == id.as_str()).await
    }

    /// Waits for the first frame that fits; frames before it are dropped.
    pub async fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let wait = async {
            loop {
                let frame: Value = serde_json::from_str(&self.next().await?)?;
                if frame["action"] == "error" {
                    return Err(format!("{} was refused: {frame}", self.name).into());
                }
                if fits(&frame) {
                    return Ok(frame);
                }
            }
        };
        let patience = tokio::time::timeout(PATIENCE, wait).await;
        patience.map_err(|_| "an answer did not come within 20 s")?
    }
}

/// Makes a room of these clients; the first makes it and lets the others in. Gives the room's id.
pub async fn gather(clients: &mut [Client]) -> Result<String> {
    let (admin, others) = clients.split_first_mut().ok_or("a room has at least one client")?;
    let created = admin.ask(json!({"action": "createRoom", "roomName": "Bench"})).await?;
    let room = created["roomId"].as_str().ok_or("a room without an id")?.to_owned();
    for other in others {
        let request = json!({"action": "joinRoom", "subAction": "request", "roomId": room});
        other.send(request.to_string()).await?;
        admin.until(|frame| frame["action"] == "joinRequest").await?;
        admin
            .ask(json!({"action": "joinRoom", "subAction": "approve", "roomId": room,
                        "targetUserId": other.name}))
            .await?;
        other
            .until(|frame| frame["action"] == "joinResponse" && frame["status"] == "approved")
            .await?;
    }
    Ok(room)
}
