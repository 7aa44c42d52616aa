//! `endVoiceRoom`: voice ends for everybody; by whoever started it, or an admin.

use chatctl_protocol::{ErrorCode, Refusal, ServerMessage};

use super::{Visit, visit};
use crate::caller::Call;
use crate::fault::Failure;
use crate::outcome::Outcome;
use crate::roster::listeners;
use crate::{Ending, Ports, voice_room};

pub(crate) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    voice_room_id: &str,
) -> Result<Outcome, Failure> {
    let Visit { member, rows, room } = visit(ports, call, voice_room_id).await?;
    if !member.is_admin && member.person_id != room.created_by {
        return Err(Refusal::new(
            ErrorCode::Forbidden,
            "only whoever started this voice room, or an admin of the room, ends it for everybody",
        )
        .into());
    }
    let mut others = listeners(ports, &room.room_id).await?;
    others.retain(|row| row.connection_id != call.connection_id);
    let ending = (&room, Ending::AnyMaster);
    let news = voice_room::end(ports, call.notes, ending, &rows.talkers, &others).await?;
    let mut outcome =
        Outcome::answer(ServerMessage::VoiceRoomEnded { voice_room_id: room.voice_room_id });
    outcome.pushes.extend(news.unwrap_or_default());
    Ok(outcome)
}
