//! `createVoiceRoom`: a channel for a room, or the one that it has. The row comes first and names the
//! channel before that is there, so that whatever dies on the way leaves something to be found.

use chatctl_protocol::ServerMessage;

use crate::caller::Call;
use crate::fault::{Failure, Fault};
use crate::model::{CONNECTION_TTL_S, expiry, unexpired};
use crate::outcome::Outcome;
use crate::roster::{listeners, others};
use crate::voice::check_allowed;
use crate::voice_room::{end, new_id, with_channel};
use crate::{Ending, Member, Ports, VoiceRoom, text};

/// A start that has no channel after so many ms is dead: the function that made it has ended.
const STARTING_MS: u64 = 30_000;

/// Attempts while others start and end voice at the same time.
const ATTEMPTS: usize = 3;

pub(crate) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    room_id: &str,
) -> Result<Outcome, Failure> {
    text::check_room_id(room_id)?;
    call.notes.room(room_id);
    let speaker = call.speaker_in(ports, room_id).await?;
    let member = speaker.membership(ports, room_id).await?;
    for _ in 0..ATTEMPTS {
        let now = ports.now();
        let rows = ports.voice_rows(room_id).await?;
        check_allowed(&rows)?;
        match &rows.voice_room {
            Some(room) if is_alive(room, now) => {
                return Ok(Outcome::answer(created(room)));
            }
            Some(void) => {
                let void = with_channel(ports, void).await?;
                end(ports, call.notes, (&void, Ending::AnyMaster), &[], &[]).await?;
            }
            None => {}
        }
        let room = new(&member, ports.bits(), now);
        if ports.open_voice_room(&room).await? {
            return start(ports, room).await;
        }
    }
    Err(Fault("voice rooms came and went".into()).into())
}

fn is_alive(room: &VoiceRoom, now: u64) -> bool {
    let starts = room.channel_arn.is_some() || room.created_at + STARTING_MS > now;
    unexpired(room.expires_at, now) && starts
}

fn new(member: &Member, bits: u128, now: u64) -> VoiceRoom {
    VoiceRoom {
        room_id: member.room_id.clone(),
        voice_room_id: new_id(&member.room_id, bits),
        channel_arn: None,
        created_by: member.person_id.clone(),
        user_id: member.user_id.clone(),
        created_at: now,
        master_connection: None,
        expires_at: expiry(now, CONNECTION_TTL_S),
    }
}

/// Makes the channel. Where somebody has ended the voice room meanwhile, the channel goes again.
async fn start<P: Ports>(ports: &P, room: VoiceRoom) -> Result<Outcome, Failure> {
    let arn = match ports.create_channel(&room.voice_room_id).await {
        Ok(arn) => arn,
        Err(fault) => {
            ports.close_voice_room(&room, Ending::AnyMaster).await?;
            return Err(fault.into());
        }
    };
    if !ports.note_channel(&room, &arn).await? {
        ports.delete_channel(&arn).await?;
        return Ok(Outcome::answer(ServerMessage::VoiceRoomEnded {
            voice_room_id: room.voice_room_id,
        }));
    }
    let listeners = listeners(ports, &room.room_id).await?;
    let available = ServerMessage::VoiceRoomAvailable {
        voice_room_id: room.voice_room_id.clone(),
        room_id: room.room_id.clone(),
        master_user_id: room.user_id.clone(),
    };
    Ok(Outcome::answer(created(&room)).push(others(&listeners, &room.created_by), available))
}

fn created(room: &VoiceRoom) -> ServerMessage {
    ServerMessage::VoiceRoomCreated {
        voice_room_id: room.voice_room_id.clone(),
        master_user_id: room.user_id.clone(),
    }
}
