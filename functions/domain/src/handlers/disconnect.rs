//! `$disconnect`: everything that a connection held is given back. It is best effort on AWS, so
//! nothing relies on it: expiries, and the checks at `$connect` and at each delivery, do the rest.

use std::time::Duration;

use chatctl_protocol::{PeerLeft, ServerMessage};
use futures_util::StreamExt;
use futures_util::future::join3;
use futures_util::stream;

use crate::deliver::deliver;
use crate::fault::Fault;
use crate::outcome::{Notes, Push, Report};
use crate::roster::{is_online, listeners};
use crate::voice::part;
use crate::voice_room::{end_with, led_from};
use crate::{Connection, Member, Ports, Tally};

/// Rooms looked into at a time.
const IN_FLIGHT: usize = 10;

/// How long a voice room waits for the return of its master, whose audio does not need the line that
/// ended: API Gateway closes every line after two hours, and networks drop out for a moment; the web app
/// waits no longer for its next attempt than that moment was.
const RETURN: Duration = Duration::from_secs(10);

/// Serves one closed connection.
pub async fn handle<P: Ports>(ports: &P, connection_id: &str) -> Report {
    let notes = Notes::default();
    let served = serve(ports, connection_id, &notes).await;
    let report = Report::new(notes);
    match served {
        Ok(tally) => Report { tally, ..report },
        Err(fault) => report.fault(&fault),
    }
}

async fn serve<P: Ports>(ports: &P, connection_id: &str, notes: &Notes) -> Result<Tally, Fault> {
    // A refused connection has no row, and nothing to give back.
    let Some(connection) = ports.remove_connection(connection_id).await? else {
        return Ok(Tally::default());
    };
    notes.user(&connection.user_id);
    let (pushes, led) = settle(ports, &connection).await?;
    let told = deliver(ports, pushes).await;
    if led.is_empty() {
        return Ok(told);
    }
    ports.pause(RETURN).await;
    let mut pushes = Vec::new();
    for room_id in &led {
        let rows = ports.voice_rows(room_id).await?;
        let listeners = listeners(ports, room_id).await?;
        pushes.extend(end_with(ports, notes, &rows, connection_id, &listeners).await?);
    }
    Ok(told + deliver(ports, pushes).await)
}

/// Gives back what the connection held; tells also in which rooms it was a voice room's master.
async fn settle<P: Ports>(
    ports: &P,
    connection: &Connection,
) -> Result<(Vec<Push>, Vec<String>), Fault> {
    let (named, silent, pushes) = join3(
        release(ports, connection),
        fall_silent(ports, connection),
        leave_rooms(ports, connection),
    )
    .await;
    named?;
    let (mut pushes, (silent, led)) = (pushes?, silent?);
    pushes.extend(silent);
    Ok((pushes, led))
}

/// Lets go of the name with the person's last connection; a person who can prove who they are has it
/// kept for a while.
async fn release<P: Ports>(ports: &P, connection: &Connection) -> Result<(), Fault> {
    let Connection { name_key, person_id, connection_id, .. } = connection;
    ports.part(name_key, person_id, std::slice::from_ref(connection_id), ports.now()).await
}

/// Gives up the connection's seats in the rooms where it talks; tells also in which of them it was a
/// voice room's master.
async fn fall_silent<P: Ports>(
    ports: &P,
    connection: &Connection,
) -> Result<(Vec<Push>, Vec<String>), Fault> {
    let connection_id = &connection.connection_id;
    let (mut pushes, mut led) = (Vec::new(), Vec::new());
    for room_id in &connection.voice_rooms {
        let rows = ports.voice_rows(room_id).await?;
        if let Some(talker) = rows.on(connection_id) {
            let mut listeners = listeners(ports, room_id).await?;
            listeners.retain(|row| row.connection_id != *connection_id);
            pushes.extend(part(ports, talker, &listeners, PeerLeft::Disconnected).await?);
        }
        led.extend(led_from(&rows, connection_id).map(|room| room.room_id.clone()));
    }
    Ok((pushes, led))
}

async fn leave_rooms<P: Ports>(ports: &P, connection: &Connection) -> Result<Vec<Push>, Fault> {
    let memberships = ports.memberships(&connection.person_id).await?;
    let mut pushes = Vec::new();
    let mut leaving = stream::iter(&memberships)
        .map(|membership| go_offline(ports, connection, membership))
        .buffer_unordered(IN_FLIGHT);
    while let Some(push) = leaving.next().await {
        pushes.extend(push?);
    }
    Ok(pushes)
}

/// Detaches the connection from one room; the others there learn of it if it was the person's last.
async fn go_offline<P: Ports>(
    ports: &P,
    connection: &Connection,
    membership: &Member,
) -> Result<Option<Push>, Fault> {
    let Member { room_id, user_id, .. } = membership;
    ports.detach(room_id, &connection.connection_id).await?;
    let attachments = listeners(ports, room_id).await?;
    if is_online(&attachments, &connection.person_id) {
        return Ok(None);
    }
    let message = ServerMessage::Presence {
        room_id: room_id.clone(),
        user_id: user_id.clone(),
        online: false,
    };
    Ok(Some(Push { to: attachments.iter().map(Into::into).collect(), message }))
}
