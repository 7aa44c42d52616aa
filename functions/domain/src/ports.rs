//! What the rules need from outside.
//!
//! The traits are used by generic code alone, so that whether a future is `Send` is settled where
//! the one real implementation is known; that is why plain `async fn` serves here.
#![allow(async_fn_in_trait)]

use std::time::Duration;

use bytes::Bytes;
use chatctl_protocol::{ErrorCode, IceServer, Refusal, VoiceTransport};
use serde::{Deserialize, Serialize};

use crate::{
    Admission, Attachment, Channel, ChannelAccess, ChannelClient, Claim, Connection, Decision,
    Departure, Ending, Fault, Ice, JoinRequest, Member, NameHold, Page, Room, RoomRows, Seating,
    Stored, StoredMessage, Talker, VoiceRoom, VoiceRows,
};

/// Who is connected.
pub trait ConnectionStore {
    /// One connection's row, expired or not; a refused connection has none.
    async fn connection(&self, connection_id: &str) -> Result<Option<Connection>, Fault>;
    /// A person's rows, expired or not; a row written within the last second can be missing.
    async fn connections_of(&self, person_id: &str) -> Result<Vec<Connection>, Fault>;
    /// Records, until a time (s), why a connection is refused.
    async fn record_refusal(&self, notice: &RefusalNotice, expires_at: u64) -> Result<(), Fault>;
    /// Why a connection is refused, if it is.
    async fn refusal(&self, connection_id: &str) -> Result<Option<Refusal>, Fault>;
    /// Deletes a row and tells what it was; a recorded refusal goes too, and is none.
    async fn remove_connection(&self, connection_id: &str) -> Result<Option<Connection>, Fault>;
    /// Deletes a row if it was accepted before a time (ms).
    async fn prune_connection(&self, connection_id: &str, before: u64) -> Result<(), Fault>;
    /// Moves a row's expiry, if the row is there.
    async fn touch_connection(&self, connection_id: &str, expires_at: u64) -> Result<(), Fault>;
    /// Notes the room that a connection speaks in unless told otherwise, if the row is there.
    async fn enter_room(&self, connection_id: &str, room_id: &str) -> Result<(), Fault>;
}

/// Who holds which display name.
pub trait NameStore {
    /// Takes the name at `now` (ms) and records the connection, both or neither. A person who returns
    /// has the name kept for them.
    async fn admit(
        &self,
        connection: &Connection,
        claim: Claim<'_>,
        returning: bool,
        now: u64,
    ) -> Result<Admission, Fault>;
    /// Who holds a name, void or not.
    async fn name(&self, name_key: &str) -> Result<Option<NameHold>, Fault>;
    /// Moves the expiry of a person's own hold, or takes a name again that nobody has; false if it is
    /// another's. From when it is reserved, it is kept for them.
    async fn keep_name(
        &self,
        connection: &Connection,
        expires_at: u64,
        reserve: bool,
    ) -> Result<bool, Fault>;
    /// Notes at `now` (ms) that these connections of a name's holder have ended, if they still hold it.
    async fn part(
        &self,
        name_key: &str,
        person_id: &str,
        connections: &[String],
        now: u64,
    ) -> Result<(), Fault>;
}

