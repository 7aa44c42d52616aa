//! What a handler decides is to be said, to whom, and what the log learns of it.

use std::sync::OnceLock;

use chatctl_protocol::{ErrorCode, ServerMessage};

use crate::{Attachment, Connection, Fault};

/// One addressee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub connection_id: String,
    /// The attachment through which it was found, pruned if the connection turns out to be gone.
    pub attachment: Option<(String, u64)>,
}

impl From<&Attachment> for Target {
    fn from(attachment: &Attachment) -> Self {
        Self {
            connection_id: attachment.connection_id.clone(),
            attachment: Some((attachment.room_id.clone(), attachment.attached_at)),
        }
    }
}

impl From<&Connection> for Target {
    fn from(connection: &Connection) -> Self {
        Self { connection_id: connection.connection_id.clone(), attachment: None }
    }
}

/// One message to several connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Push {
    pub to: Vec<Target>,
    pub message: ServerMessage,
}

/// What a handler returns: the answer to the caller, and what others are told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub answer: Option<ServerMessage>,
    pub pushes: Vec<Push>,
    /// What the handler has sent already.
    pub posted: Tally,
}

impl Outcome {
    pub fn answer(message: ServerMessage) -> Self {
        Self { answer: Some(message), ..Self::default() }
    }

    pub fn push<T: Into<Target>>(
        mut self,
        to: impl IntoIterator<Item = T>,
        message: ServerMessage,
    ) -> Self {
        let to: Vec<Target> = to.into_iter().map(Into::into).collect();
        if !to.is_empty() {
            self.pushes.push(Push { to, message });
        }
        self
    }
}

/// How many frames went where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Taken by API Gateway.
    pub delivered: u32,
    /// Lost for another reason than a closed connection.
    pub failed: u32,
    /// Addressed to connections that are gone.
    pub gone: u32,
    /// Attachments removed because their connection is gone.
    pub pruned: u32,
}

/// What one invocation did, for its line in the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The refusal's code; none where the request was granted.
    pub code: Option<ErrorCode>,
    /// What failed inside.
    pub fault: Option<String>,
    /// The display name of who asked, where it was learnt; logs carry only its hash.
    pub user_id: Option<String>,
    /// The room concerned.
    pub room_id: Option<String>,
    /// What was sent.
    pub tally: Tally,
    /// The caller could not be told what happened to the request.
    pub unanswered: bool,
}

impl Report {
    /// A report with what was learnt on the way.
    pub(crate) fn new(notes: Notes) -> Self {
        let Notes { user_id, room_id, fault } = notes;
        Self {
            user_id: user_id.into_inner(),
            room_id: room_id.into_inner(),
            fault: fault.into_inner(),
            ..Self::default()
        }
    }

    /// A report of a failure inside.
    pub(crate) fn fault(mut self, fault: &Fault) -> Self {
        self.code = Some(ErrorCode::Internal);
        self.fault = Some(fault.to_string());
        self
    }
}

/// What a handler learns on its way that the log wants even if it fails.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub user_id: OnceLock<String>,
    pub room_id: OnceLock<String>,
    /// What failed beside a request that was granted all the same.
    pub fault: OnceLock<String>,
}

impl Notes {
    pub fn user(&self, user_id: &str) {
        self.user_id.get_or_init(|| user_id.to_owned());
    }

    pub fn room(&self, room_id: &str) {
        self.room_id.get_or_init(|| room_id.to_owned());
    }

    pub fn fault(&self, fault: &Fault) {
        self.fault.get_or_init(|| fault.to_string());
    }
}
