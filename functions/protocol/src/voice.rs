//! Voice on the wire: who takes part, and what their browsers have to tell one another before they
//! can talk. What browsers say among themselves (descriptions, candidates) is relayed as it came.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::Refusal;
use crate::error::ErrorCode;

/// The longest session description, in bytes: a browser's audio offer has about 2,000.
pub const SDP_BYTES: usize = 16 * 1024;

/// The longest candidate, in bytes of JSON: a browser's have about 200.
pub const CANDIDATE_BYTES: usize = 2 * 1024;

/// What a `voiceSignal` asks for, named in `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub enum VoiceKind {
    /// Take part; or, for one who does, fresh ICE servers.
    #[serde(rename = "voice:join")]
    Join,
    /// Take part no more.
    #[serde(rename = "voice:leave")]
    Leave,
    /// A session description that wants an answer, for `to`.
    #[serde(rename = "voice:offer")]
    Offer,
    /// The answer to one, for `to`.
    #[serde(rename = "voice:answer")]
    Answer,
    /// A way to reach the sender, for `to`.
    #[serde(rename = "voice:ice_candidate")]
    IceCandidate,
    /// The sender's microphone is off or on again; with `to`, an admin turns somebody's off.
    #[serde(rename = "voice:mute")]
    Mute,
    /// Allow voice in the room again; admins only.
    #[serde(rename = "voice:enable")]
    Enable,
    /// End voice in the room and keep it off; admins only.
    #[serde(rename = "voice:disable")]
    Disable,
}

/// `voiceSignal`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(optional_fields)]
pub struct VoiceSignal {
    /// The room.
    pub room_id: String,
    /// What is asked.
    #[serde(rename = "type")]
    pub kind: VoiceKind,
    /// For whom: a participant's `userId`.
    pub to: Option<String>,
    /// A session description: its text, or the browser's object.
    #[ts(optional, type = "string | { type: string, sdp: string }")]
    pub sdp: Option<Value>,
    /// A candidate as the browser has it; null for the end of candidates.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[ts(
        type = "{ candidate?: string, sdpMid?: string | null, sdpMLineIndex?: number | null, usernameFragment?: string | null } | string | null"
    )]
    pub candidate: Option<Value>,
    /// For `voice:mute`.
    pub muted: Option<bool>,
}

/// A value that is there, null included.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl VoiceSignal {
    /// The session description of an offer or an answer.
    ///
    /// # Errors
    /// `badRequest` where it is none, `tooLarge` where it is too long.
    pub fn description(&self) -> Result<&Value, Refusal> {
        let sdp = self.sdp.as_ref();
        let text = sdp.and_then(|sdp| sdp.as_str().or_else(|| sdp.get("sdp")?.as_str()));
        match (sdp, text) {
            (Some(sdp), Some(_)) => measured(sdp, SDP_BYTES, "a session description"),
            _ => Err(Refusal::bad_request(
                "voiceSignal: `sdp` is the session description, as text or as {type, sdp}",
            )),
        }
    }

    /// The candidate.
    ///
    /// # Errors
    /// `badRequest` where it is none, `tooLarge` where it is too long.
    pub fn ice_candidate(&self) -> Result<&Value, Refusal> {
        match &self.candidate {
            Some(candidate @ (Value::Object(_) | Value::String(_) | Value::Null)) => {
                measured(candidate, CANDIDATE_BYTES, "a candidate")
            }
            _ => Err(Refusal::bad_request(
                "voiceSignal: `candidate` is a candidate as the browser has it, or null after the last",
            )),
        }
    }
}

fn measured<'a>(value: &'a Value, max: usize, what: &str) -> Result<&'a Value, Refusal> {
    let found = match value {
        Value::String(text) => text.len(),
        other => other.to_string().len(),
    };
    if found <= max {
        return Ok(value);
    }
    let message = format!("{what} has at most {max} bytes, this one has {found}");
    Err(Refusal::new(ErrorCode::TooLarge, message))
}

