//! Voice rooms: voice over a signaling channel of Kinesis Video Streams, one at a time in a room. Its
//! creator is the master, to whom everybody else connects; it ends with them.

use chatctl_protocol::{
    ChannelEndpoint, ErrorCode, LentCredentials, PeerLeft, Refusal, ServerMessage, VoiceRole,
};
use futures_util::future::try_join_all;

use crate::fault::Fault;
use crate::outcome::{Notes, Push, Target};
use crate::voice::left;
use crate::{Attachment, Ice, Member, Ports, Talker, VoiceRows, text};

/// A voice room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceRoom {
    /// The room.
    pub room_id: String,
    /// Its own id: the room's, a hyphen, and what tells it from the room's others.
    pub voice_room_id: String,
    /// Its channel; none while that is being made.
    pub channel_arn: Option<String>,
    /// The person who started it.
    pub created_by: String,
    /// Their display name.
    pub user_id: String,
    /// When, ms.
    pub created_at: u64,
    /// The connection on which they are its master; none before they asked for credentials.
    pub master_connection: Option<String>,
    /// When it is void, s.
    pub expires_at: u64,
}

/// Whether it matters who is a voice room's master when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Whoever it is.
    AnyMaster,
    /// It ends for the lack of its master, so only if nobody else, and no other connection, is one now.
    SameMaster,
}

/// As whom a channel is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelClient<'a> {
    /// The one master.
    Master,
    /// A viewer.
    Viewer {
        /// Its id there.
        id: &'a str,
        /// The membership that lets it in, as [`Channels::bar`](crate::Channels::bar) names it.
        membership: &'a str,
    },
}

impl ChannelClient<'_> {
    /// The role.
    pub fn role(self) -> VoiceRole {
        match self {
            Self::Master => VoiceRole::Master,
            Self::Viewer { .. } => VoiceRole::Viewer,
        }
    }
}

/// A channel of the stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its ARN.
    pub arn: String,
    /// What it is called behind the stage's prefix: for a voice room, the voice room's id.
    pub own: String,
    /// When it was made, ms.
    pub created_at: u64,
}

/// What reaches a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelAccess {
    /// The region.
    pub region: String,
    /// Where it is.
    pub endpoints: Vec<ChannelEndpoint>,
    /// Keys for it.
    pub credentials: LentCredentials,
    /// Servers that help browsers to reach each other.
    pub ice: Ice,
    /// The signed address of its WebSocket.
    pub signaling_url: String,
}

/// A new voice room's id.
pub(crate) fn new_id(room_id: &str, bits: u128) -> String {
    format!("{room_id}-{}", text::room_id(bits))
}

/// A viewer's id on a channel: the connection's, in the characters that a channel takes.
pub(crate) fn client_id(connection_id: &str) -> String {
    format!("c-{}", word(connection_id))
}

/// What names one membership, in the characters that a tag takes: whoever leaves and is let in again has
/// another one.
pub(crate) fn membership(member: &Member) -> String {
    format!("{}-{}", word(&member.person_id), member.joined_at)
}

fn word(text: &str) -> String {
    let taken = |c: &char| c.is_ascii_alphanumeric() || "_.-".contains(*c);
    text.chars().filter(taken).collect()
}

/// Makes void what a member who leaves was lent for the room's channel. What cannot be taken back ends by
/// itself, so leaving goes on.
pub(crate) async fn bar<P: Ports>(ports: &P, notes: &Notes, room: &VoiceRoom, member: &Member) {
    let Some(arn) = &room.channel_arn else { return };
    if let Err(fault) = ports.bar(arn, &membership(member)).await {
        notes.fault(&fault);
    }
}

/// The room that a voice room's id names.
pub(crate) fn room_of(voice_room_id: &str) -> Result<&str, Refusal> {
    let (room_id, own) = voice_room_id.split_once('-').ok_or_else(no_such_voice_room)?;
    for part in [room_id, own] {
        text::check_room_id(part).map_err(|_| no_such_voice_room())?;
    }
    Ok(room_id)
}

/// `notFound` for a voice room.
pub(crate) fn no_such_voice_room() -> Refusal {
    Refusal::new(
        ErrorCode::NotFound,
        "there is no voice room with this id; it may have ended, so start a new one with createVoiceRoom",
    )
}

/// A voice room with its channel, which may be there although a start that died has not noted it.
pub(crate) async fn with_channel<P: Ports>(
    ports: &P,
    room: &VoiceRoom,
) -> Result<VoiceRoom, Fault> {
    let found = match &room.channel_arn {
        Some(arn) => Some(arn.clone()),
        None => ports.find_channel(&room.voice_room_id).await?,
    };
    Ok(VoiceRoom { channel_arn: found, ..room.clone() })
}

/// Ends a voice room and tells everybody; nobody, where somebody else has ended it or, if that matters,
/// it has got another master meanwhile. Its row goes first, so that no channel is taken from those who
/// go on; a channel that stays behind is found by the sweep.
pub(crate) async fn end<P: Ports>(
    ports: &P,
    notes: &Notes,
    (room, ending): (&VoiceRoom, Ending),
    talkers: &[Talker],
    listeners: &[Attachment],
) -> Result<Option<Vec<Push>>, Fault> {
    if !ports.close_voice_room(room, ending).await? {
        return Ok(None);
    }
    if let Some(arn) = &room.channel_arn
        && let Err(fault) = ports.delete_channel(arn).await
    {
        notes.fault(&fault);
    }
    let unseated =
        talkers.iter().map(|row| ports.unseat(&row.room_id, &row.person_id, &row.connection_id));
    try_join_all(unseated).await?;
    let to = || listeners.iter().map(Target::from).collect::<Vec<_>>();
    let ended = ServerMessage::VoiceRoomEnded { voice_room_id: room.voice_room_id.clone() };
    let parted = talkers.iter().map(|row| left(&row.room_id, &row.user_id, PeerLeft::Ended));
    Ok(Some(parted.chain([ended]).map(|message| Push { to: to(), message }).collect()))
}

/// The voice room whose master is on this connection, if there is one.
pub(crate) fn led_from<'a>(rows: &'a VoiceRows, connection_id: &str) -> Option<&'a VoiceRoom> {
    let leads = |room: &&VoiceRoom| room.master_connection.as_deref() == Some(connection_id);
    rows.voice_room.as_ref().filter(leads)
}

/// Ends the voice room whose master is on a connection that goes, if there is one.
pub(crate) async fn end_with<P: Ports>(
    ports: &P,
    notes: &Notes,
    rows: &VoiceRows,
    connection_id: &str,
    listeners: &[Attachment],
) -> Result<Vec<Push>, Fault> {
    let Some(room) = led_from(rows, connection_id) else { return Ok(Vec::new()) };
    let others: Vec<Talker> =
        rows.talkers.iter().filter(|row| row.connection_id != connection_id).cloned().collect();
    let ended = end(ports, notes, (room, Ending::SameMaster), &others, listeners).await?;
    Ok(ended.unwrap_or_default())
}
