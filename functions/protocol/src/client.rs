//! What clients send: one JSON object a frame, its kind named in `action`.
//!
//! Parsing is strict: a field that the protocol does not name is refused by name. Whether a text is
//! allowed as a room's name or a message is a rule of the domain and not decided here.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

use crate::credentials::VoiceRoomRef;
use crate::voice::VoiceSignal;
use crate::{ErrorCode, Limits, Refusal};

/// The actions that have a route of their own, each served by its own function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// `createRoom`
    CreateRoom,
    /// `joinRoom`
    JoinRoom,
    /// `sendMessage`
    SendMessage,
    /// `getMembers`
    GetMembers,
    /// `leaveRoom`
    LeaveRoom,
    /// `getHistory`
    GetHistory,
    /// `hello`
    Hello,
    /// `ping`
    Ping,
    /// `voiceSignal`
    VoiceSignal,
    /// `createVoiceRoom`
    CreateVoiceRoom,
    /// `getVoiceCredentials`
    GetVoiceCredentials,
    /// `endVoiceRoom`
    EndVoiceRoom,
}

impl Action {
    /// Every action, in the order of the documentation.
    pub const ALL: [Self; 12] = [
        Self::CreateRoom,
        Self::JoinRoom,
        Self::SendMessage,
        Self::GetMembers,
        Self::LeaveRoom,
        Self::GetHistory,
        Self::Hello,
        Self::Ping,
        Self::VoiceSignal,
        Self::CreateVoiceRoom,
        Self::GetVoiceCredentials,
        Self::EndVoiceRoom,
    ];

    /// The value of `action` on the wire, which is also the route key.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateRoom => "createRoom",
            Self::JoinRoom => "joinRoom",
            Self::SendMessage => "sendMessage",
            Self::GetMembers => "getMembers",
            Self::LeaveRoom => "leaveRoom",
            Self::GetHistory => "getHistory",
            Self::Hello => "hello",
            Self::Ping => "ping",
            Self::VoiceSignal => "voiceSignal",
            Self::CreateVoiceRoom => "createVoiceRoom",
            Self::GetVoiceCredentials => "getVoiceCredentials",
            Self::EndVoiceRoom => "endVoiceRoom",
        }
    }

    /// The action of a name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// A message from a client, by its `action`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "action", rename_all = "camelCase")]
pub enum ClientMessage {
    /// Make a room and become its admin.
    CreateRoom(NewRoom),
    /// Ask to join, or decide on somebody's request.
    JoinRoom(JoinRoom),
    /// Say something in a room.
    SendMessage(SendMessage),
    /// Who is in a room, and who asks to be.
    GetMembers(GetMembers),
    /// Give up one's membership.
    LeaveRoom(RoomRef),
    /// Stored messages, oldest first.
    GetHistory(GetHistory),
    /// Ask for identity, limits and rooms.
    Hello(Empty),
    /// Is the line alive?
    Ping(Empty),
    /// Voice in a room: who takes part, and what their browsers have to tell one another.
    VoiceSignal(VoiceSignal),
    /// Start voice over a channel of Kinesis Video Streams.
    CreateVoiceRoom(RoomRef),
    /// What reaches that channel, for a while.
    GetVoiceCredentials(VoiceRoomRef),
    /// End it for everybody; its creator or an admin.
    EndVoiceRoom(VoiceRoomRef),
}

/// `createRoom`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRoom {
    /// The room's display name.
    pub room_name: String,
}

/// The step of `joinRoom`, named in `subAction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum JoinStep {
    /// Ask to be let in.
    Request,
    /// Let somebody in; admins only.
    Approve,
    /// Turn somebody away; admins only.
    Reject,
}

/// `joinRoom`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(optional_fields)]
pub struct JoinRoom {
    /// What is asked.
    pub sub_action: JoinStep,
    /// The room.
    pub room_id: String,
    /// Whose request is decided; for `approve` and `reject`.
    pub target_user_id: Option<String>,
}

/// `sendMessage`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(optional_fields)]
pub struct SendMessage {
    /// The room; without it, the one that this connection last created or joined.
    pub room_id: Option<String>,
    /// The text.
    pub message: String,
    /// The client's own id: sending it again stores nothing new.
    pub client_message_id: Option<String>,
    /// The message that this one answers.
    pub reply_to: Option<String>,
}

/// A message that names a room and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoomRef {
    /// The room.
    pub room_id: String,
}

/// `getMembers`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(optional_fields)]
pub struct GetMembers {
    /// The room.
    pub room_id: String,
    /// `next` of the page before; the first page without it.
    pub after: Option<String>,
}

/// `getHistory`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(optional_fields)]
pub struct GetHistory {
    /// The room.
    pub room_id: String,
    /// Only messages before this id, the newest of them.
    pub before: Option<String>,
    /// Only messages after this id, the oldest of them.
    pub after: Option<String>,
    /// At most this many, 1 to 100; 50 unless told.
    pub limit: Option<u32>,
}

/// A message without fields of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// A parsed frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The client's own id of this request, carried by the answer to it.
    pub request_id: Option<String>,
    /// What is asked.
    pub message: ClientMessage,
}