/// What is said about voice, named in `type`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
#[ts(optional_fields)]
pub enum VoiceEvent {
    /// Answers `voice:join`: who is there already, to be called by the newcomer.
    #[serde(rename = "voice:existing_participants")]
    ExistingParticipants {
        /// The room.
        room_id: String,
        /// Everybody else who takes part.
        participants: Vec<VoiceParticipant>,
        /// Who connects to whom.
        topology: VoiceTopology,
        /// Servers that help browsers to reach each other.
        ice_servers: Vec<IceServer>,
        /// When the servers' credentials end, ms since the epoch; join again for fresh ones.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(type = "number", optional)]
        ice_expires_at: Option<u64>,
        /// The voice room whose channel carries the star's signals, if there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        voice_room_id: Option<String>,
    },
    /// Somebody takes part.
    #[serde(rename = "voice:peer_joined")]
    PeerJoined {
        /// The room.
        room_id: String,
        /// Who.
        from: String,
        /// Whether their microphone is off.
        muted: bool,
    },
    /// Somebody takes part no more.
    #[serde(rename = "voice:peer_left")]
    PeerLeft {
        /// The room.
        room_id: String,
        /// Who.
        from: String,
        /// Why.
        reason: PeerLeft,
    },
    /// A session description that wants an answer.
    #[serde(rename = "voice:offer")]
    Offer {
        /// The room.
        room_id: String,
        /// Who sent it.
        from: String,
        /// As it came.
        #[ts(type = "string | { type: string, sdp: string }")]
        sdp: Value,
    },
    /// The answer to one.
    #[serde(rename = "voice:answer")]
    Answer {
        /// The room.
        room_id: String,
        /// Who sent it.
        from: String,
        /// As it came.
        #[ts(type = "string | { type: string, sdp: string }")]
        sdp: Value,
    },
    /// A way to reach somebody.
    #[serde(rename = "voice:ice_candidate")]
    IceCandidate {
        /// The room.
        room_id: String,
        /// Who sent it.
        from: String,
        /// As it came.
        #[ts(
            type = "{ candidate?: string, sdpMid?: string | null, sdpMLineIndex?: number | null, usernameFragment?: string | null } | string | null"
        )]
        candidate: Value,
    },
    /// A microphone is off, or on again.
    #[serde(rename = "voice:mute")]
    Mute {
        /// The room.
        room_id: String,
        /// Who turned it.
        from: String,
        /// Whose it is, where an admin turned it off; else the sender's own.
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// Whether it is off.
        muted: bool,
    },
    /// Voice is allowed again.
    #[serde(rename = "voice:enable")]
    Enable {
        /// The room.
        room_id: String,
        /// The admin.
        from: String,
    },
    /// Voice has ended for everybody and stays off.
    #[serde(rename = "voice:disable")]
    Disable {
        /// The room.
        room_id: String,
        /// The admin.
        from: String,
    },
}

/// Why somebody takes part no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum PeerLeft {
    /// They said so.
    Left,
    /// Their connection ended.
    Disconnected,
    /// They are no member of the room any more.
    Removed,
    /// They joined on another connection.
    Replaced,
    /// Voice ended.
    Ended,
}

/// Who connects to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum VoiceTopology {
    /// Everybody to everybody, signaled over this protocol.
    Mesh,
    /// Everybody to the master, signaled over the voice room's channel.
    Star,
}

/// What a stage's web app talks over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum VoiceTransport {
    /// Peer to peer, signaled over this protocol.
    #[default]
    Mesh,
    /// Signaled over a channel of Kinesis Video Streams.
    Kinesis,
}

/// Somebody who takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct VoiceParticipant {
    /// Who.
    pub user_id: String,
    /// Whether their microphone is off.
    pub muted: bool,
    /// The client id under which they reach the voice room's channel, if they reach it as they were
    /// told. Only the voice room's master is told, for whoever knows it could pass for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// A room's voice, as its members see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct VoiceState {
    /// Whether an admin allows it.
    pub enabled: bool,
    /// What it goes over.
    pub transport: VoiceTransport,
    /// Who takes part.
    pub participants: Vec<VoiceParticipant>,
    /// The active voice room, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice_room_id: Option<String>,
}

