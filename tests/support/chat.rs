//! A plain WebSocket client of the chat: sends JSON, tells answers from pushes by `requestId`.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;

/// How long a test waits for what must come, unless it says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open connection.
pub struct Chat {
    socket: WebSocketStream<TcpStream>,
    unread: VecDeque<Value>,
    requests: u64,
    /// What proves to be the same person; empty before the hello.
    pub session: String,
    /// How long to wait for a frame.
    pub patience: Duration,
}

impl Chat {
    /// Connects under a name and says hello.
    pub async fn join(url: &str, name: &str) -> Self {
        Self::resume(url, name, None).await
    }

    /// Connects as the person of a session token, and says hello.
    pub async fn resume(url: &str, name: &str, session: Option<&str>) -> Self {
        let mut chat = Self::connect(url, name, session).await.expect("the handshake succeeds");
        let welcome = chat.ask(json!({"action": "hello"})).await;
        assert_eq!(welcome["action"], "welcome", "{welcome}");
        chat.session = welcome["sessionToken"].as_str().expect("a token").to_owned();
        chat
    }

    /// Connects and says nothing.
    pub async fn connect(url: &str, name: &str, session: Option<&str>) -> Result<Self, String> {
        let session = session.map(|token| format!("&session={token}")).unwrap_or_default();
        let name = name.replace(' ', "%20");
        let url = format!("{url}?userId={name}{session}");
        let address = url
            .strip_prefix("ws://")
            .and_then(|rest| rest.split('/').next())
            .expect("a ws:// address");
        let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        let (socket, _) = tokio_tungstenite::client_async(url, stream)
            .await
            .map_err(|error| error.to_string())?;
        Ok(Self {
            socket,
            unread: VecDeque::new(),
            requests: 0,
            session: String::new(),
            patience: PATIENCE,
        })
    }

    /// Sends a message as it stands.
    pub async fn send(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).await.expect("the connection is open");
    }

    /// Sends raw bytes as a text or binary frame.
    pub async fn send_raw(&mut self, message: Message) {
        self.socket.send(message).await.expect("the connection is open");
    }

    /// Sends a message under a fresh request id and waits for the answer to it.
    pub async fn ask(&mut self, message: Value) -> Value {
        self.try_ask(message).await.expect("an answer")
    }

    /// As [`Self::ask`], but a connection that ends is an error and not a failure.
    pub async fn try_ask(&mut self, mut message: Value) -> Result<Value, String> {
        self.requests += 1;
        let id = format!("t{}", self.requests);
        message["requestId"] = json!(id);
        self.socket
            .send(Message::text(message.to_string()))
            .await
            .map_err(|error| error.to_string())?;
        self.until(|frame| frame["requestId"] == id.as_str()).await
    }

    /// Waits for a push of an action.
    pub async fn push(&mut self, action: &str) -> Value {
        self.until(|frame| frame["action"] == action)
            .await
            .unwrap_or_else(|error| panic!("no {action}: {error}"))
    }

    /// Waits for the first frame that fits; others stay to be read later.
    pub async fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Result<Value, String> {
        if let Some(at) = self.unread.iter().position(&fits) {
            return Ok(self.unread.remove(at).expect("the position was just found"));
        }
        let patience = self.patience;
        let wait = async {
            loop {
                let frame = self.read().await?;
                if fits(&frame) {
                    return Ok(frame);
                }
                self.unread.push_back(frame);
            }
        };
        tokio::time::timeout(patience, wait).await.map_err(|_| "nothing came in time".to_owned())?
    }

    /// Frames that have come within a moment and were not waited for.
    pub async fn drain(&mut self, moment: Duration) -> Vec<Value> {
        while let Ok(Ok(frame)) = tokio::time::timeout(moment, self.read()).await {
            self.unread.push_back(frame);
        }
        self.unread.drain(..).collect()
    }

    /// Waits for the end of the connection: its close code, none where the line just broke.
    pub async fn closed(&mut self) -> Option<CloseFrame> {
        let wait = async {
            while let Some(Ok(message)) = self.socket.next().await {
                if let Message::Close(frame) = message {
                    return frame;
                }
            }
            None
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the connection ends")
    }

    /// Closes in order.
    pub async fn close(mut self) {
        // The other side may have closed first, which is as good.
        let _ = self.socket.close(None).await;
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    async fn read(&mut self) -> Result<Value, String> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"));
                }
                Some(Ok(Message::Close(frame))) => return Err(format!("closed: {frame:?}")),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.to_string()),
                None => return Err("the connection ended".to_owned()),
            }
        }
    }
}

/// Makes a room and lets people in, one after the other.
pub async fn room_of(admin: &mut Chat, others: &mut [(&str, &mut Chat)]) -> String {
    let created = admin.ask(json!({"action": "createRoom", "roomName": "Lobby"})).await;
    let room =
        created["roomId"].as_str().unwrap_or_else(|| panic!("no room: {created}")).to_owned();
    for (name, chat) in others {
        chat.ask(json!({"action": "joinRoom", "subAction": "request", "roomId": room})).await;
        admin.push("joinRequest").await;
        let decision = json!({"action": "joinRoom", "subAction": "approve", "roomId": room, "targetUserId": name});
        admin.ask(decision).await;
        let outcome = chat
            .until(|frame| frame["action"] == "joinResponse" && frame["status"] == "approved")
            .await;
        outcome.unwrap_or_else(|error| panic!("{name} was not let in: {error}"));
    }
    room
}

/// Every message of a room, oldest first, page by page.
pub async fn history(chat: &mut Chat, room: &str) -> Vec<Value> {
    let mut messages = Vec::new();
    let mut before = Value::Null;
    loop {
        let mut ask = json!({"action": "getHistory", "roomId": room, "limit": 100});
        if !before.is_null() {
            ask["before"] = before.take();
        }
        let page = chat.ask(ask).await;
        let mut older =
            page["messages"].as_array().unwrap_or_else(|| panic!("no history: {page}")).clone();
        older.append(&mut messages);
        messages = older;
        match page.get("nextBefore") {
            Some(next) => before = next.clone(),
            None => return messages,
        }
    }
}
