//! What is stored, as the rules see it. Times are ms since the epoch, expiries are seconds.

use chatctl_protocol::ChatMessage;

/// Seconds that a connection's rows outlive it at most: API Gateway's two hours and ten minutes of grace.
pub(crate) const CONNECTION_TTL_S: u64 = 2 * 3600 + 600;

/// Seconds for which a refused connection can be told why; it is closed within moments.
pub(crate) const REFUSAL_TTL_S: u64 = 600;

/// Seconds after which an undecided request to join is forgotten.
pub(crate) const REQUEST_TTL_S: u64 = 7 * 24 * 3600;

/// Seconds for which a client's own message id is remembered.
pub(crate) const DEDUPE_TTL_S: u64 = 24 * 3600;

/// The expiry, in seconds, of something that lives `ttl_s` from `now_ms`.
pub(crate) fn expiry(now_ms: u64, ttl_s: u64) -> u64 {
    now_ms / 1000 + ttl_s
}

/// Whether an expiry has not come yet: the database deletes late, so every read asks.
pub(crate) fn unexpired(expires_at: u64, now_ms: u64) -> bool {
    expires_at > now_ms / 1000
}

/// An open connection and who speaks on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// API Gateway's id.
    pub connection_id: String,
    /// Whose it is.
    pub person_id: String,
    /// The person's display name.
    pub user_id: String,
    /// The key under which that name is held.
    pub name_key: String,
    /// When it was accepted, ms.
    pub connected_at: u64,
    /// The room that it last created or joined.
    pub room_id: Option<String>,
    /// The rooms in whose voice it takes part, or did.
    pub voice_rooms: Vec<String>,
    /// When the row is void, s.
    pub expires_at: u64,
}

/// Ms for which a name is kept for a person who can prove who they are and is not connected: as long
/// as API Gateway takes to notice that a line is dead, so that neither a reload nor a tunnel loses it.
pub const RESERVED_MS: u64 = 10 * 60 * 1000;

/// Who holds a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameHold {
    /// The name's key.
    pub name_key: String,
    /// The name as its holder writes it.
    pub user_id: String,
    /// The holder.
    pub person_id: String,
    /// When the holder last connected, ms.
    pub held_at: u64,
    /// When the hold is void, s.
    pub expires_at: u64,
    /// The holder's connections; one whose end nobody heard of is still among them.
    pub connections: Vec<String>,
    /// Whether the holder has a session token, so that the name outlives their last connection.
    pub reserved: bool,
    /// When a connection of theirs last ended, ms.
    pub left_at: Option<u64>,
}

impl NameHold {
    /// Whether somebody else can have the name at a time (ms) without a look at the connections.
    pub fn is_free(&self, now: u64) -> bool {
        let kept = self.reserved && self.left_at.is_none_or(|left| left + RESERVED_MS > now);
        !unexpired(self.expires_at, now) || (self.connections.is_empty() && !kept)
    }
}

/// By what right a connection takes its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim<'a> {
    /// Nobody holds it, or only the same person, who has no other connection.
    Alone,
    /// Its holder is not there any more; it holds only if they hold it exactly as told.
    InsteadOf(&'a NameHold),
    /// The person holds it, with fewer connections than a person may have.
    Beside,
}

/// What came of asking to be let in under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// The name is held and the connection recorded.
    Admitted,
    /// The claim does not hold against who holds the name; nothing was written.
    Held(NameHold),
    /// The name turned out to be free; nothing was written.
    Free,
}

/// A room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its id.
    pub room_id: String,
    /// Its name.
    pub room_name: String,
    /// When it was made, ms.
    pub created_at: u64,
    /// The person who made it.
    pub created_by: String,
}

/// A person's membership of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The room.
    pub room_id: String,
    /// The room's name, kept here so that a person's rooms are one read.
    pub room_name: String,
    /// The person.
    pub person_id: String,
    /// Their display name.
    pub user_id: String,
    /// Its key.
    pub name_key: String,
    /// Whether they decide who joins.
    pub is_admin: bool,
    /// When they were let in, ms.
    pub joined_at: u64,
}

/// An undecided request to join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    /// The room.
    pub room_id: String,
    /// The key of the asker's name; one request a name.
    pub name_key: String,
    /// The asker.
    pub person_id: String,
    /// Their display name.
    pub user_id: String,
    /// When they first asked, ms.
    pub asked_at: u64,
    /// When it is forgotten, s.
    pub expires_at: u64,
}

/// A member's connection that a room's messages go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The room.
    pub room_id: String,
    /// The connection.
    pub connection_id: String,
    /// The person whose it is.
    pub member_id: String,
    /// Their display name.
    pub user_id: String,
    /// When it was attached, ms.
    pub attached_at: u64,
    /// When the row is void, s.
    pub expires_at: u64,
}

/// Everything in a room's partition, or a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomRows {
    /// The room itself; none where it does not exist.
    pub room: Option<Room>,
    /// Its members.
    pub members: Vec<Member>,
    /// Those who ask to be.
    pub requests: Vec<JoinRequest>,
    /// The connections that its messages go to.
    pub attachments: Vec<Attachment>,
}

/// What came of an admin's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It stands.
    Done,
    /// The caller is no admin (any more).
    NotAdmin,
    /// The request is gone: somebody else decided it.
    Decided,
}

/// A member's way out of a room, as one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure<'a> {
    /// Who leaves, as read: the change holds only if their standing is still the same.
    pub member: &'a Member,
    /// Their connections' attachments, removed with them.
    pub attachments: Vec<&'a str>,
    /// The member who becomes admin in their place.
    pub successor: Option<&'a Member>,
    /// Nobody remains: the room goes too.
    pub dissolves: bool,
}

/// A message as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// What everyone sees.
    pub message: ChatMessage,
    /// Who said it.
    pub person_id: String,
}

/// What came of storing a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// It is stored.
    New,
    /// The same client message id was stored before, as this.
    Before {
        /// The first one's id.
        message_id: String,
        /// When it was stored, ms.
        timestamp: u64,
    },
}

/// Which messages of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page<'a> {
    /// The newest.
    Newest,
    /// The newest of those before an id.
    Before(&'a str),
    /// The oldest of those after an id.
    After(&'a str),
}
