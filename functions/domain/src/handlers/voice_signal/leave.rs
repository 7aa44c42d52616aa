//! `voice:leave`: a seat given up. One who has none is told the same, so that it can be sent twice.

use chatctl_protocol::PeerLeft;

use crate::Ports;
use crate::caller::Call;
use crate::fault::Failure;
use crate::outcome::Outcome;
use crate::roster::listeners;
use crate::voice::{left, part};
use crate::voice_room::end_with;

pub(super) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    room_id: &str,
) -> Result<Outcome, Failure> {
    let rows = ports.voice_rows(room_id).await?.at(ports.now());
    let Some(talker) = rows.on(call.connection_id) else {
        let caller = call.identify(ports).await?;
        return Ok(Outcome::answer(left(room_id, &caller.user_id, PeerLeft::Left)));
    };
    call.notes.user(&talker.user_id);
    let listeners = listeners(ports, room_id).await?;
    let mut outcome = Outcome::answer(left(room_id, &talker.user_id, PeerLeft::Left));
    outcome.pushes.extend(part(ports, talker, &listeners, PeerLeft::Left).await?);
    let ended = end_with(ports, call.notes, &rows, call.connection_id, &listeners).await?;
    outcome.pushes.extend(ended);
    Ok(outcome)
}