/// Rooms and who is in them.
pub trait RoomStore {
    /// Stores a new room with its first member, attaches that member's connection and notes the room
    /// there; false if the id is taken.
    async fn create_room(
        &self,
        room: &Room,
        admin: &Member,
        attachment: &Attachment,
    ) -> Result<bool, Fault>;
    /// A whole partition.
    async fn room_rows(&self, room_id: &str) -> Result<RoomRows, Fault>;
    /// Only the attachments of a partition.
    async fn attachments(&self, room_id: &str) -> Result<Vec<Attachment>, Fault>;
    /// The room itself.
    async fn room(&self, room_id: &str) -> Result<Option<Room>, Fault>;
    /// One membership.
    async fn member(&self, room_id: &str, person_id: &str) -> Result<Option<Member>, Fault>;
    /// A person's memberships; one written within the last second can be missing.
    async fn memberships(&self, person_id: &str) -> Result<Vec<Member>, Fault>;
    /// In how many rooms a person is a member or asks to be; of the last second's some can be missing.
    async fn count_rooms(&self, person_id: &str) -> Result<usize, Fault>;
    /// Stores a request if its name's place is free, void at `now` (ms) or taken by `instead_of`;
    /// false if it is not.
    async fn ask(&self, request: &JoinRequest, instead_of: &str, now: u64) -> Result<bool, Fault>;
    /// Turns a request into a membership, if the caller is admin and the request is still there.
    async fn approve(
        &self,
        admin: &Member,
        request: &JoinRequest,
        member: &Member,
    ) -> Result<Decision, Fault>;
    /// Removes a request, if the caller is admin and the request is still there.
    async fn reject(&self, admin: &Member, request: &JoinRequest) -> Result<Decision, Fault>;
    /// Attaches a connection, if its person is a member; false if not.
    async fn attach(&self, attachment: &Attachment) -> Result<bool, Fault>;
    /// A connection's attachment to a room, void or not.
    async fn attachment(
        &self,
        room_id: &str,
        connection_id: &str,
    ) -> Result<Option<Attachment>, Fault>;
    /// Removes an attachment.
    async fn detach(&self, room_id: &str, connection_id: &str) -> Result<(), Fault>;
    /// Removes an attachment made before a time (ms).
    async fn prune_attachment(
        &self,
        room_id: &str,
        connection_id: &str,
        before: u64,
    ) -> Result<(), Fault>;
    /// Makes a departure, which dissolves a room only if the leaver is its one member; false if the
    /// room has changed meanwhile and must be read again.
    async fn leave(&self, departure: &Departure<'_>) -> Result<bool, Fault>;
    /// Removes a request that nobody can decide any more.
    async fn forget_request(&self, room_id: &str, name_key: &str) -> Result<(), Fault>;
}

/// What was said.
pub trait MessageStore {
    /// Stores a message; with a client message id at most once until `expires_at` (s).
    async fn store(&self, message: &StoredMessage, expires_at: u64) -> Result<Stored, Fault>;
    /// One message of a room.
    async fn message(
        &self,
        room_id: &str,
        message_id: &str,
    ) -> Result<Option<StoredMessage>, Fault>;
    /// At most `limit` messages of a room, oldest first.
    async fn messages(
        &self,
        room_id: &str,
        page: Page<'_>,
        limit: u32,
    ) -> Result<Vec<StoredMessage>, Fault>;
}

/// Who talks.
pub trait VoiceStore {
    /// Everything about a room's voice.
    async fn voice_rows(&self, room_id: &str) -> Result<VoiceRows, Fault>;
    /// Seats a talker, in place of the row that their person has in the room, and notes the room at
    /// their connection; if they are a member and that connection has not ended.
    async fn seat(&self, talker: &Talker) -> Result<Seating, Fault>;
    /// Removes a talker's row if it is still of that connection; whether it was.
    async fn unseat(
        &self,
        room_id: &str,
        person_id: &str,
        connection_id: &str,
    ) -> Result<bool, Fault>;
    /// Notes whether a talker's microphone is off, if they talk on that connection; whether they do.
    async fn set_muted(&self, talker: &Talker, muted: bool) -> Result<bool, Fault>;
    /// Counts one more signal of a connection in a period; false if it has `most` already. The count
    /// is forgotten at a time (s).
    async fn count_signal(
        &self,
        connection_id: &str,
        period: u64,
        most: u32,
        expires_at: u64,
    ) -> Result<bool, Fault>;
    /// Notes at `now` (ms) that a person joins, if fewer than `most` of their joins are younger than
    /// `within_ms`; else when the oldest of those was.
    async fn count_join(
        &self,
        person_id: &str,
        now: u64,
        within_ms: u64,
        most: u32,
    ) -> Result<Option<u64>, Fault>;
    /// Forbids voice in a room; false if there is no such room.
    async fn forbid_voice(&self, room_id: &str) -> Result<bool, Fault>;
    /// Allows voice in a room again.
    async fn allow_voice(&self, room_id: &str) -> Result<(), Fault>;
}

/// Voice rooms: voice over channels.
pub trait VoiceRoomStore {
    /// Stores a voice room if its room has none and voice is not forbidden there; false if not.
    async fn open_voice_room(&self, room: &VoiceRoom) -> Result<bool, Fault>;
    /// Notes the channel of a voice room that is still there; whether it is.
    async fn note_channel(&self, room: &VoiceRoom, channel_arn: &str) -> Result<bool, Fault>;
    /// Notes the connection of a voice room's master, and the room there; false if one of them or the
    /// master's membership is gone.
    async fn note_master(&self, room: &VoiceRoom, connection_id: &str) -> Result<bool, Fault>;
    /// Removes a voice room; false if it is gone, or its master is not as read and that matters.
    async fn close_voice_room(&self, room: &VoiceRoom, ending: Ending) -> Result<bool, Fault>;
    /// Every talker and every voice room of the stage; of the last second's some can be missing.
    async fn all_voice(&self) -> Result<(Vec<Talker>, Vec<VoiceRoom>), Fault>;
}

/// The channels of voice rooms.
pub trait Channels {
    /// Makes a voice room's channel, or finds it made, and tells its ARN.
    async fn create_channel(&self, voice_room_id: &str) -> Result<String, Fault>;
    /// Removes a channel, if it is there.
    async fn delete_channel(&self, channel_arn: &str) -> Result<(), Fault>;
    /// The ARN of a voice room's channel, if there is one.
    async fn find_channel(&self, voice_room_id: &str) -> Result<Option<String>, Fault>;
    /// Every channel of the stage: those of voice rooms, and what the stage keeps for itself.
    async fn all_channels(&self) -> Result<Vec<Channel>, Fault>;
    /// Everything that reaches a channel as somebody, and nothing else.
    async fn lend_channel(
        &self,
        channel_arn: &str,
        client: ChannelClient<'_>,
    ) -> Result<ChannelAccess, Fault>;
    /// Makes void what viewers were lent for a channel on account of a membership.
    async fn bar(&self, channel_arn: &str, membership: &str) -> Result<(), Fault>;
}

/// What helps browsers to reach each other.
pub trait VoiceRelay {
    /// What the stage's web app talks over.
    fn transport(&self) -> VoiceTransport;
    /// Servers that everybody may ask, without credentials.
    fn stun(&self) -> Vec<IceServer>;
    /// Servers for one client, their credentials its own.
    async fn ice(&self, client_id: &str) -> Result<Ice, Fault>;
}

/// What became of a post to a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// API Gateway took it.
    Delivered,
    /// There is no such connection, or its handshake is not answered yet.
    Gone,
    /// It failed, for the reason told.
    Failed(String),
}

