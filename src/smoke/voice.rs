//! Voice between the two: they find each other, and what one's browser would say reaches the other.

use chatctl_protocol::{ClientMessage, ServerMessage, VoiceEvent, VoiceKind, VoiceSignal};
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
