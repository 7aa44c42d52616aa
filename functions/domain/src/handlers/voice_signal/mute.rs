//! `voice:mute`: a microphone is off or on again. Everybody may say so of their own; an admin may turn
//! off somebody else's, and only they themselves turn it on again.

use chatctl_protocol::{ErrorCode, Refusal, ServerMessage, VoiceEvent, VoiceSignal};
use futures_util::future::try_join;

use super::member;
use crate::caller::Call;
use crate::fault::Failure;
use crate::outcome::Outcome;
use crate::roster::listeners;
use crate::voice::{check_admin, no_such_talker, not_a_talker};
use crate::{Ports, VoiceRows};

pub(super) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    signal: VoiceSignal,
) -> Result<Outcome, Failure> {
    let VoiceSignal { room_id, to, muted, .. } = signal;
    let Some(muted) = muted else {
        return Err(Refusal::bad_request(
            "voice:mute says in `muted` whether the microphone is off",
        )
        .into());
    };
    match to {
        None => own(ports, call, &room_id, muted).await,
        Some(to) if muted => anothers(ports, call, &room_id, to).await,
        Some(_) => Err(Refusal::new(
            ErrorCode::Forbidden,
            "nobody can turn on somebody else's microphone; they do it themselves",
        )
        .into()),
    }
}

async fn own<P: Ports>(
    ports: &P,
    call: Call<'_>,
    room_id: &str,
    muted: bool,
) -> Result<Outcome, Failure> {
    let rows = ports.voice_rows(room_id).await?.at(ports.now());
    let Some(talker) = rows.on(call.connection_id) else {
        call.identify(ports).await?;
        return Err(not_a_talker().into());
    };
    call.notes.user(&talker.user_id);
    let (there, listeners) =
        try_join(ports.set_muted(talker, muted), listeners(ports, room_id)).await?;
    if !there {
        return Err(not_a_talker().into());
    }
    let event = event(room_id, &talker.user_id, None, muted);
    let others = listeners.iter().filter(|row| row.connection_id != call.connection_id);
    Ok(Outcome::answer(event.clone()).push(others, event))
}

async fn anothers<P: Ports>(
    ports: &P,
    call: Call<'_>,
    room_id: &str,
    to: String,
) -> Result<Outcome, Failure> {
    let ((_, admin), rows) = try_join(member(ports, call, room_id), async {
        ports.voice_rows(room_id).await.map_err(Failure::from)
    })
    .await?;
    check_admin(&admin)?;
    let rows: VoiceRows = rows.at(ports.now());
    let talker = rows.named(&to).ok_or_else(no_such_talker)?;
    let (there, listeners) =
        try_join(ports.set_muted(talker, true), listeners(ports, room_id)).await?;
    if !there {
        return Err(no_such_talker().into());
    }
    let event = event(room_id, &admin.user_id, Some(to), true);
    let others = listeners.iter().filter(|row| row.connection_id != call.connection_id);
    Ok(Outcome::answer(event.clone()).push(others, event))
}

fn event(room_id: &str, from: &str, to: Option<String>, muted: bool) -> ServerMessage {
    ServerMessage::VoiceSignal(VoiceEvent::Mute {
        room_id: room_id.to_owned(),
        from: from.to_owned(),
        to,
        muted,
    })
}
