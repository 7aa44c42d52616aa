//! A room's voice: who talks, and questions to its rows once they are read.
//!
//! Who talks is in the rows of talkers; that they are still there shows in the room's attachments,
//! which go with their connections. A talker whose connection listens no more is a ghost: nobody is
//! told of it, and whoever meets it next removes it.

use chatctl_protocol::{
    ErrorCode, IceServer, PeerLeft, Refusal, ServerMessage, VoiceEvent, VoiceParticipant,
    VoiceState, VoiceTransport,
};

use crate::fault::Fault;
use crate::model::unexpired;
use crate::outcome::{Push, Target};
use crate::voice_room::client_id;
use crate::{Attachment, Member, Ports, VoiceRoom};

/// Somebody who talks in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Talker {
    /// The room.
    pub room_id: String,
    /// The person; each talks once in a room.
    pub person_id: String,
    /// Their display name.
    pub user_id: String,
    /// The connection on which they talk.
    pub connection_id: String,
    /// Whether their microphone is off.
    pub muted: bool,
    /// When they joined, ms.
    pub joined_at: u64,
    /// When the row is void, s.
    pub expires_at: u64,
}

impl Talker {
    /// Whether two rows are of one person on one connection.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.person_id == other.person_id && self.connection_id == other.connection_id
    }
}

impl From<&Talker> for Target {
    fn from(talker: &Talker) -> Self {
        Self { connection_id: talker.connection_id.clone(), attachment: None }
    }
}

/// What came of asking for a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seating {
    /// It is given.
    Seated,
    /// The person is no member of the room (any more).
    NotMember,
    /// Their connection has ended.
    NotConnected,
}

/// Everything about a room's voice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VoiceRows {
    /// Who talks, ghosts included.
    pub talkers: Vec<Talker>,
    /// Whether an admin has switched voice off.
    pub forbidden: bool,
    /// The voice room, if one is active.
    pub voice_room: Option<VoiceRoom>,
}

/// Servers that help browsers to reach each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ice {
    /// The servers.
    pub servers: Vec<IceServer>,
    /// When to have asked for them anew, ms: their credentials end then. None where they have none.
    pub expires_at: Option<u64>,
}

/// Ms after which somebody who got no relay asks again.
const MAKESHIFT_MS: u64 = 30_000;

impl Ice {
    /// What there is at `now` (ms) where a relay's credentials cannot be had: these servers, and an end
    /// that makes clients ask again soon.
    pub fn makeshift(servers: Vec<IceServer>, now: u64) -> Self {
        Self { servers, expires_at: Some(now + MAKESHIFT_MS) }
    }
}

impl VoiceRows {
    /// Without what is void at `now` (ms), in the order of joining.
    pub(crate) fn at(mut self, now: u64) -> Self {
        self.talkers.retain(|talker| unexpired(talker.expires_at, now));
        self.voice_room = self.voice_room.filter(|room| unexpired(room.expires_at, now));
        self.talkers.sort_by(|a, b| (a.joined_at, &a.person_id).cmp(&(b.joined_at, &b.person_id)));
        self
    }

    /// Who talks on a connection.
    pub(crate) fn on(&self, connection_id: &str) -> Option<&Talker> {
        self.talkers.iter().find(|talker| talker.connection_id == connection_id)
    }

    /// Who talks under a name.
    pub(crate) fn named(&self, user_id: &str) -> Option<&Talker> {
        self.talkers.iter().find(|talker| talker.user_id == user_id)
    }

    /// The person's own row.
    pub(crate) fn of(&self, person_id: &str) -> Option<&Talker> {
        self.talkers.iter().find(|talker| talker.person_id == person_id)
    }

    /// Who talks on a connection that still listens.
    pub(crate) fn present(&self, attachments: &[Attachment]) -> Vec<&Talker> {
        self.talkers.iter().filter(|talker| listens(talker, attachments)).collect()
    }

    /// A room's voice as one person sees it, or as everybody does. The master of its voice room, and
    /// nobody else, is told who is who on the channel.
    pub(crate) fn state(
        &self,
        transport: VoiceTransport,
        attachments: &[Attachment],
        person_id: Option<&str>,
    ) -> VoiceState {
        let master = self.voice_room.as_ref().map(|room| room.created_by.as_str());
        let is_master = person_id.is_some() && person_id == master;
        let seen = |talker: &Talker| VoiceParticipant {
            client_id: is_master.then(|| client_id(&talker.connection_id)),
            ..talker.into()
        };
        VoiceState {
            enabled: !self.forbidden,
            transport,
            participants: self.present(attachments).into_iter().map(seen).collect(),
            voice_room_id: self.voice_room.as_ref().map(|room| room.voice_room_id.clone()),
        }
    }
}

fn listens(talker: &Talker, attachments: &[Attachment]) -> bool {
    attachments.iter().any(|row| row.connection_id == talker.connection_id)
}

impl From<&Talker> for VoiceParticipant {
    fn from(talker: &Talker) -> Self {
        Self { user_id: talker.user_id.clone(), muted: talker.muted, client_id: None }
    }
}

/// The news that somebody talks no more.
pub(crate) fn left(room_id: &str, user_id: &str, reason: PeerLeft) -> ServerMessage {
    ServerMessage::VoiceSignal(VoiceEvent::PeerLeft {
        room_id: room_id.to_owned(),
        from: user_id.to_owned(),
        reason,
    })
}

/// Removes a talker and makes the news of it for these listeners; none where somebody else has
/// removed them, or they have joined on another connection meanwhile.
pub(crate) async fn part<P: Ports>(
    ports: &P,
    talker: &Talker,
    listeners: &[Attachment],
    reason: PeerLeft,
) -> Result<Option<Push>, Fault> {
    let Talker { room_id, person_id, user_id, connection_id, .. } = talker;
    if !ports.unseat(room_id, person_id, connection_id).await? {
        return Ok(None);
    }
    let told = listeners.iter().filter(|row| row.connection_id != *connection_id);
    Ok(Some(Push { to: told.map(Into::into).collect(), message: left(room_id, user_id, reason) }))
}

/// `forbidden` while an admin has switched voice off.
pub(crate) fn check_allowed(rows: &VoiceRows) -> Result<(), Refusal> {
    if !rows.forbidden {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::Forbidden,
        "an admin has switched voice off in this room; they can switch it on again",
    ))
}

/// `forbidden` for members who are no admins.
pub(crate) fn check_admin(member: &Member) -> Result<(), Refusal> {
    if member.is_admin {
        return Ok(());
    }
    Err(Refusal::new(ErrorCode::Forbidden, "only an admin of the room may do this to its voice"))
}

/// `forbidden` for those who do not talk.
pub(crate) fn not_a_talker() -> Refusal {
    Refusal::new(
        ErrorCode::Forbidden,
        "only those who take part in this room's voice may do this; send voice:join first",
    )
}

/// `notFound` for an addressee.
pub(crate) fn no_such_talker() -> Refusal {
    Refusal::new(
        ErrorCode::NotFound,
        "nobody of that name takes part in this room's voice now; `to` is the userId of somebody who does",
    )
}
