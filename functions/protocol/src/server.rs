//! What the server sends: answers to requests, and pushes that nobody asked for.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::credentials::VoiceCredentials;
use crate::voice::{VoiceEvent, VoiceState};
use crate::{ErrorCode, Limits, Refusal};

/// A message to a client, by its `action`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(optional_fields)]
pub enum ServerMessage {
    /// Answers `hello`.
    Welcome {
        /// The name under which this connection speaks.
        user_id: String,
        /// Proves on a later connection that it is the same person; secret.
        session_token: String,
        /// The server's clock, ms since the epoch.
        #[ts(type = "number")]
        server_time: u64,
        /// The limits in force.
        limits: Limits,
        /// The rooms in which this person is an approved member.
        rooms: Vec<RoomSummary>,
    },
    /// Answers `createRoom`.
    RoomCreated {
        /// The new room's id, to be shared.
        room_id: String,
        /// Its name.
        room_name: String,
    },
    /// To a room's admins: somebody asks to join.
    JoinRequest {
        /// Who asks.
        user_id: String,
        /// The room.
        room_id: String,
    },
    /// Answers `joinRoom`, and tells the asker of the decision.
    JoinResponse {
        /// The room.
        room_id: String,
        /// What has become of the request.
        status: JoinStatus,
        /// The room's name, for those let in.
        #[serde(skip_serializing_if = "Option::is_none")]
        room_name: Option<String>,
        /// Whose request was decided, in the answer to the admin who decided it.
        #[serde(skip_serializing_if = "Option::is_none")]
        user_id: Option<String>,
    },
    /// Answers `sendMessage`: the message is stored.
    MessageAck {
        /// The room.
        room_id: String,
        /// The message's id (ULID).
        message_id: String,
        /// The client's own id, where it gave one.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_message_id: Option<String>,
        /// When it was stored, ms since the epoch.
        #[ts(type = "number")]
        timestamp: u64,
    },
    /// To every connected member: somebody said something.
    Message(ChatMessage),
    /// Answers `getMembers`.
    RoomMembers {
        /// The room.
        room_id: String,
        /// Its name.
        room_name: String,
        /// Members and, on the first page, those who ask to be.
        participants: Vec<Participant>,
        /// Pass it as `after` for the page of further members; absent where there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<String>,
        /// The room's voice.
        voice: VoiceState,
    },
    /// Answers `getHistory`.
    History {
        /// The room.
        room_id: String,
        /// Oldest first.
        messages: Vec<ChatMessage>,
        /// Pass it as `before` for the page of older messages; absent where there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_before: Option<String>,
    },
    /// Answers `leaveRoom`.
    RoomLeft {
        /// The room.
        room_id: String,
    },
    /// To the members: somebody was let in.
    MemberJoined {
        /// The room.
        room_id: String,
        /// Who.
        user_id: String,
    },
    /// To the members: somebody gave up their membership.
    MemberLeft {
        /// The room.
        room_id: String,
        /// Who.
        user_id: String,
    },
    /// To the members: somebody came online or went offline.
    Presence {
        /// The room.
        room_id: String,
        /// Who.
        user_id: String,
        /// Whether any connection of theirs is open.
        online: bool,
    },
    /// Answers `ping`.
    Pong {
        /// The server's clock, ms since the epoch.
        #[ts(type = "number")]
        timestamp: u64,
    },
    /// Voice in a room: the answer to `voiceSignal`, and what its people and their browsers tell
    /// one another.
    VoiceSignal(VoiceEvent),
    /// Answers `createVoiceRoom`.
    VoiceRoomCreated {
        /// The voice room: a new one, or the one that is active.
        voice_room_id: String,
        /// Who started it, and is its master: where two start at once, one of them.
        master_user_id: String,
    },
    /// To the members: somebody has started voice.
    VoiceRoomAvailable {
        /// The voice room.
        voice_room_id: String,
        /// The room.
        room_id: String,
        /// Who started it, and is its master.
        master_user_id: String,
    },
    /// Answers `getVoiceCredentials`.
    VoiceCredentials(Box<VoiceCredentials>),
    /// To the members, and answers `endVoiceRoom`: voice has ended for everybody.
    VoiceRoomEnded {
        /// The voice room.
        voice_room_id: String,
    },
    /// A request was refused.
    Error {
        /// Which part of a client it is for, where the original client asks.
        #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
        kind: Option<ErrorKind>,
        /// The kind of refusal.
        code: ErrorCode,
        /// What was wrong, and what would be right.
        message: String,
        /// When the same request can succeed, in ms from now.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(type = "number", optional)]
        retry_after_ms: Option<u64>,
    },
}

impl From<Refusal> for ServerMessage {
    fn from(refusal: Refusal) -> Self {
        let Refusal { code, message, retry_after_ms } = refusal;
        Self::Error { kind: None, code, message, retry_after_ms }
    }
}

