//! `leaveRoom`: membership given up; a room is never left without an admin, nor empty.

use chatctl_protocol::{ErrorCode, JoinStatus, PeerLeft, Refusal, ServerMessage, VoiceTransport};
use futures_util::StreamExt;
use futures_util::future::try_join;
use futures_util::stream;

use super::join_room::response;
use crate::caller::Call;
use crate::fault::{Failure, Fault};
use crate::model::unexpired;
use crate::outcome::{Outcome, Push};
use crate::roster::{People, is_online, others};
use crate::voice::part;
use crate::{
    Attachment, Connection, Departure, Ending, Member, Ports, RoomRows, VoiceRoom, VoiceRows, text,
    voice_room,
};

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
            let voice = ports.voice_rows(room_id).await?.at(ports.now());
            let mut told = told(call, &rows, member);
            told.pushes.extend(fall_silent(ports, call, &voice, &rows, member).await?);
            if departure.dissolves {
                ports.allow_voice(room_id).await?;
                return Ok(turned_away(told, room_id, dissolve(ports, room_id).await?));
            }
            detach(ports, ports.attachments(room_id).await?, |row| {
                row.member_id == member.person_id
            })
            .await?;
            return Ok(match departure.successor {
                Some(successor) => told.push(
                    others(&rows.attachments, &member.person_id),
                    succeeded(&rows, member, successor, &voice, ports.transport())?,
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

/// The leaver's seat is given up, on whichever of their connections they talk, and what they were lent is
/// void; a voice room ends with the membership of whoever started it.
async fn fall_silent<P: Ports>(
    ports: &P,
    call: Call<'_>,
    voice: &VoiceRows,
    rows: &RoomRows,
    member: &Member,
) -> Result<Vec<Push>, Fault> {
    let own = |room: &&VoiceRoom| room.created_by == member.person_id;
    // First, as it cannot be made up for later.
    if let Some(room) = voice.voice_room.as_ref().filter(|room| !own(room)) {
        voice_room::bar(ports, call.notes, room, member).await;
    }
    let mut pushes = Vec::new();
    if let Some(talker) = voice.of(&member.person_id) {
        pushes.extend(part(ports, talker, &rows.attachments, PeerLeft::Removed).await?);
        for Push { to, .. } in &mut pushes {
            to.push(talker.into());
        }
    }
    if let Some(room) = voice.voice_room.as_ref().filter(own) {
        let (ending, listeners) = ((room, Ending::AnyMaster), &rows.attachments);
        let ended = voice_room::end(ports, call.notes, ending, &voice.talkers, listeners).await?;
        pushes.extend(ended.unwrap_or_default());
    }
    Ok(pushes)
}

/// Removes what is left of a room that is gone, and gives the connections of those who ask to join.
/// Nothing is attached or asked after it: both look for the room or for a membership.
async fn dissolve<P: Ports>(ports: &P, room_id: &str) -> Result<Vec<Connection>, Fault> {
    let RoomRows { requests, attachments, .. } = ports.room_rows(room_id).await?;
    detach(ports, attachments, |_| true).await?;
    let mut forgetting = stream::iter(requests)
        .map(|request| async move {
            let (asking, ()) = try_join(
                ports.connections_of(&request.person_id),
                ports.forget_request(room_id, &request.name_key),
            )
            .await?;
            Ok(asking)
        })
        .buffer_unordered(IN_FLIGHT);
    let mut asking = Vec::new();
    while let Some(connections) = forgetting.next().await {
        asking.extend(connections?);
    }
    asking.retain(|connection| unexpired(connection.expires_at, ports.now()));
    Ok(asking)
}

/// Removes the attachments that the departure could not name: one may have been made meanwhile.
async fn detach<P: Ports>(
    ports: &P,
    attachments: Vec<Attachment>,
    which: impl Fn(&Attachment) -> bool,
) -> Result<(), Fault> {
    let mut detaching = stream::iter(attachments.into_iter().filter(which))
        .map(|row| async move { ports.detach(&row.room_id, &row.connection_id).await })
        .buffer_unordered(IN_FLIGHT);
    while let Some(detached) = detaching.next().await {
        detached?;
    }
    Ok(())
}

/// Nobody is left to let in those who ask.
fn turned_away(told: Outcome, room_id: &str, asking: Vec<Connection>) -> Outcome {
    told.push(&asking, response(room_id, JoinStatus::Rejected, None))
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
        .push(own, left.clone())
        .push(others(&rows.attachments, &member.person_id), namesake(rows, member).unwrap_or(left))
}

/// To others a name stays while another member has it: a person who came back as somebody new.
fn namesake(rows: &RoomRows, left: &Member) -> Option<ServerMessage> {
    let is_other = |row: &&Member| row.name_key == left.name_key && row.person_id != left.person_id;
    let other = rows.members.iter().find(is_other)?;
    Some(ServerMessage::Presence {
        room_id: left.room_id.clone(),
        user_id: other.user_id.clone(),
        online: is_online(&rows.attachments, &other.person_id),
    })
}

/// What tells the others who decides from now on, and who is waiting for a decision.
fn succeeded(
    rows: &RoomRows,
    left: &Member,
    successor: &Member,
    voice: &VoiceRows,
    transport: VoiceTransport,
) -> Result<ServerMessage, Refusal> {
    let mut after = rows.clone();
    after.members.retain(|member| member.person_id != left.person_id);
    after.attachments.retain(|row| row.member_id != left.person_id);
    for member in &mut after.members {
        member.is_admin |= member.person_id == successor.person_id;
    }
    let People { participants, next } = after.people(None, None);
    Ok(ServerMessage::RoomMembers {
        room_id: left.room_id.clone(),
        room_name: after.existing()?.room_name.clone(),
        participants,
        next,
        voice: voice.state(transport, &after.attachments, None),
    })
}
