//! `createRoom`: a new room, its admin the caller, in one write.

use chatctl_protocol::{ErrorCode, Limits, NewRoom, Refusal, ServerMessage};

use crate::caller::Call;
use crate::fault::{Failure, Fault};
use crate::outcome::Outcome;
use crate::roster::attachment;
use crate::{Connection, Member, Ports, Room, text};

/// Attempts to find a free id; a second is needed about never.
const ATTEMPTS: usize = 3;

pub(crate) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    new: NewRoom,
) -> Result<Outcome, Failure> {
    let room_name = text::room_name(&new.room_name)?;
    let caller = call.identify(ports).await?;
    check_rooms(ports, &caller.person_id).await?;
    for _ in 0..ATTEMPTS {
        let room_id = text::room_id(ports.bits());
        if store(ports, &caller, &room_id, &room_name).await? {
            call.notes.room(&room_id);
            return Ok(Outcome::answer(ServerMessage::RoomCreated { room_id, room_name }));
        }
    }
    Err(Fault("no free room id was found".into()).into())
}

/// A person is in so many rooms and no more, so that one welcome tells them all.
pub(super) async fn check_rooms<P: Ports>(ports: &P, person_id: &str) -> Result<(), Failure> {
    let max = Limits::CURRENT.rooms_max;
    if ports.count_rooms(person_id).await? < max as usize {
        return Ok(());
    }
    let message = format!(
        "one person is in at most {max} rooms, those counted that they ask to join; leave one first"
    );
    Err(Refusal::new(ErrorCode::Conflict, message).into())
}

async fn store<P: Ports>(
    ports: &P,
    caller: &Connection,
    room_id: &str,
    room_name: &str,
) -> Result<bool, Fault> {
    let now = ports.now();
    let room = Room {
        room_id: room_id.to_owned(),
        room_name: room_name.to_owned(),
        created_at: now,
        created_by: caller.person_id.clone(),
    };
    let admin = Member {
        room_id: room_id.to_owned(),
        room_name: room_name.to_owned(),
        person_id: caller.person_id.clone(),
        user_id: caller.user_id.clone(),
        name_key: caller.name_key.clone(),
        is_admin: true,
        joined_at: now,
    };
    ports.create_room(&room, &admin, &attachment(caller, room_id, now)).await
}
