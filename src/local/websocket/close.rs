//! Why connections end: the codes and reasons that clients and functions are told.

use std::borrow::Cow;

use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Utf8Bytes};

/// Who ended a connection, which decides what is still to be said on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// This side: what waits is sent, then a close frame.
    Service,
    /// The client: its close frame is answered.
    Client,
    /// The line broke: nobody is there to be told.
    Line,
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// RFC 6455's code; 1005 where the client gave none, 1006 where the line broke.
    pub code: u16,
    /// The reason.
    pub reason: Cow<'static, str>,
    /// Who ended it.
    pub by: By,
}

/// It was deleted through an API.
pub const DELETED: End = by_service(1000, "Connection Closed Normally");
/// It was idle for too long, or too old, or the service ends.
pub const GOING_AWAY: End = by_service(1001, "Going away");
/// It sent what is no WebSocket frame.
pub const PROTOCOL_ERROR: End = by_service(1002, "Protocol error");
/// It sent a binary message.
pub const BINARY: End = by_service(1003, "Binary messages are not supported");
/// It sent text that is not UTF-8.
pub const NOT_UTF8: End = by_service(1007, "Text is not valid UTF-8");
/// It sent a frame or a message beyond the limits.
pub const TOO_LONG: End = by_service(1009, "Message too long");
/// Its TCP connection ended without a close frame.
pub const LOST: End =
    End { code: 1006, reason: Cow::Borrowed("Connection closed abnormally"), by: By::Line };

const fn by_service(code: u16, reason: &'static str) -> End {
    End { code, reason: Cow::Borrowed(reason), by: By::Service }
}

impl End {
    /// The client sent a close frame.
    pub fn by_client(frame: Option<CloseFrame>) -> Self {
        let (code, reason) = match frame {
            Some(frame) => (frame.code.into(), Cow::Owned(frame.reason.as_str().to_owned())),
            None => (1005, Cow::Borrowed("Client-side close frame status not set")),
        };
        Self { code, reason, by: By::Client }
    }

    /// The client sent something that cannot be read, or nothing any more.
    pub fn by_error(error: &Error) -> Self {
        match error {
            Error::Capacity(_) => TOO_LONG,
            Error::Utf8(_) => NOT_UTF8,
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => LOST,
            Error::Protocol(_) | Error::AttackAttempt => PROTOCOL_ERROR,
            _ => LOST,
        }
    }

    /// The close frame that this side sends.
    pub fn frame(&self) -> CloseFrame {
        CloseFrame { code: self.code.into(), reason: Utf8Bytes::from(&*self.reason) }
    }
}
