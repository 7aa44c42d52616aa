//! Who is speaking: taken from what is stored about the connection, never from the message.

use chatctl_protocol::{ErrorCode, Refusal};

use crate::fault::Failure;
use crate::model::{CONNECTION_TTL_S, expiry, unexpired};
use crate::outcome::Notes;
use crate::roster::not_a_member;
use crate::text::no_such_room;
use crate::{Attachment, Connection, Member, Ports};

/// One message's way through a handler.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub connection_id: &'a str,
    /// Whether the request has an id, so that its answer is known for one.
    pub correlated: bool,
    pub notes: &'a Notes,
}

impl Call<'_> {
    /// The caller's connection.
    pub async fn identify<P: Ports>(&self, ports: &P) -> Result<Connection, Failure> {
        let row = ports.connection(self.connection_id).await?;
        let now = ports.now();
        let Some(connection) = row.filter(|row| unexpired(row.expires_at, now)) else {
            // A refused connection is told why, whichever of its messages comes before the refuser.
            return Err(ports.refusal(self.connection_id).await?.unwrap_or_else(nobody).into());
        };
        self.notes.user(&connection.user_id);
        Ok(connection)
    }

    /// The caller as a speaker in a room: read from the room's attachments where this connection is
    /// among them, which saves a read, and from its own row where it is not.
    pub async fn speaker<P: Ports>(
        &self,
        ports: &P,
        attachments: &[Attachment],
    ) -> Result<Speaker, Failure> {
        let own = attachments.iter().find(|row| row.connection_id == self.connection_id);
        match own.filter(|row| unexpired(row.expires_at, ports.now())) {
            Some(row) => {
                self.notes.user(&row.user_id);
                Ok(Speaker { person_id: row.member_id.clone(), attached: true })
            }
            None => {
                let connection = self.identify(ports).await?;
                Ok(Speaker { person_id: connection.person_id, attached: false })
            }
        }
    }

    /// The caller as a speaker in a room of which nothing is read yet.
    pub async fn speaker_in<P: Ports>(&self, ports: &P, room_id: &str) -> Result<Speaker, Failure> {
        let own = ports.attachment(room_id, self.connection_id).await?;
        self.speaker(ports, own.as_slice()).await
    }
}

/// A caller in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Speaker {
    pub person_id: String,
    /// Whether the room's messages already go to this connection.
    pub attached: bool,
}

impl Speaker {
    /// Their membership of a room, or `notFound` or `forbidden`.
    pub async fn membership<P: Ports>(&self, ports: &P, room_id: &str) -> Result<Member, Failure> {
        if let Some(member) = ports.member(room_id, &self.person_id).await? {
            return Ok(member);
        }
        ports.room(room_id).await?.ok_or_else(no_such_room)?;
        Err(not_a_member().into())
    }

    /// A client that never says `hello` begins to listen to a room with what it first does there.
    /// `forbidden` for one whose membership has ended meanwhile.
    pub async fn attach<P: Ports>(
        &self,
        ports: &P,
        call: Call<'_>,
        member: &Member,
    ) -> Result<(), Failure> {
        if self.attached {
            return Ok(());
        }
        let now = ports.now();
        let attachment = Attachment {
            room_id: member.room_id.clone(),
            connection_id: call.connection_id.to_owned(),
            member_id: member.person_id.clone(),
            user_id: member.user_id.clone(),
            attached_at: now,
            expires_at: expiry(now, CONNECTION_TTL_S),
        };
        match ports.attach(&attachment).await? {
            true => Ok(()),
            false => Err(not_a_member().into()),
        }
    }
}

/// `unauthorized` for a connection that is not, or no more, anybody's.
pub(crate) fn nobody() -> Refusal {
    Refusal::new(
        ErrorCode::Unauthorized,
        "this connection has no identity; connect again with ?userId=<name>",
    )
}
