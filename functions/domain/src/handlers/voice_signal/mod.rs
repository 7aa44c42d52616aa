//! `voiceSignal`: who takes part in a room's voice, and the relay between their browsers.

mod join;
mod leave;
mod mute;
mod relay;
mod switch;

use chatctl_protocol::{VoiceKind, VoiceSignal};

use crate::caller::{Call, Speaker};
use crate::fault::Failure;
use crate::outcome::Outcome;
use crate::{Member, Ports, text};

pub(crate) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    signal: VoiceSignal,
) -> Result<Outcome, Failure> {
    text::check_room_id(&signal.room_id)?;
    call.notes.room(&signal.room_id);
    match signal.kind {
        VoiceKind::Join => join::handle(ports, call, &signal.room_id).await,
        VoiceKind::Leave => leave::handle(ports, call, &signal.room_id).await,
        VoiceKind::Offer | VoiceKind::Answer | VoiceKind::IceCandidate => {
            relay::handle(ports, call, signal).await
        }
        VoiceKind::Mute => mute::handle(ports, call, signal).await,
        VoiceKind::Enable => switch::handle(ports, call, &signal.room_id, true).await,
        VoiceKind::Disable => switch::handle(ports, call, &signal.room_id, false).await,
    }
}

/// The caller's membership of the room.
async fn member<P: Ports>(
    ports: &P,
    call: Call<'_>,
    room_id: &str,
) -> Result<(Speaker, Member), Failure> {
    let speaker = call.speaker_in(ports, room_id).await?;
    let member = speaker.membership(ports, room_id).await?;
    Ok((speaker, member))
}
