//! A WebSocket client as browsers are one.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use http::HeaderMap;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::PATIENCE;

/// A connected client.
pub struct Client {
    socket: WebSocketStream<TcpStream>,
    /// The headers of the answer to the handshake.
    pub headers: HeaderMap,
}

/// A handshake that was answered with something else than 101.
#[derive(Debug)]
pub struct Refused {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Client {
    pub async fn connect(
        address: SocketAddr,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Refused> {
        let mut request = format!("ws://{address}/local{query}").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let shaken = timeout(PATIENCE, tokio_tungstenite::client_async(request, stream)).await;
        match shaken.expect("the handshake is answered") {
            Ok((socket, response)) => Ok(Self { socket, headers: response.headers().clone() }),
            Err(Error::Http(response)) => {
                let (parts, body) = response.into_parts();
                let body = String::from_utf8(body.unwrap_or_default()).unwrap();
                Err(Refused { status: parts.status.as_u16(), headers: parts.headers, body })
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    pub async fn send(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    /// Sends what may meet a socket that is closed already.
    pub async fn try_send(&mut self, message: Message) {
        let _ = self.socket.send(message).await;
    }

    pub async fn next(&mut self) -> Message {
        match timeout(PATIENCE, self.socket.next()).await.expect("something comes") {
            Some(Ok(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    /// The next text frame.
    pub async fn text(&mut self) -> String {
        match self.next().await {
            Message::Text(text) => text.as_str().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    /// What the function recorded of a message that was sent for this: its event's context.
    pub async fn id(&mut self, api: &super::Api) -> String {
        let mark = format!("who am I? {:p} {}", self, api.records().len());
        self.send(mark.clone()).await;
        let find = || {
            let mut events = api.events("MESSAGE").into_iter();
            events.find(|event| event["body"] == mark.as_str())
        };
        super::until(|| find().is_some()).await;
        let event: Value = find().unwrap();
        event["requestContext"]["connectionId"].as_str().unwrap().to_owned()
    }

    /// Reads on until the close frame; other frames are skipped.
    pub async fn closed(&mut self) -> Option<CloseFrame> {
        loop {
            if let Message::Close(frame) = self.next().await {
                return frame;
            }
        }
    }

    /// The code and the reason of the close frame.
    pub async fn closed_with(&mut self) -> (u16, String) {
        let frame = self.closed().await.expect("the close frame has a code");
        (frame.code.into(), frame.reason.as_str().to_owned())
    }

    /// Closes with this and waits until the connection is over.
    pub async fn close(mut self, frame: Option<CloseFrame>) {
        self.socket.close(frame).await.unwrap();
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    /// That nothing comes for a while.
    pub async fn hears_nothing(&mut self) {
        let waited = timeout(std::time::Duration::from_millis(300), self.socket.next()).await;
        assert!(waited.is_err(), "{waited:?}");
    }
}
