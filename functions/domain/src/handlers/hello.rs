//! `hello`: who am I, what is allowed, which rooms am I in? The first moment at which a connection
//! can be told anything, so the one at which it begins to listen and its person comes online.

use chatctl_protocol::{ErrorCode, Limits, Refusal, RoomSummary, ServerMessage};
use futures_util::StreamExt;
use futures_util::future::try_join3;
use futures_util::stream;

use crate::caller::Call;
use crate::fault::{Failure, Fault};
use crate::model::{CONNECTION_TTL_S, expiry, unexpired};
use crate::outcome::{Outcome, Push};
use crate::roster::{attachment, is_online, others};
use crate::{Connection, Member, Ports, session};

/// Rooms looked into at a time.
const IN_FLIGHT: usize = 10;

pub(crate) async fn handle<P: Ports>(ports: &P, call: Call<'_>) -> Result<Outcome, Failure> {
    let connection = call.identify(ports).await?;
    let now = ports.now();
    let (kept, key, memberships) = try_join3(
        ports.keep_name(&connection, expiry(now, CONNECTION_TTL_S), true),
        ports.session_key(),
        ports.memberships(&connection.person_id),
    )
    .await?;
    if !kept {
        return Err(displaced().into());
    }
    let mut outcome = Outcome::answer(ServerMessage::Welcome {
        user_id: connection.user_id.clone(),
        session_token: session::issue(&key, &connection.person_id, &connection.user_id, now),
        server_time: now,
        limits: Limits::CURRENT,
        rooms: memberships.iter().map(summary).collect(),
    });
    let mut entering = stream::iter(&memberships)
        .map(|membership| enter(ports, &connection, membership))
        .buffer_unordered(IN_FLIGHT);
    while let Some(push) = entering.next().await {
        outcome.pushes.extend(push?);
    }
    Ok(outcome)
}

/// Attaches the connection to one room; the others there learn of it if nobody of this person was
/// there before.
async fn enter<P: Ports>(
    ports: &P,
    connection: &Connection,
    membership: &Member,
) -> Result<Option<Push>, Fault> {
    let now = ports.now();
    let room_id = &membership.room_id;
    let mut attachments = ports.attachments(room_id).await?;
    attachments.retain(|row| unexpired(row.expires_at, now));
    if attachments.iter().any(|row| row.connection_id == connection.connection_id) {
        return Ok(None);
    }
    let attached = ports.attach(&attachment(connection, room_id, now)).await?;
    if !attached || is_online(&attachments, &connection.person_id) {
        return Ok(None);
    }
    let message = ServerMessage::Presence {
        room_id: room_id.clone(),
        user_id: membership.user_id.clone(),
        online: true,
    };
    let to = others(&attachments, &connection.person_id).map(Into::into).collect();
    Ok(Some(Push { to, message }))
}

fn summary(membership: &Member) -> RoomSummary {
    RoomSummary {
        room_id: membership.room_id.clone(),
        room_name: membership.room_name.clone(),
        is_admin: membership.is_admin,
    }
}

fn displaced() -> Refusal {
    Refusal::new(
        ErrorCode::Conflict,
        "somebody else has taken this name meanwhile; connect again under another name",
    )
}
