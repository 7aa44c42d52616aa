//! What goes wrong inside: told to logs, never to clients.

use chatctl_protocol::Refusal;

/// A port failed; the text is for whoever reads the logs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

/// Why a handler did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The client asked for what it cannot have, and is told why.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The server could not do it, and the client learns only that.
    #[error(transparent)]
    Fault(#[from] Fault),
}
