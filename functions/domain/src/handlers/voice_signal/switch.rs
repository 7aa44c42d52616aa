//! `voice:disable` and `voice:enable`: an admin ends voice in a room and keeps it off, or allows it
//! again.

use chatctl_protocol::{ServerMessage, VoiceEvent};
use futures_util::future::{try_join, try_join_all};

use super::member;
use crate::caller::Call;
use crate::fault::Failure;
use crate::outcome::Outcome;
use crate::roster::listeners;
use crate::text::no_such_room;
use crate::voice::check_admin;
use crate::{Ending, Ports, voice_room};

pub(super) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    room_id: &str,
    allowed: bool,
) -> Result<Outcome, Failure> {
    let (_, admin) = member(ports, call, room_id).await?;
    check_admin(&admin)?;
    // First, so that whoever takes a seat now finds that they may not, or is found below.
    match allowed {
        true => ports.allow_voice(room_id).await?,
        false if ports.forbid_voice(room_id).await? => {}
        false => return Err(no_such_room().into()),
    }
    let (rows, listeners) = try_join(ports.voice_rows(room_id), listeners(ports, room_id)).await?;
    let mut ended = Vec::new();
    if !allowed {
        let unseated = rows
            .talkers
            .iter()
            .map(|row| ports.unseat(room_id, &row.person_id, &row.connection_id));
        try_join_all(unseated).await?;
        if let Some(room) = &rows.voice_room {
            let ending = (room, Ending::AnyMaster);
            let news = voice_room::end(ports, call.notes, ending, &[], &listeners).await?;
            ended = news.unwrap_or_default();
        }
    }
    let (room_id, from) = (room_id.to_owned(), admin.user_id);
    let event = ServerMessage::VoiceSignal(match allowed {
        true => VoiceEvent::Enable { room_id, from },
        false => VoiceEvent::Disable { room_id, from },
    });
    let others = listeners.iter().filter(|row| row.connection_id != call.connection_id);
    let mut outcome = Outcome::answer(event.clone()).push(others, event);
    outcome.pushes.extend(ended);
    Ok(outcome)
}
