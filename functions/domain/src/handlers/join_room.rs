//! `joinRoom`: asking to be let in. Admins' decisions are in `decide`.

use chatctl_protocol::{ErrorCode, JoinRoom, JoinStatus, JoinStep, Limits, Refusal, ServerMessage};
use futures_util::future::try_join;

use super::create_room::check_rooms;
use super::decide;
use crate::caller::Call;
use crate::fault::Failure;
use crate::model::{REQUEST_TTL_S, expiry};
use crate::outcome::Outcome;
use crate::roster::{attachment, is_online, others};
use crate::{Connection, JoinRequest, Ports, RoomRows, text};

pub(crate) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    join: JoinRoom,
) -> Result<Outcome, Failure> {
    let JoinRoom { sub_action, room_id, target_user_id } = join;
    text::check_room_id(&room_id)?;
    call.notes.room(&room_id);
    match (sub_action, target_user_id) {
        (JoinStep::Request, None) => request(ports, call, &room_id).await,
        (JoinStep::Request, Some(_)) => Err(Refusal::bad_request(
            "joinRoom with subAction request has no targetUserId: everybody asks for themselves",
        )
        .into()),
        (JoinStep::Approve, Some(target)) => decide::approve(ports, call, &room_id, &target).await,
        (JoinStep::Reject, Some(target)) => decide::reject(ports, call, &room_id, &target).await,
        (JoinStep::Approve | JoinStep::Reject, None) => Err(Refusal::bad_request(
            "joinRoom with subAction approve or reject names in targetUserId whose request is decided",
        )
        .into()),
    }
}

async fn request<P: Ports>(ports: &P, call: Call<'_>, room_id: &str) -> Result<Outcome, Failure> {
    let (caller, rows) = try_join(call.identify(ports), async {
        Ok(ports.room_rows(room_id).await?.at(ports.now()))
    })
    .await?;
    rows.existing()?;
    if rows.member(&caller.person_id).is_some() {
        return come_back(ports, &caller, room_id, &rows).await;
    }
    ask(ports, &caller, room_id, &rows).await?;
    let pushed =
        ServerMessage::JoinRequest { user_id: caller.user_id.clone(), room_id: room_id.to_owned() };
    let answer = response(room_id, JoinStatus::Pending, None);
    Ok(Outcome::answer(answer).push(rows.admins_attachments(), pushed))
}

/// A member who asks again is in, and listens from now on.
async fn come_back<P: Ports>(
    ports: &P,
    caller: &Connection,
    room_id: &str,
    rows: &RoomRows,
) -> Result<Outcome, Failure> {
    let attachment = attachment(caller, room_id, ports.now());
    let (attached, ()) =
        try_join(ports.attach(&attachment), ports.enter_room(&caller.connection_id, room_id))
            .await?;
    let room_name = rows.existing()?.room_name.clone();
    let outcome = Outcome::answer(response(room_id, JoinStatus::Approved, Some(room_name)));
    if !attached || is_online(&rows.attachments, &caller.person_id) {
        return Ok(outcome);
    }
    let presence = ServerMessage::Presence {
        room_id: room_id.to_owned(),
        user_id: caller.user_id.clone(),
        online: true,
    };
    Ok(outcome.push(others(&rows.attachments, &caller.person_id), presence))
}

/// Stores the request. A pending one under the same name gives way only if its asker holds the name
/// no more: then nobody could tell the two apart, and the other is not there to be let in.
async fn ask<P: Ports>(
    ports: &P,
    caller: &Connection,
    room_id: &str,
    rows: &RoomRows,
) -> Result<(), Failure> {
    let pending = rows.request(&caller.name_key);
    if pending.is_none() {
        if rows.requests.len() >= Limits::CURRENT.requests_max as usize {
            return Err(besieged().into());
        }
        check_rooms(ports, &caller.person_id).await?;
    }
    let instead_of = match pending {
        Some(other) if other.person_id != caller.person_id => {
            let holder = ports.name(&caller.name_key).await?;
            if holder.is_some_and(|holder| holder.person_id == other.person_id) {
                return Err(taken().into());
            }
            other.person_id.as_str()
        }
        _ => caller.person_id.as_str(),
    };
    let now = ports.now();
    let request = JoinRequest {
        room_id: room_id.to_owned(),
        name_key: caller.name_key.clone(),
        person_id: caller.person_id.clone(),
        user_id: caller.user_id.clone(),
        asked_at: pending
            .filter(|mine| mine.person_id == caller.person_id)
            .map_or(now, |mine| mine.asked_at),
        expires_at: expiry(now, REQUEST_TTL_S),
    };
    if !ports.ask(&request, instead_of, now).await? {
        return Err(taken().into());
    }
    // Looked for after the request is there: a room that dissolves later finds the request.
    if ports.room(room_id).await?.is_none() {
        ports.forget_request(room_id, &request.name_key).await?;
        return Err(text::no_such_room().into());
    }
    Ok(())
}

fn besieged() -> Refusal {
    let max = Limits::CURRENT.requests_max;
    let message = format!(
        "{max} people are waiting to be let into this room already; ask again when its admin has decided"
    );
    Refusal::new(ErrorCode::Conflict, message)
}

fn taken() -> Refusal {
    Refusal::new(
        ErrorCode::Conflict,
        "somebody else's request under the same name is pending in this room; wait for its decision or connect under another name",
    )
}

/// A `joinResponse` to the asker.
pub(super) fn response(
    room_id: &str,
    status: JoinStatus,
    room_name: Option<String>,
) -> ServerMessage {
    ServerMessage::JoinResponse { room_id: room_id.to_owned(), status, room_name, user_id: None }
}
