//! The sweep: what a crash, a lost `$disconnect` or a lost network left of voice is removed. It runs
//! by the clock and looks only at what is alive: talkers, voice rooms and channels, not rooms.

use chatctl_protocol::PeerLeft;
use futures_util::StreamExt;
use futures_util::stream;

use crate::deliver::deliver;
use crate::fault::Fault;
use crate::model::unexpired;
use crate::outcome::{Notes, Push, Report};
use crate::roster::listeners;
use crate::voice::part;
use crate::voice_room::{end, room_of, with_channel};
use crate::{Channel, Ending, Ports, Talker, Tally, VoiceRoom};

/// Rows looked at a time.
const IN_FLIGHT: usize = 20;

/// A voice room younger than this waits for its master, ms.
const STARTING_MS: u64 = 120_000;

/// A channel younger than this may be one of which no row tells yet, ms.
const SETTLED_MS: u64 = 600_000;

/// Removes what is dead, and tells the others in its rooms.
pub async fn handle<P: Ports>(ports: &P) -> Report {
    let notes = Notes::default();
    match sweep(ports, &notes).await {
        Ok((news, pruned)) => {
            let told = deliver(ports, news).await;
            Report { tally: told + Tally { pruned, ..Tally::default() }, ..Report::new(notes) }
        }
        Err(fault) => Report::new(notes).fault(&fault),
    }
}

async fn sweep<P: Ports>(ports: &P, notes: &Notes) -> Result<(Vec<Push>, u32), Fault> {
    let (talkers, rooms) = ports.all_voice().await?;
    let (mut news, mut pruned) = (Vec::new(), 0);
    let mut swept =
        stream::iter(&rooms).map(|room| bury(ports, notes, room)).buffer_unordered(IN_FLIGHT);
    while let Some(one) = swept.next().await {
        tally(one, notes, &mut news, &mut pruned);
    }
    let mut swept =
        stream::iter(&talkers).map(|talker| hush(ports, talker)).buffer_unordered(IN_FLIGHT);
    while let Some(one) = swept.next().await {
        tally(one, notes, &mut news, &mut pruned);
    }
    match ports.all_channels().await {
        Ok(channels) => {
            let young = ports.now().saturating_sub(SETTLED_MS);
            let old = channels.iter().filter(|channel| channel.created_at <= young);
            let mut swept = stream::iter(old)
                .map(|channel| drain(ports, channel, &rooms))
                .buffer_unordered(IN_FLIGHT);
            while let Some(one) = swept.next().await {
                tally(one, notes, &mut news, &mut pruned);
            }
        }
        Err(fault) => notes.fault(&fault),
    }
    Ok((news, pruned))
}

/// One row that cannot be swept now does not keep the others from it: its turn comes again.
fn tally(
    one: Result<Option<Vec<Push>>, Fault>,
    notes: &Notes,
    news: &mut Vec<Push>,
    pruned: &mut u32,
) {
    match one {
        Ok(None) => {}
        Ok(Some(pushes)) => {
            *pruned += 1;
            news.extend(pushes);
        }
        Err(fault) => notes.fault(&fault),
    }
}

/// Ends a voice room that is void, or whose master is gone or never came.
async fn bury<P: Ports>(
    ports: &P,
    notes: &Notes,
    room: &VoiceRoom,
) -> Result<Option<Vec<Push>>, Fault> {
    let now = ports.now();
    let alive = unexpired(room.expires_at, now)
        && match &room.master_connection {
            Some(connection) => ports.is_open(connection).await?,
            None => room.created_at + STARTING_MS > now,
        };
    if alive {
        return Ok(None);
    }
    let room = with_channel(ports, room).await?;
    let rows = ports.voice_rows(&room.room_id).await?;
    let listeners = listeners(ports, &room.room_id).await?;
    end(ports, notes, (&room, Ending::SameMaster), &rows.talkers, &listeners).await
}

/// Removes the channel of a voice room that is gone. A name that is no voice room's id is of another
/// use. `rooms` can miss some: the room's own rows decide.
async fn drain<P: Ports>(
    ports: &P,
    channel: &Channel,
    rooms: &[VoiceRoom],
) -> Result<Option<Vec<Push>>, Fault> {
    let has_it = |room: &VoiceRoom| room.voice_room_id == channel.own;
    let Ok(room_id) = room_of(&channel.own) else { return Ok(None) };
    if rooms.iter().any(has_it)
        || ports.voice_rows(room_id).await?.voice_room.as_ref().is_some_and(has_it)
    {
        return Ok(None);
    }
    ports.delete_channel(&channel.arn).await?;
    Ok(Some(Vec::new()))
}

/// Removes a talker whose connection is gone.
async fn hush<P: Ports>(ports: &P, talker: &Talker) -> Result<Option<Vec<Push>>, Fault> {
    let alive = unexpired(talker.expires_at, ports.now());
    if alive && ports.is_open(&talker.connection_id).await? {
        return Ok(None);
    }
    let listeners = listeners(ports, &talker.room_id).await?;
    let news = part(ports, talker, &listeners, PeerLeft::Disconnected).await?;
    Ok(news.map(|push| vec![push]))
}
