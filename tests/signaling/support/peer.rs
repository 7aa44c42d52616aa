//! A peer on the signaling WebSocket.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::PATIENCE;

/// A byte stream, plain or over TLS.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connected peer.
pub struct Peer(WebSocketStream<Box<dyn Stream>>);

/// A handshake that was answered with something else than 101.
#[derive(Debug)]
pub struct Refused {
    pub status: u16,
    pub kind: String,
}

impl Peer {
    pub async fn connect(url: &str) -> Result<Self, Refused> {
        let address = url.split('/').nth(2).unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(Box::new(stream), url).await
    }

    pub async fn over(stream: Box<dyn Stream>, url: &str) -> Result<Self, Refused> {
        let shaken = timeout(PATIENCE, tokio_tungstenite::client_async(url, stream)).await;
        match shaken.expect("the handshake is answered") {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => {
                let (parts, _) = response.into_parts();
                let kind = parts.headers.get("x-amzn-errortype");
                Err(Refused {
                    status: parts.status.as_u16(),
                    kind: kind.map_or("", |kind| kind.to_str().unwrap()).to_owned(),
                })
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    pub async fn send(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// Sends an action with a payload, to a viewer where one is named.
    pub async fn say(&mut self, action: &str, payload: &str, to: Option<&str>) {
        let mut message = json!({"action": action, "messagePayload": payload});
        if let Some(to) = to {
            message["recipientClientId"] = to.into();
        }
        self.send(&message).await;
    }

    /// The next message.
    pub async fn hears(&mut self) -> Value {
        match timeout(PATIENCE, self.0.next()).await.expect("something comes") {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// That nothing comes for a while.
    pub async fn hears_nothing(&mut self) {
        let waited = timeout(std::time::Duration::from_millis(300), self.0.next()).await;
        assert!(waited.is_err(), "{waited:?}");
    }

    /// The code of the close frame; other messages are skipped.
    pub async fn closed(&mut self) -> u16 {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("it is closed") {
                Some(Ok(Message::Close(frame))) => return frame.unwrap().code.into(),
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Closes and waits until the connection is over.
    pub async fn leave(mut self) {
        self.0.close(None).await.unwrap();
        while let Some(Ok(_)) = self.0.next().await {}
    }
}
