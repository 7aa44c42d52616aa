//! What can go wrong in a step.

use std::time::Duration;

/// Why a step stopped the chat.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// An address cannot be used.
    #[error("{0} is no address of a chat")]
    Address(String),
    /// Nothing is there.
    #[error("{address} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// The system's words.
        reason: String,
    },
    /// The handshake was refused.
    #[error("the connection was refused with HTTP {0}")]
    Handshake(u16),
    /// The connection ended while something was waited for.
    #[error("the connection ended while waiting for {wanted}: {how}")]
    Ended {
        /// What was waited for.
        wanted: String,
        /// The close code and reason, or the error.
        how: String,
    },
    /// What must come did not.
    #[error("{wanted} did not come within {} s", .patience.as_secs())]
    Late {
        /// What was waited for.
        wanted: String,
        /// How long.
        patience: Duration,
    },
    /// The stage answered by an error.
    #[error("the stage refused it: {code}: {message}")]
    Refused {
        /// The protocol's code.
        code: String,
        /// Its words.
        message: String,
    },
    /// API Gateway answered in the function's place.
    #[error("API Gateway answered in the function's place: {0}")]
    Gateway(String),
    /// Something else came than must.
    #[error("expected {wanted}, got {got}")]
    Unexpected {
        /// What must have come.
        wanted: String,
        /// What came.
        got: String,
    },
}

impl Trouble {
    /// Something else came than must.
    pub(super) fn unexpected(wanted: impl Into<String>, got: impl std::fmt::Debug) -> Self {
        Self::Unexpected { wanted: wanted.into(), got: format!("{got:?}") }
    }
}
