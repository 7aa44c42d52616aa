//! A connection's socket: reads frames, writes what waits, says farewell.
//!
//! Reading and writing go on beside each other in one task, so that a client that reads slowly is
//! still heard, and a thousand quiet clients cost a task and a small buffer each.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::close::{BINARY, By, End, LOST};
use super::outbox::Outbox;

/// What a connection reserves for reading; the library's own default is 128 KB.
const READ_BUFFER: usize = 4 * 1024;

/// What is gathered before it is written; all that waits is written anyhow before the task rests.
const WRITE_BUFFER: usize = 8 * 1024;

/// How long a client that is told to go may take to hear it.
const PATIENCE: Duration = Duration::from_secs(2);

/// How large frames and messages may be, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Frames {
    /// The largest frame, in either direction.
    pub frame_bytes: usize,
    /// The largest message from a client.
    pub message_bytes: usize,
}

/// What a socket's task has to act on.
pub enum Turn {
    /// The client sent this.
    Text(Utf8Bytes),
    /// The connection ends.
    End(End),
}

/// A socket after the handshake.
pub struct Socket {
    stream: WebSocketStream<TokioIo<Upgraded>>,
    /// The largest frame that is sent.
    frame_bytes: usize,
    /// Something was written that may still sit in a buffer.
    unflushed: bool,
}

impl Socket {
    /// Takes over an upgraded connection.
    pub async fn new(io: Upgraded, frames: Frames) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_frame_size(Some(frames.frame_bytes))
            .max_message_size(Some(frames.message_bytes));
        let io = TokioIo::new(io);
        let stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        Self { stream, frame_bytes: frames.frame_bytes, unflushed: false }
    }

    /// Writes what waits and reads until there is something to act on.
    pub async fn turn(&mut self, outbox: &Outbox) -> Turn {
        std::future::poll_fn(|context| self.poll_turn(outbox, context)).await
    }

    fn poll_turn(&mut self, outbox: &Outbox, context: &mut Context<'_>) -> Poll<Turn> {
        if let Poll::Ready(end) = outbox.poll_end(context) {
            return Poll::Ready(Turn::End(end));
        }
        if let Poll::Ready(Err(error)) = self.poll_write(outbox, context) {
            return Poll::Ready(Turn::End(End::by_error(&error)));
        }
        self.poll_read(context)
    }

    /// Pending while the client reads too slowly.
    fn poll_write(
        &mut self,
        outbox: &Outbox,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        loop {
            ready!(self.stream.poll_ready_unpin(context))?;
            let Some(text) = outbox.take() else { break };
            self.start_send(text)?;
        }
        if self.unflushed {
            ready!(self.stream.poll_flush_unpin(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        loop {
            let end = match ready!(self.stream.poll_next_unpin(context)) {
                Some(Ok(Message::Text(text))) => return Poll::Ready(Turn::Text(text)),
                // Pings are answered with the next read, which is now. They are no activity.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Binary(_))) => BINARY,
                Some(Ok(Message::Close(frame))) => End::by_client(frame),
                Some(Err(error)) => End::by_error(&error),
                None => LOST,
            };
            return Poll::Ready(Turn::End(end));
        }
    }

    /// Hands a text to the stream's buffer, in frames of at most the limit.
    fn start_send(&mut self, text: Utf8Bytes) -> Result<(), Error> {
        self.unflushed = true;
        if text.len() <= self.frame_bytes {
            return self.stream.start_send_unpin(Message::Text(text));
        }
        let mut rest = Bytes::from(text);
        let mut kind = Data::Text;
        while !rest.is_empty() {
            let part = rest.split_to(rest.len().min(self.frame_bytes));
            let frame = Frame::message(part, OpCode::Data(kind), rest.is_empty());
            self.stream.start_send_unpin(Message::Frame(frame))?;
            kind = Data::Continue;
        }
        Ok(())
    }

    /// Ends the connection in order: what waits, a close frame, the client's own, then TCP's end.
    /// A client that takes too long for it loses the connection as it is.
    pub async fn farewell(mut self, outbox: &Outbox, end: &End) {
        if end.by == By::Line {
            return;
        }
        // Whatever comes of it, the connection is over.
        let _ = tokio::time::timeout(PATIENCE, self.part(outbox, end)).await;
    }

    async fn part(&mut self, outbox: &Outbox, end: &End) -> Result<(), Error> {
        if end.by == By::Service {
            while let Some(text) = outbox.take() {
                std::future::poll_fn(|context| self.stream.poll_ready_unpin(context)).await?;
                self.start_send(text)?;
            }
            self.stream.send(Message::Close(Some(end.frame()))).await?;
        }
        // Sends the answer to a client's close frame, or waits for the answer to ours.
        while let Some(Ok(_)) = self.stream.next().await {}
        // Bytes that nobody reads would turn the end into a reset, which takes the close frame
        // away from a client that has not read it yet.
        let io = self.stream.get_mut();
        io.shutdown().await?;
        let mut scratch = [0; 1024];
        while io.read(&mut scratch).await? > 0 {}
        Ok(())
    }
}