/// Parses one frame.
///
/// # Errors
/// The request id, as far as one could be read, and the refusal to answer with: `unknownAction` for
/// an action without a route, `badRequest` for everything else.
pub fn parse(frame: &str) -> Result<Request, (Option<String>, Refusal)> {
    let mut fields: Map<String, Value> = serde_json::from_str(frame).map_err(|error| {
        (None, Refusal::bad_request(format!("a message is one JSON object: {error}")))
    })?;
    let request_id = request_id(&mut fields).map_err(|refusal| (None, refusal))?;
    match message(fields) {
        Ok(message) => Ok(Request { request_id, message }),
        Err(refusal) => Err((request_id, refusal)),
    }
}

fn request_id(fields: &mut Map<String, Value>) -> Result<Option<String>, Refusal> {
    let max = Limits::CURRENT.id_max as usize;
    match fields.remove("requestId") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if id.chars().count() <= max => Ok(Some(id)),
        Some(_) => {
            Err(Refusal::bad_request(format!("requestId is a string of at most {max} characters")))
        }
    }
}

fn message(mut fields: Map<String, Value>) -> Result<ClientMessage, Refusal> {
    let action = match fields.remove("action") {
        Some(Value::String(name)) => Action::from_name(&name).ok_or_else(|| unknown(&name))?,
        _ => return Err(Refusal::bad_request("a message names its kind in `action`, a string")),
    };
    Ok(match action {
        Action::CreateRoom => ClientMessage::CreateRoom(body(action, fields)?),
        Action::JoinRoom => ClientMessage::JoinRoom(body(action, fields)?),
        Action::SendMessage => ClientMessage::SendMessage(body(action, fields)?),
        Action::GetMembers => ClientMessage::GetMembers(body(action, fields)?),
        Action::LeaveRoom => ClientMessage::LeaveRoom(body(action, fields)?),
        Action::GetHistory => ClientMessage::GetHistory(body(action, fields)?),
        Action::Hello => ClientMessage::Hello(body(action, fields)?),
        Action::Ping => ClientMessage::Ping(body(action, fields)?),
        Action::VoiceSignal => ClientMessage::VoiceSignal(body(action, fields)?),
        Action::CreateVoiceRoom => ClientMessage::CreateVoiceRoom(body(action, fields)?),
        Action::GetVoiceCredentials => ClientMessage::GetVoiceCredentials(body(action, fields)?),
        Action::EndVoiceRoom => ClientMessage::EndVoiceRoom(body(action, fields)?),
    })
}

fn body<T: DeserializeOwned>(action: Action, fields: Map<String, Value>) -> Result<T, Refusal> {
    serde_json::from_value(Value::Object(fields))
        .map_err(|error| Refusal::bad_request(format!("{}: {error}", action.name())))
}

fn unknown(name: &str) -> Refusal {
    let known: Vec<&str> = Action::ALL.into_iter().map(Action::name).collect();
    let shown: String = name.chars().take(40).collect();
    Refusal::new(
        ErrorCode::UnknownAction,
        format!("there is no action {shown:?}; the actions are {}", known.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_original_clients_messages_parse() {
        for frame in [
            r#"{"action":"createRoom","roomName":"Lobby"}"#,
            r#"{"action":"joinRoom","subAction":"request","roomId":"r"}"#,
            r#"{"action":"joinRoom","subAction":"approve","roomId":"r","targetUserId":"Bob"}"#,
            r#"{"action":"sendMessage","message":"hi"}"#,
            r#"{"action":"getMembers","roomId":"r"}"#,
            r#"{"action":"createVoiceRoom","roomId":"r"}"#,
            r#"{"action":"getVoiceCredentials","voiceRoomId":"r-v"}"#,
            r#"{"action":"endVoiceRoom","voiceRoomId":"r-v"}"#,
        ] {
            parse(frame).unwrap_or_else(|(_, refusal)| panic!("{frame}: {refusal}"));
        }
    }

    #[test]
    fn a_refusal_keeps_the_request_id() {
        let (id, refusal) = parse(r#"{"action":"fly","requestId":"7"}"#).unwrap_err();
        assert_eq!((id.as_deref(), refusal.code), (Some("7"), ErrorCode::UnknownAction));
        let (id, refusal) =
            parse(r#"{"action":"createRoom","requestId":"8","colour":1}"#).unwrap_err();
        assert_eq!((id.as_deref(), refusal.code), (Some("8"), ErrorCode::BadRequest));
        assert!(refusal.message.contains("colour"), "{refusal}");
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(parse(&deep).unwrap_err().1.code, ErrorCode::BadRequest);
        let inside = format!(r#"{{"action":"sendMessage","message":{deep}}}"#);
        assert_eq!(parse(&inside).unwrap_err().1.code, ErrorCode::BadRequest);
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(frame in ".{0,400}") {
            if let Err((_, refusal)) = parse(&frame) {
                prop_assert!(!refusal.message.is_empty());
            }
        }

        #[test]
        fn what_is_written_is_read_back(name in ".{0,60}", id in proptest::option::of("[ -~]{0,64}")) {
            let message = ClientMessage::CreateRoom(NewRoom { room_name: name });
            let mut wire = serde_json::to_value(&message).unwrap();
            if let Some(id) = &id {
                wire["requestId"] = Value::from(id.as_str());
            }
            prop_assert_eq!(parse(&wire.to_string()), Ok(Request { request_id: id, message }));
        }
    }
}
