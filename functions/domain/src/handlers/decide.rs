//! An admin's decision on a request to join: one of several admins decides, once.

use chatctl_protocol::{ErrorCode, JoinStatus, Refusal, ServerMessage, UserName};
use futures_util::StreamExt;
use futures_util::future::try_join;
use futures_util::stream;

use super::join_room::response;
use crate::caller::Call;
use crate::fault::{Failure, Fault};
use crate::model::unexpired;
use crate::outcome::Outcome;
use crate::roster::{attachment, others};
use crate::{Connection, Decision, JoinRequest, Member, Ports, RoomRows, text};

/// What a decision is made on.
struct Case {
    rows: RoomRows,
    admin: Member,
    request: JoinRequest,
}

pub(super) async fn approve<P: Ports>(
    ports: &P,
    call: Call<'_>,
    room_id: &str,
    target: &str,
) -> Result<Outcome, Failure> {
    let Case { rows, admin, request } = open(ports, call, room_id, target).await?;
    let room_name = rows.existing()?.room_name.clone();
    let member = Member {
        room_id: room_id.to_owned(),
        room_name: room_name.clone(),
        person_id: request.person_id.clone(),
        user_id: request.user_id.clone(),
        name_key: request.name_key.clone(),
        is_admin: false,
        joined_at: ports.now(),
    };
    settled(ports.approve(&admin, &request, &member).await?)?;
    let connections = live(ports, &request.person_id).await?;
    let_in(ports, &connections, room_id).await?;

    let user_id = || request.user_id.clone();
    let room = || room_id.to_owned();
    let joined = ServerMessage::MemberJoined { room_id: room(), user_id: user_id() };
    let mut outcome = answer(call, room_id, JoinStatus::Approved, &request)
        .push(&connections, response(room_id, JoinStatus::Approved, Some(room_name)))
        .push(others(&rows.attachments, &request.person_id), joined);
    if !connections.is_empty() {
        let presence =
            ServerMessage::Presence { room_id: room(), user_id: user_id(), online: true };
        outcome = outcome.push(others(&rows.attachments, &request.person_id), presence);
    }
    Ok(outcome)
}

pub(super) async fn reject<P: Ports>(
    ports: &P,
    call: Call<'_>,
    room_id: &str,
    target: &str,
) -> Result<Outcome, Failure> {
    let Case { rows: _, admin, request } = open(ports, call, room_id, target).await?;
    settled(ports.reject(&admin, &request).await?)?;
    let connections = live(ports, &request.person_id).await?;
    Ok(answer(call, room_id, JoinStatus::Rejected, &request)
        .push(&connections, response(room_id, JoinStatus::Rejected, None)))
}

/// Reads the room, and that the caller may decide on the target's request there.
async fn open<P: Ports>(
    ports: &P,
    call: Call<'_>,
    room_id: &str,
    target: &str,
) -> Result<Case, Failure> {
    let name = UserName::parse(&text::nfc(target))
        .map_err(|error| Refusal::bad_request(format!("targetUserId: {error}")))?;
    let rows = ports.room_rows(room_id).await?.at(ports.now());
    let speaker = call.speaker(ports, &rows.attachments).await?;
    let admin = rows.insider(&speaker.person_id)?.clone();
    if !admin.is_admin {
        return Err(not_admin().into());
    }
    match rows.request(&name.key()) {
        Some(request) => Ok(Case { admin, request: request.clone(), rows }),
        None if rows.members.iter().any(|member| member.name_key == name.key()) => {
            Err(decided().into())
        }
        None => Err(Refusal::new(
            ErrorCode::NotFound,
            format!("{name} has no pending request in this room"),
        )
        .into()),
    }
}

fn settled(decision: Decision) -> Result<(), Refusal> {
    match decision {
        Decision::Done => Ok(()),
        Decision::NotAdmin => Err(not_admin()),
        Decision::Decided => Err(decided()),
    }
}

/// The target's connections that the decision is told to.
async fn live<P: Ports>(ports: &P, person_id: &str) -> Result<Vec<Connection>, Fault> {
    let mut connections = ports.connections_of(person_id).await?;
    let now = ports.now();
    connections.retain(|connection| unexpired(connection.expires_at, now));
    Ok(connections)
}

/// Attaches the new member's connections to the room, which becomes the one that they speak in.
async fn let_in<P: Ports>(
    ports: &P,
    connections: &[Connection],
    room_id: &str,
) -> Result<(), Fault> {
    let now = ports.now();
    let mut attaching = stream::iter(connections)
        .map(|connection| async move {
            let attachment = attachment(connection, room_id, now);
            try_join(
                ports.attach(&attachment),
                ports.enter_room(&connection.connection_id, room_id),
            )
            .await
        })
        .buffer_unordered(connections.len().max(1));
    while let Some(attached) = attaching.next().await {
        attached?;
    }
    Ok(())
}

/// The admin's own answer. A client of the original protocol would take it for one to a request of
/// its own, so it goes only to those that can tell by the request's id.
fn answer(call: Call<'_>, room_id: &str, status: JoinStatus, request: &JoinRequest) -> Outcome {
    if !call.correlated {
        return Outcome::default();
    }
    Outcome::answer(ServerMessage::JoinResponse {
        room_id: room_id.to_owned(),
        status,
        room_name: None,
        user_id: Some(request.user_id.clone()),
    })
}

fn not_admin() -> Refusal {
    Refusal::new(ErrorCode::Forbidden, "only an admin of the room decides who joins")
}

fn decided() -> Refusal {
    Refusal::new(ErrorCode::Conflict, "this request was already decided")
}
