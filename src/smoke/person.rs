//! One person at the chat: an open WebSocket that speaks the protocol's own types.

use std::collections::VecDeque;
use std::time::Duration;

use chatctl_protocol::{ClientMessage, ServerMessage};
use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::dial::{Line, dial};
use super::{Endpoints, Trouble};

/// An open connection under a name.
pub(super) struct Person {
    pub name: String,
    /// What proves on a later connection that it is the same person; empty before the hello.
    pub session: String,
    socket: WebSocketStream<Box<dyn Line>>,
    unread: VecDeque<ServerMessage>,
    requests: u32,
    patience: Duration,
}

impl Person {
    /// Connects; with a session token as the person that it names.
    pub async fn connect(
        endpoints: &Endpoints,
        name: &str,
        session: &str,
    ) -> Result<Self, Trouble> {
        let patience = endpoints.patience;
        let late = |_| Trouble::Late { wanted: "the handshake".to_owned(), patience };
        let socket = tokio::time::timeout(patience, open(endpoints, name, session))
            .await
            .map_err(late)??;
        Ok(Self {
            name: name.to_owned(),
            session: session.to_owned(),
            socket,
            unread: VecDeque::new(),
            requests: 0,
            patience,
        })
    }

    /// Asks under a fresh request id and waits for the answer to it.
    pub async fn ask(&mut self, message: &ClientMessage) -> Result<ServerMessage, Trouble> {
        let frame = serde_json::to_value(message)
            .map_err(|error| Trouble::unexpected("a message that can be written", error))?;
        let wanted = format!("the answer to {}", frame["action"].as_str().unwrap_or_default());
        match self.ask_raw(frame, &wanted).await? {
            ServerMessage::Error { code, message, .. } => {
                Err(Trouble::Refused { code: format!("{code:?}"), message })
            }
            answer => Ok(answer),
        }
    }

    /// Asks whatever it is; an error frame is an answer here.
    pub async fn ask_raw(
        &mut self,
        mut frame: Value,
        wanted: &str,
    ) -> Result<ServerMessage, Trouble> {
        self.requests += 1;
        let id = format!("smoke-{}", self.requests);
        frame["requestId"] = json!(id);
        self.say(frame.to_string(), wanted).await?;
        self.within(wanted, async |person| {
            loop {
                let frame = person.frame(wanted).await?;
                let is_answer = frame["requestId"] == id.as_str();
                match serde_json::from_value(frame) {
                    Ok(message) if is_answer => return Ok(message),
                    Ok(message) => person.unread.push_back(message),
                    // A push that a newer stage knows is none of this one's business.
                    Err(error) if is_answer => return Err(Trouble::unexpected(wanted, error)),
                    Err(_) => {}
                }
            }
        })
        .await
    }

    /// Sends what is answered only if it is refused.
    pub async fn tell(&mut self, message: &ClientMessage) -> Result<(), Trouble> {
        let wanted = "a message that can be written";
        let text =
            serde_json::to_string(message).map_err(|error| Trouble::unexpected(wanted, error))?;
        self.say(text, wanted).await
    }

    /// Sends text as it stands.
    pub async fn say(&mut self, text: String, wanted: &str) -> Result<(), Trouble> {
        let ended =
            |error: Error| Trouble::Ended { wanted: wanted.to_owned(), how: error.to_string() };
        self.socket.send(Message::text(text)).await.map_err(ended)
    }

    /// Waits for the first push that fits; others stay to be waited for later.
    pub async fn until(
        &mut self,
        wanted: &str,
        fits: impl Fn(&ServerMessage) -> bool,
    ) -> Result<ServerMessage, Trouble> {
        let found = self.unread.iter().position(&fits).and_then(|at| self.unread.remove(at));
        if let Some(found) = found {
            return Ok(found);
        }
        self.within(wanted, async |person| {
            loop {
                let Ok(message) = serde_json::from_value(person.frame(wanted).await?) else {
                    continue;
                };
                if fits(&message) {
                    return Ok(message);
                }
                person.unread.push_back(message);
            }
        })
        .await
    }

    /// Waits until the other side ends the connection.
    pub async fn ended(&mut self) -> Result<(), Trouble> {
        self.within("the end of the connection", async |person| {
            while let Some(Ok(_)) = person.socket.next().await {}
            Ok(())
        })
        .await
    }

    /// Closes in order and waits for the end.
    pub async fn close(mut self) -> Result<(), Trouble> {
        // The other side may have closed first, which is as good.
        let _ = self.socket.close(None).await;
        self.ended().await
    }

    async fn within<T>(
        &mut self,
        wanted: &str,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let patience = self.patience;
        let late = |_| Trouble::Late { wanted: wanted.to_owned(), patience };
        tokio::time::timeout(patience, work(self)).await.map_err(late)?
    }

    /// The next frame of the protocol; API Gateway's own error frames are trouble.
    async fn frame(&mut self, wanted: &str) -> Result<Value, Trouble> {
        let ended = |how: String| Trouble::Ended { wanted: wanted.to_owned(), how };
        loop {
            let text = match self.socket.next().await {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Err(ended(format!("close code {} {}", frame.code, frame.reason)));
                }
                Some(Ok(Message::Close(None))) | None => return Err(ended("closed".to_owned())),
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(ended(error.to_string())),
            };
            let frame: Value = serde_json::from_str(&text)
                .map_err(|_| Trouble::unexpected("a JSON object", text.as_str()))?;
            if frame["action"].is_string() {
                return Ok(frame);
            }
            // Without `action` it is no frame of the chat: a return value that leaked says nothing,
            // but the gateway's own frames mean that no function answered.
            if frame["connectionId"].is_string() {
                return Err(Trouble::Gateway(text.to_string()));
            }
        }
    }
}

async fn open(
    endpoints: &Endpoints,
    name: &str,
    session: &str,
) -> Result<WebSocketStream<Box<dyn Line>>, Trouble> {
    let Endpoints { stage: _, web_socket_url: url, site_url, http_api_url: _, patience: _ } =
        endpoints;
    let session = if session.is_empty() { String::new() } else { format!("&session={session}") };
    let not_one = |_| Trouble::Address(url.clone());
    let mut request =
        format!("{url}?userId={name}{session}").into_client_request().map_err(not_one)?;
    // A stage may take connections from its own site only.
    if let Some(site) = site_url.as_deref().and_then(origin) {
        request.headers_mut().insert(http::header::ORIGIN, site);
    }
    match tokio_tungstenite::client_async(request, dial(url).await?).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => Err(Trouble::Handshake(answer.status().as_u16())),
        Err(error) => {
            Err(Trouble::Ended { wanted: "the handshake".to_owned(), how: error.to_string() })
        }
    }
}

fn origin(site: &str) -> Option<HeaderValue> {
    let uri: http::Uri = site.parse().ok()?;
    format!("{}://{}", uri.scheme_str()?, uri.authority()?).parse().ok()
}
