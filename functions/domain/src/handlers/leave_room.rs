//! `leaveRoom`: membership given up; a room is never left without an admin, nor empty.

use chatctl_protocol::{ErrorCode, Refusal, ServerMessage};
use futures_util::StreamExt;
use futures_util::stream;

use crate::caller::Call;
use crate::fault::{Failure, Fault};
use crate::outcome::Outcome;
use crate::roster::others;
use crate::{Departure, Member, Ports, RoomRows, text};

/// Attempts while others change the room at the same time.
const ATTEMPTS: usize = 4;

/// Attachments removed in the departure's own transaction, of which DynamoDB takes 100 actions; the
/// rest goes right after it.
const WITH_MEMBER: usize = 50;

/// Rows removed at a time.
const IN_FLIGHT: usize = 10;

pub(crate) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    room_id: &str,
) -> Result<Outcome, Failure> {
    text::check_room_id(room_id)?;
    call.notes.room(room_id);
    for _ in 0..ATTEMPTS {
        let rows = ports.room_rows(room_id).await?.at(ports.now());
        let speaker = call.speaker(ports, &rows.attachments).await?;
        let member = rows.insider(&speaker.person_id)?;
        let departure = plan(&rows, member);
        if ports.leave(&departure).await? {
            sweep(ports, &departure, &rows).await?;
            let told = told(call, &rows, member);
            return Ok(match departure.successor {
                Some(successor) => told.push(
                    others(&rows.attachments, &member.person_id),
                    succeeded(&rows, member, successor)?,
                ),
                None => told,
            });
        }
    }
    Err(Refusal::new(ErrorCode::Conflict, "the room is changing right now; leave it again").into())
}

/// Who follows: where the admin leaves, the longest-standing member becomes admin.
fn plan<'a>(rows: &'a RoomRows, member: &'a Member) -> Departure<'a> {
    let remaining = rows.members.iter().filter(|other| other.person_id != member.person_id);
    let eldest = remaining.min_by_key(|other| (other.joined_at, other.person_id.as_str()));
    let own = rows.attachments.iter().filter(|row| row.member_id == member.person_id);
    Departure {
        member,
        attachments: own.map(|row| row.connection_id.as_str()).take(WITH_MEMBER).collect(),
        successor: eldest.filter(|_| member.is_admin),
        dissolves: eldest.is_none(),
    }
}

/// Removes what the transaction could not name: an attachment made while it ran, and what is left
/// of a dissolved room. Nothing can be attached after it, since attaching demands the membership.
async fn sweep<P: Ports>(
    ports: &P,
    departure: &Departure<'_>,
    rows: &RoomRows,
) -> Result<(), Fault> {
    let Member { room_id, person_id, .. } = departure.member;
    let attachments = ports.attachments(room_id).await?;
    let left_over =
        attachments.iter().filter(|row| departure.dissolves || row.member_id == *person_id);
    let mut detaching = stream::iter(left_over)
        .map(|row| ports.detach(room_id, &row.connection_id))
        .buffer_unordered(IN_FLIGHT);
    while let Some(detached) = detaching.next().await {
        detached?;
    }
    let requests = rows.requests.iter().filter(|_| departure.dissolves);
    let mut forgetting = stream::iter(requests)
        .map(|request| ports.forget_request(room_id, &request.name_key))
        .buffer_unordered(IN_FLIGHT);
    while let Some(forgotten) = forgetting.next().await {
        forgotten?;
    }
    Ok(())
}

/// Everybody else learns of it, the leaver's other connections too.
fn told(call: Call<'_>, rows: &RoomRows, member: &Member) -> Outcome {
    let room_id = || member.room_id.clone();
    let left = ServerMessage::MemberLeft { room_id: room_id(), user_id: member.user_id.clone() };
    let own = rows
        .attachments
        .iter()
        .filter(|row| row.member_id == member.person_id && row.connection_id != call.connection_id);
    Outcome::answer(ServerMessage::RoomLeft { room_id: room_id() })
        .push(others(&rows.attachments, &member.person_id).chain(own), left)
}

/// What tells the others who decides from now on, and who is waiting for a decision.
fn succeeded(rows: &RoomRows, left: &Member, successor: &Member) -> Result<ServerMessage, Refusal> {
    let mut after = rows.clone();
    after.members.retain(|member| member.person_id != left.person_id);
    after.attachments.retain(|row| row.member_id != left.person_id);
    for member in &mut after.members {
        member.is_admin |= member.person_id == successor.person_id;
    }
    Ok(ServerMessage::RoomMembers {
        room_id: left.room_id.clone(),
        room_name: after.existing()?.room_name.clone(),
        participants: after.participants(),
    })
}