/// A STUN or TURN server in the form of a browser's `RTCIceServer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct IceServer {
    /// Its addresses.
    pub urls: Vec<String>,
    /// For TURN; ends with the credential's lifetime.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For TURN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn signal(fields: Value) -> VoiceSignal {
        serde_json::from_value(fields).unwrap()
    }

    #[test]
    fn each_event_has_its_golden_form() {
        let (room_id, from) = (|| "r1".to_owned(), || "Alice".to_owned());
        insta::assert_json_snapshot!([
            VoiceEvent::ExistingParticipants {
                room_id: room_id(),
                participants: vec![VoiceParticipant {
                    user_id: "Bob".into(),
                    muted: true,
                    client_id: None
                }],
                topology: VoiceTopology::Mesh,
                ice_servers: vec![IceServer {
                    urls: vec!["turn:127.0.0.1:3478?transport=udp".into()],
                    username: Some("u".into()),
                    credential: Some("c".into()),
                }],
                ice_expires_at: Some(1),
                voice_room_id: None,
            },
            VoiceEvent::PeerJoined { room_id: room_id(), from: from(), muted: false },
            VoiceEvent::PeerLeft { room_id: room_id(), from: from(), reason: PeerLeft::Replaced },
            VoiceEvent::Offer { room_id: room_id(), from: from(), sdp: json!("v=0") },
            VoiceEvent::Answer { room_id: room_id(), from: from(), sdp: json!({"sdp": "v=0"}) },
            VoiceEvent::IceCandidate { room_id: room_id(), from: from(), candidate: Value::Null },
            VoiceEvent::Mute { room_id: room_id(), from: from(), to: None, muted: true },
            VoiceEvent::Enable { room_id: room_id(), from: from() },
            VoiceEvent::Disable { room_id: room_id(), from: from() },
        ]);
    }

    #[test]
    fn a_description_is_text_or_the_browsers_object_and_not_too_long() {
        let offer = |sdp: Value| signal(json!({"roomId": "r", "type": "voice:offer", "sdp": sdp}));
        for sdp in [json!("v=0"), json!({"type": "offer", "sdp": "v=0"})] {
            assert_eq!(offer(sdp.clone()).description(), Ok(&sdp));
        }
        for odd in [json!(null), json!(7), json!({"type": "offer"}), json!(["v=0"])] {
            assert_eq!(offer(odd).description().unwrap_err().code, ErrorCode::BadRequest);
        }
        let long = offer(json!("v".repeat(SDP_BYTES + 1)));
        assert_eq!(long.description().unwrap_err().code, ErrorCode::TooLarge);
    }

    #[test]
    fn no_candidate_is_told_from_the_end_of_candidates() {
        let kind = "voice:ice_candidate";
        let none = signal(json!({"roomId": "r", "type": kind}));
        assert_eq!(none.ice_candidate().unwrap_err().code, ErrorCode::BadRequest);
        let end = signal(json!({"roomId": "r", "type": kind, "candidate": null}));
        assert_eq!(end.ice_candidate(), Ok(&Value::Null));
        let long = json!({"candidate": "c".repeat(CANDIDATE_BYTES)});
        let long = signal(json!({"roomId": "r", "type": kind, "candidate": long}));
        assert_eq!(long.ice_candidate().unwrap_err().code, ErrorCode::TooLarge);
    }

    #[test]
    fn a_forged_sender_is_refused_by_name() {
        let forged = json!({"roomId": "r", "type": "voice:join", "from": "Bob"});
        let error = serde_json::from_value::<VoiceSignal>(forged).unwrap_err();
        assert!(error.to_string().contains("from"), "{error}");
    }
}
