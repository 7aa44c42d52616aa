//! `getMembers`: who is in a room and who asks to be; for members.

use chatctl_protocol::{GetMembers, ServerMessage};
use futures_util::future::try_join;

use crate::caller::Call;
use crate::fault::Failure;
use crate::outcome::Outcome;
use crate::roster::{People, place};
use crate::{Ports, text};

pub(crate) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    GetMembers { room_id, after }: GetMembers,
) -> Result<Outcome, Failure> {
    text::check_room_id(&room_id)?;
    let after = after.as_deref().map(place).transpose()?;
    call.notes.room(&room_id);
    let (rows, voice) = try_join(ports.room_rows(&room_id), ports.voice_rows(&room_id)).await?;
    let (rows, voice) = (rows.at(ports.now()), voice.at(ports.now()));
    let speaker = call.speaker(ports, &rows.attachments).await?;
    rows.insider(&speaker.person_id)?;
    let People { participants, next } = rows.people(Some(&speaker.person_id), after);
    let room_name = rows.existing()?.room_name.clone();
    let voice = voice.state(ports.transport(), &rows.attachments, Some(&speaker.person_id));
    let members = ServerMessage::RoomMembers { room_id, room_name, participants, next, voice };
    Ok(Outcome::answer(members))
}
