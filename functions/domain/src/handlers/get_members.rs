//! `getMembers`: who is in a room and who asks to be; for members.

use chatctl_protocol::ServerMessage;

use crate::caller::Call;
use crate::fault::Failure;
use crate::outcome::Outcome;
use crate::{Ports, text};

pub(crate) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    room_id: &str,
) -> Result<Outcome, Failure> {
    text::check_room_id(room_id)?;
    call.notes.room(room_id);
    let rows = ports.room_rows(room_id).await?.at(ports.now());
    let speaker = call.speaker(ports, &rows.attachments).await?;
    rows.insider(&speaker.person_id)?;
    Ok(Outcome::answer(ServerMessage::RoomMembers {
        room_id: room_id.to_owned(),
        room_name: rows.existing()?.room_name.clone(),
        participants: rows.participants(),
    }))
}