/// Which part of a client an error is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ErrorKind {
    /// A request about a voice room.
    VoiceRoomError,
}

/// A stored message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ChatMessage {
    /// The room.
    pub room_id: String,
    /// The message's id (ULID): sorts by time.
    pub message_id: String,
    /// Who said it.
    pub user_id: String,
    /// The text.
    pub message: String,
    /// When it was stored, ms since the epoch.
    #[ts(type = "number")]
    pub timestamp: u64,
    /// The sender's own id, where it gave one: a sender's other tabs know their message by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<String>,
    /// The message that this one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}

/// A room in `welcome`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RoomSummary {
    /// The room.
    pub room_id: String,
    /// Its name.
    pub room_name: String,
    /// Whether this person decides who joins.
    pub is_admin: bool,
}

/// What has become of a request to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum JoinStatus {
    /// The admin has not decided.
    Pending,
    /// Let in.
    Approved,
    /// Turned away; asking again is allowed.
    Rejected,
}

/// A person's standing in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum MemberStatus {
    /// A member.
    Approved,
    /// Asks to be one.
    Pending,
}

/// One line of the participant list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// Who.
    pub user_id: String,
    /// Member or asker.
    pub status: MemberStatus,
    /// Whether they decide who joins.
    pub is_admin: bool,
    /// Whether any connection of theirs is open; false of those who only ask, of whom it is not known.
    pub online: bool,
}

/// A message with the id of the request that it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// The message.
    #[serde(flatten)]
    pub message: ServerMessage,
    /// The request's id; absent on pushes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::{VoiceParticipant, VoiceTransport};

    #[test]
    fn each_message_has_its_golden_form() {
        let samples = samples();
        insta::assert_json_snapshot!(samples);
    }

    fn samples() -> Vec<Reply> {
        let message = ChatMessage {
            room_id: "r1".into(),
            message_id: "01JD".into(),
            user_id: "Alice".into(),
            message: "hi".into(),
            timestamp: 1,
            client_message_id: None,
            reply_to: None,
        };
        let (room_id, user_id) = (|| "r1".to_owned(), || "Alice".to_owned());
        let participant = Participant {
            user_id: user_id(),
            status: MemberStatus::Pending,
            is_admin: false,
            online: true,
        };
        let all = [
            ServerMessage::Welcome {
                user_id: user_id(),
                session_token: "t".into(),
                server_time: 1,
                limits: Limits::CURRENT,
                rooms: vec![RoomSummary {
                    room_id: room_id(),
                    room_name: "Lobby".into(),
                    is_admin: true,
                }],
            },
            ServerMessage::RoomCreated { room_id: room_id(), room_name: "Lobby".into() },
            ServerMessage::JoinRequest { user_id: user_id(), room_id: room_id() },
            ServerMessage::JoinResponse {
                room_id: room_id(),
                status: JoinStatus::Pending,
                room_name: None,
                user_id: None,
            },
            ServerMessage::MessageAck {
                room_id: room_id(),
                message_id: "01JD".into(),
                client_message_id: None,
                timestamp: 1,
            },
            ServerMessage::Message(message.clone()),
            ServerMessage::RoomMembers {
                room_id: room_id(),
                room_name: "Lobby".into(),
                participants: vec![participant],
                next: Some("1-01JD".into()),
                voice: VoiceState {
                    enabled: true,
                    transport: VoiceTransport::Mesh,
                    participants: vec![VoiceParticipant {
                        user_id: user_id(),
                        muted: false,
                        client_id: Some("c-1".into()),
                    }],
                    voice_room_id: None,
                },
            },
            ServerMessage::History {
                room_id: room_id(),
                messages: vec![message],
                next_before: Some("01JD".into()),
            },
            ServerMessage::RoomLeft { room_id: room_id() },
            ServerMessage::MemberJoined { room_id: room_id(), user_id: user_id() },
            ServerMessage::MemberLeft { room_id: room_id(), user_id: user_id() },
            ServerMessage::Presence { room_id: room_id(), user_id: user_id(), online: true },
            ServerMessage::Pong { timestamp: 1 },
            ServerMessage::VoiceSignal(VoiceEvent::Enable { room_id: room_id(), from: user_id() }),
            ServerMessage::VoiceRoomCreated {
                voice_room_id: "r1-v1".into(),
                master_user_id: user_id(),
            },
            ServerMessage::VoiceRoomAvailable {
                voice_room_id: "r1-v1".into(),
                room_id: room_id(),
                master_user_id: user_id(),
            },
            ServerMessage::VoiceRoomEnded { voice_room_id: "r1-v1".into() },
            Refusal::internal().into(),
        ];
        all.into_iter().map(|message| Reply { message, request_id: Some("7".into()) }).collect()
    }
}
