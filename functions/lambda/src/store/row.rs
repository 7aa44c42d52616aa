//! The rows of ChatConnections, ChatNames, ChatMessages and ChatDedupe.

use chatctl_domain::{Connection, NameHold, RefusalNotice, StoredMessage};
use chatctl_protocol::{ChatMessage, ErrorCode, Refusal};
use serde::{Deserialize, Serialize};

use crate::attribute::{Flag, Number, Text, Texts, number, text};

/// ChatConnections.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConnectionRow {
    connection_id: Text,
    person_id: Text,
    user_id: Text,
    name_key: Text,
    connected_at: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<Text>,
    /// The database keeps no empty set.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    voice_rooms: Texts,
    expires_at: Number,
}

impl From<&Connection> for ConnectionRow {
    fn from(connection: &Connection) -> Self {
        let Connection {
            connection_id,
            person_id,
            user_id,
            name_key,
            connected_at,
            room_id,
            voice_rooms,
            expires_at,
        } = connection;
        Self {
            connection_id: text(connection_id),
            person_id: text(person_id),
            user_id: text(user_id),
            name_key: text(name_key),
            connected_at: number(*connected_at),
            room_id: room_id.as_ref().map(text),
            voice_rooms: Texts { values: voice_rooms.clone() },
            expires_at: number(*expires_at),
        }
    }
}

impl From<ConnectionRow> for Connection {
    fn from(row: ConnectionRow) -> Self {
        Self {
            connection_id: row.connection_id.value,
            person_id: row.person_id.value,
            user_id: row.user_id.value,
            name_key: row.name_key.value,
            connected_at: row.connected_at.value,
            room_id: row.room_id.map(|room| room.value),
            voice_rooms: row.voice_rooms.values,
            expires_at: row.expires_at.value,
        }
    }
}

/// ChatConnections, of a connection that is refused: why. It has no person, so no index shows it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefusalRow {
    connection_id: Text,
    refused_with: Code,
    reason: Text,
    expires_at: Number,
}

#[derive(Debug, Serialize, Deserialize)]
struct Code {
    #[serde(rename = "S")]
    value: ErrorCode,
}

impl RefusalRow {
    /// The row of a refusal, void at a time (s).
    pub(super) fn new(notice: &RefusalNotice, expires_at: u64) -> Self {
        let RefusalNotice { connection_id, code, message } = notice;
        Self {
            connection_id: text(connection_id),
            refused_with: Code { value: *code },
            reason: text(message),
            expires_at: number(expires_at),
        }
    }
}

/// What ChatConnections says about a connection.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Standing {
    Admitted(ConnectionRow),
    Refused(RefusalRow),
}

impl Standing {
    pub(super) fn admitted(self) -> Option<Connection> {
        match self {
            Self::Admitted(row) => Some(row.into()),
            Self::Refused(_) => None,
        }
    }

    pub(super) fn refused(self) -> Option<Refusal> {
        match self {
            Self::Admitted(_) => None,
            Self::Refused(row) => Some(Refusal::new(row.refused_with.value, row.reason.value)),
        }
    }
}

/// ChatNames, as it is read; writes change it in place.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NameRow {
    name_key: Text,
    user_id: Text,
    person_id: Text,
    held_at: Number,
    expires_at: Number,
    #[serde(default)]
    connections: Texts,
    #[serde(default)]
    reserved: Flag,
    left_at: Option<Number>,
}

impl From<NameRow> for NameHold {
    fn from(row: NameRow) -> Self {
        Self {
            name_key: row.name_key.value,
            user_id: row.user_id.value,
            person_id: row.person_id.value,
            held_at: row.held_at.value,
            expires_at: row.expires_at.value,
            connections: row.connections.values,
            reserved: row.reserved.value,
            left_at: row.left_at.map(|left| left.value),
        }
    }
}

/// ChatMessages.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageRow {
    room_id: Text,
    message_id: Text,
    user_id: Text,
    person_id: Text,
    message: Text,
    timestamp: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_message_id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<Text>,
}

impl From<&StoredMessage> for MessageRow {
    fn from(stored: &StoredMessage) -> Self {
        let StoredMessage { message, person_id } = stored;
        let ChatMessage {
            room_id,
            message_id,
            user_id,
            message,
            timestamp,
            client_message_id,
            reply_to,
        } = message;
        Self {
            room_id: text(room_id),
            message_id: text(message_id),
            user_id: text(user_id),
            person_id: text(person_id),
            message: text(message),
            timestamp: number(*timestamp),
            client_message_id: client_message_id.as_ref().map(text),
            reply_to: reply_to.as_ref().map(text),
        }
    }
}

impl From<MessageRow> for StoredMessage {
    fn from(row: MessageRow) -> Self {
        let message = ChatMessage {
            room_id: row.room_id.value,
            message_id: row.message_id.value,
            user_id: row.user_id.value,
            message: row.message.value,
            timestamp: row.timestamp.value,
            client_message_id: row.client_message_id.map(|id| id.value),
            reply_to: row.reply_to.map(|id| id.value),
        };
        Self { message, person_id: row.person_id.value }
    }
}

/// ChatDedupe.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DedupeRow {
    pub(super) dedupe_key: Text,
    pub(super) message_id: Text,
    pub(super) timestamp: Number,
    pub(super) expires_at: Number,
}
