//! `createVoiceRoom`, `getVoiceCredentials`, `endVoiceRoom`: voice over a channel.

mod create;
mod credentials;
mod end;

pub(crate) use create::handle as create;
pub(crate) use credentials::handle as credentials;
pub(crate) use end::handle as end;

use crate::caller::Call;
use crate::fault::Failure;
use crate::voice_room::{no_such_voice_room, room_of};
use crate::{Member, Ports, VoiceRoom, VoiceRows};

/// An active voice room as a member of its room meets it.
struct Visit {
    member: Member,
    rows: VoiceRows,
    room: VoiceRoom,
}

async fn visit<P: Ports>(ports: &P, call: Call<'_>, voice_room_id: &str) -> Result<Visit, Failure> {
    let room_id = room_of(voice_room_id)?;
    call.notes.room(room_id);
    let speaker = call.speaker_in(ports, room_id).await?;
    let member = speaker.membership(ports, room_id).await?;
    let rows = ports.voice_rows(room_id).await?.at(ports.now());
    let room = rows.voice_room.clone().filter(|room| room.voice_room_id == voice_room_id);
    Ok(Visit { member, rows, room: room.ok_or_else(no_such_voice_room)? })
}
