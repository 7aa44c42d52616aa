//! Questions to a room's partition once it is read.

use std::collections::BTreeMap;

use chatctl_protocol::{ErrorCode, MemberStatus, Participant, Refusal};

use crate::model::{CONNECTION_TTL_S, expiry, unexpired};
use crate::text::no_such_room;
use crate::{Attachment, Connection, JoinRequest, Member, Room, RoomRows};

impl RoomRows {
    /// Without what is void at `now` (ms).
    pub(crate) fn at(mut self, now: u64) -> Self {
        self.requests.retain(|request| unexpired(request.expires_at, now));
        self.attachments.retain(|attachment| unexpired(attachment.expires_at, now));
        self
    }

    pub(crate) fn existing(&self) -> Result<&Room, Refusal> {
        self.room.as_ref().ok_or_else(no_such_room)
    }

    pub(crate) fn member(&self, person_id: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.person_id == person_id)
    }

    /// The caller's membership, or `notFound` or `forbidden`.
    pub(crate) fn insider(&self, person_id: &str) -> Result<&Member, Refusal> {
        self.existing()?;
        self.member(person_id).ok_or_else(not_a_member)
    }

    pub(crate) fn request(&self, name_key: &str) -> Option<&JoinRequest> {
        self.requests.iter().find(|request| request.name_key == name_key)
    }

    pub(crate) fn admins_attachments(&self) -> impl Iterator<Item = &Attachment> {
        self.attachments.iter().filter(|attachment| {
            self.member(&attachment.member_id).is_some_and(|member| member.is_admin)
        })
    }

    /// Members in the order of joining, then askers in the order of asking. A person who came back
    /// as somebody new under an old name is listed once: as the one who is online, else the latest.
    pub(crate) fn participants(&self) -> Vec<Participant> {
        let mut by_name: BTreeMap<&str, (&Member, bool)> = BTreeMap::new();
        for member in &self.members {
            let online = is_online(&self.attachments, &member.person_id);
            let rank = (online, member.joined_at);
            match by_name.get(member.name_key.as_str()) {
                Some((other, other_online)) if (*other_online, other.joined_at) > rank => {}
                _ => drop(by_name.insert(&member.name_key, (member, online))),
            }
        }
        let mut members: Vec<_> = by_name.into_values().collect();
        members.sort_by_key(|(member, _)| member.joined_at);
        let mut requests: Vec<_> = self.requests.iter().collect();
        requests.sort_by_key(|request| request.asked_at);
        let members = members.into_iter().map(|(member, online)| Participant {
            user_id: member.user_id.clone(),
            status: MemberStatus::Approved,
            is_admin: member.is_admin,
            online,
        });
        let askers = requests.into_iter().map(|request| Participant {
            user_id: request.user_id.clone(),
            status: MemberStatus::Pending,
            is_admin: false,
            online: false,
        });
        members.chain(askers).collect()
    }
}

/// Whether any of these attachments is the person's.
pub(crate) fn is_online(attachments: &[Attachment], person_id: &str) -> bool {
    attachments.iter().any(|attachment| attachment.member_id == person_id)
}

/// Those that are not the person's.
pub(crate) fn others<'a>(
    attachments: &'a [Attachment],
    person_id: &'a str,
) -> impl Iterator<Item = &'a Attachment> {
    attachments.iter().filter(move |attachment| attachment.member_id != person_id)
}

/// A connection's attachment to a room, made at `now` (ms).
pub(crate) fn attachment(connection: &Connection, room_id: &str, now: u64) -> Attachment {
    Attachment {
        room_id: room_id.to_owned(),
        connection_id: connection.connection_id.clone(),
        member_id: connection.person_id.clone(),
        user_id: connection.user_id.clone(),
        attached_at: now,
        expires_at: expiry(now, CONNECTION_TTL_S),
    }
}

/// `forbidden` for those who are not in the room.
pub(crate) fn not_a_member() -> Refusal {
    Refusal::new(
        ErrorCode::Forbidden,
        "only approved members may do this; ask with joinRoom and wait for an admin's approval",
    )
}
