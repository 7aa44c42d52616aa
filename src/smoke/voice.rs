//! Voice between the two: they find each other, and what one's browser would say reaches the other.

use chatctl_protocol::{
    ClientMessage, RoomRef, ServerMessage, VoiceEvent, VoiceKind, VoiceRole, VoiceRoomRef,
    VoiceSignal,
};
use serde_json::json;

use super::Trouble;
use super::person::Person;

const DESCRIPTION: &str = "v=0";

fn signal(room: &str, kind: VoiceKind) -> VoiceSignal {
    VoiceSignal {
        room_id: room.to_owned(),
        kind,
        to: None,
        sdp: None,
        candidate: None,
        muted: None,
    }
}

/// Both join, one calls the other, both leave.
pub(super) async fn call(a: &mut Person, b: &mut Person, room: &str) -> Result<(), Trouble> {
    join(a, room).await?;
    let others = join(b, room).await?;
    if others != [a.name.as_str()] {
        return Err(Trouble::unexpected(format!("{} in voice", a.name), others));
    }
    let offer = VoiceSignal {
        to: Some(a.name.clone()),
        sdp: Some(json!(DESCRIPTION)),
        ..signal(room, VoiceKind::Offer)
    };
    b.tell(&ClientMessage::VoiceSignal(offer)).await?;
    let is_it = |message: &ServerMessage| {
        matches!(message, ServerMessage::VoiceSignal(VoiceEvent::Offer { from, sdp, .. })
            if *from == b.name && sdp == DESCRIPTION)
    };
    a.until("the offer, at the other's", is_it).await?;
    for person in [b, a] {
        match person.ask(&ClientMessage::VoiceSignal(signal(room, VoiceKind::Leave))).await? {
            ServerMessage::VoiceSignal(VoiceEvent::PeerLeft { .. }) => {}
            other => return Err(Trouble::unexpected("the end of voice", other)),
        }
    }
    Ok(())
}

/// Joins and gives the names of those who are there already.
async fn join(person: &mut Person, room: &str) -> Result<Vec<String>, Trouble> {
    match person.ask(&ClientMessage::VoiceSignal(signal(room, VoiceKind::Join))).await? {
        ServerMessage::VoiceSignal(VoiceEvent::ExistingParticipants { participants, .. }) => {
            Ok(participants.into_iter().map(|one| one.user_id).collect())
        }
        other => Err(Trouble::unexpected("who is in voice", other)),
    }
}

/// One starts a voice room and the other is told of it; gives its id.
pub(super) async fn create(a: &mut Person, b: &mut Person, room: &str) -> Result<String, Trouble> {
    let asked = ClientMessage::CreateVoiceRoom(RoomRef { room_id: room.to_owned() });
    let id = match a.ask(&asked).await? {
        ServerMessage::VoiceRoomCreated { voice_room_id, .. } => voice_room_id,
        other => return Err(Trouble::unexpected("a voice room", other)),
    };
    let is_it = |message: &ServerMessage| {
        matches!(message, ServerMessage::VoiceRoomAvailable { voice_room_id, .. }
            if *voice_room_id == id)
    };
    b.until("the news of the voice room", is_it).await?;
    Ok(id)
}

fn of(voice_room: &str) -> VoiceRoomRef {
    VoiceRoomRef { voice_room_id: voice_room.to_owned() }
}

/// Somebody who did not start it gets what reaches its channel, as a viewer.
pub(super) async fn credentials(person: &mut Person, voice_room: &str) -> Result<(), Trouble> {
    match person.ask(&ClientMessage::GetVoiceCredentials(of(voice_room))).await? {
        ServerMessage::VoiceCredentials(given) if given.role == VoiceRole::Viewer => Ok(()),
        other => Err(Trouble::unexpected("a viewer's credentials", other)),
    }
}

/// Whoever started it ends it, and the other is told.
pub(super) async fn end(a: &mut Person, b: &mut Person, voice_room: &str) -> Result<(), Trouble> {
    match a.ask(&ClientMessage::EndVoiceRoom(of(voice_room))).await? {
        ServerMessage::VoiceRoomEnded { .. } => {}
        other => return Err(Trouble::unexpected("the end of the voice room", other)),
    }
    let is_it = |message: &ServerMessage| matches!(message, ServerMessage::VoiceRoomEnded { .. });
    b.until("the news that the voice room has ended", is_it).await.map(drop)
}