/// The open connections.
pub trait Connections {
    /// Sends a frame.
    async fn post(&self, connection_id: &str, frame: Bytes) -> Posted;
    /// Whether a connection is open.
    async fn is_open(&self, connection_id: &str) -> Result<bool, Fault>;
    /// Closes a connection.
    async fn close(&self, connection_id: &str) -> Result<(), Fault>;
}

/// What a refused connection is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusalNotice {
    /// The connection.
    pub connection_id: String,
    /// The kind of refusal.
    pub code: ErrorCode,
    /// The sentence for people.
    pub message: String,
}

/// Tells a connection, once it is open, why it is refused, and closes it.
pub trait Refuser {
    /// Hands the notice over and does not wait for its delivery.
    async fn refuse(&self, notice: &RefusalNotice) -> Result<(), Fault>;
}

/// The secret that signs session tokens.
pub trait SessionKey {
    /// The key's bytes.
    async fn session_key(&self) -> Result<Vec<u8>, Fault>;
}

/// Time.
pub trait Clock {
    /// Ms since the epoch.
    fn now(&self) -> u64;
    /// Waits.
    async fn pause(&self, time: Duration);
}

/// Chance.
pub trait Chance {
    /// 128 bits that nobody can guess.
    fn bits(&self) -> u128;
}

/// All of them together: what a handler is given.
pub trait Ports:
    ConnectionStore
    + NameStore
    + RoomStore
    + MessageStore
    + VoiceStore
    + VoiceRelay
    + VoiceRoomStore
    + Channels
    + Connections
    + Refuser
    + SessionKey
    + Clock
    + Chance
{
}

impl<T> Ports for T where
    T: ConnectionStore
        + NameStore
        + RoomStore
        + MessageStore
        + VoiceStore
        + VoiceRelay
        + VoiceRoomStore
        + Channels
        + Connections
        + Refuser
        + SessionKey
        + Clock
        + Chance
{
}
