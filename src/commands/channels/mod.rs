//! `channels`: the signaling channels of the stage's voice rooms, and those that outlived theirs.

mod ls;
mod sweep;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::aws::{Channel, Channels, ScanRequest, Tables};
use crate::context::Context;
use crate::deploy::aws::{PROJECT_TAG, STAGE_TAG};
use crate::error::CliError;
use crate::operate::Stage;

/// The channel that serves as the relays' address for every room, and stays with the stage.
const RELAY: &str = "turn";

/// A room's row is written after its channel is made: a younger channel may be about to get one.
const SETTLED_MS: i64 = 10 * 60 * 1000;

/// Show the signaling channels, or remove those that outlived their room
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Ls(ls::Args),
    Sweep(sweep::Args),
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    match &args.command {
        Command::Ls(args) => ls::run(args, context),
        Command::Sweep(args) => sweep::run(args, context),
    }
}

/// What a channel is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Use {
    /// It is where credentials for the relays come from.
    Relay,
    /// A voice room has it.
    Room,
    /// It is young, and its room may be about to be written down.
    New,
    /// Its room is gone.
    Orphan,
}

impl Use {
    fn word(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Room => "room",
            Self::New => "new",
            Self::Orphan => "orphan",
        }
    }
}

/// What a channel of a stage is there for, by its name behind the stage's prefix.
fn judge(suffix: &str, created_ms: i64, rooms: &BTreeSet<String>, now_ms: i64) -> Use {
    match suffix {
        RELAY => Use::Relay,
        room if rooms.contains(room) => Use::Room,
        _ if now_ms - created_ms < SETTLED_MS => Use::New,
        _ => Use::Orphan,
    }
}

/// The stage's channels, and what each is there for.
async fn look(stage: &Stage) -> Result<Vec<(Channel, Use)>, CliError> {
    let name = &stage.stack.name;
    let tags = [(PROJECT_TAG, name.project.as_str()), (STAGE_TAG, name.stage.as_str())];
    let prefix = name.channel("");
    let channels = Channels::new(&stage.cloud).tagged(&prefix, &tags).await?;
    // After the channels: a room that is written down meanwhile is seen.
    let rooms = rooms(stage).await?;
    let now = Timestamp::now().as_millisecond();
    let judged = channels.into_iter().map(|channel| {
        let suffix = channel.name.strip_prefix(&prefix).unwrap_or_default();
        let use_ = judge(suffix, channel.created_ms, &rooms, now);
        (channel, use_)
    });
    Ok(judged.collect())
}

/// The voice rooms that are written down.
async fn rooms(stage: &Stage) -> Result<BTreeSet<String>, CliError> {
    const ROOM: &str = "voiceRoomId";
    let table = stage.stack.table("VoiceRooms").ok_or_else(|| {
        CliError::failed("no-voice", "the stage has no table VoiceRooms, so no voice rooms")
            .hint("`chatctl deploy` brings voice to the stage")
    })?;
    let (tables, fields) = (Tables::new(&stage.cloud), [ROOM.to_owned()]);
    let request = ScanRequest {
        table: &table.physical,
        segment: (0, 1),
        condition: None,
        fields: &fields,
        page_size: None,
    };
    let (mut rooms, mut next) = (BTreeSet::new(), None);
    loop {
        let page = tables.scan(&request, next).await?;
        rooms.extend(page.rows.iter().filter_map(|row| Some(row.get(ROOM)?.as_str()?.to_owned())));
        next = page.next;
        if next.is_none() {
            return Ok(rooms);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_settled_channel_without_a_room_is_an_orphan() {
        let rooms = BTreeSet::from(["with-room".to_owned()]);
        let (long_ago, lately) = (0, SETTLED_MS);
        let now = SETTLED_MS + 1;
        assert_eq!(judge("turn", long_ago, &rooms, now), Use::Relay);
        assert_eq!(judge("with-room", long_ago, &rooms, now), Use::Room);
        assert_eq!(judge("without", lately, &rooms, now), Use::New);
        assert_eq!(judge("without", long_ago, &rooms, now), Use::Orphan);
    }
}
