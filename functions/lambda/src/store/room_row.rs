//! The rows of ChatRooms: one table, four kinds, told apart by the start of `entry`.

use chatctl_domain::{Attachment, Fault, JoinRequest, Member, Room, RoomRows};
use serde::{Deserialize, Serialize};

use crate::attribute::{Flag, Number, Text, flag, number, text};

/// The sort key of the room itself.
pub(super) const ROOM: &str = "ROOM";
/// Where the sort keys of members start.
pub(super) const MEMBER: &str = "MEMBER#";
/// Where the sort keys of attachments start.
pub(super) const ATTACHMENT: &str = "CONN#";
const REQUEST: &str = "REQUEST#";

/// The sort key of a membership.
pub(super) fn member_entry(person_id: &str) -> String {
    format!("{MEMBER}{person_id}")
}

/// The sort key of a request.
pub(super) fn request_entry(name_key: &str) -> String {
    format!("{REQUEST}{name_key}")
}

/// The sort key of an attachment.
pub(super) fn attachment_entry(connection_id: &str) -> String {
    format!("{ATTACHMENT}{connection_id}")
}

/// A row of any kind; which attributes it has depends on its kind.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RoomRow {
    room_id: Text,
    entry: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_name: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<Text>,
    /// How many members a room has; changed with each membership, in the same transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person_id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_key: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_admin: Option<Flag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    joined_at: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_at: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_id: Option<Text>,
    /// Whose an attachment is; not `personId`, which would put it in the index of memberships.
    #[serde(skip_serializing_if = "Option::is_none")]
    member_id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attached_at: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Number>,
}

impl From<&Room> for RoomRow {
    /// A new room, which has its first member.
    fn from(room: &Room) -> Self {
        let Room { room_id, room_name, created_at, created_by } = room;
        Self {
            room_id: text(room_id),
            entry: text(ROOM),
            room_name: Some(text(room_name)),
            created_at: Some(number(*created_at)),
            created_by: Some(text(created_by)),
            members: Some(number(1)),
            ..Self::default()
        }
    }
}

impl From<&Member> for RoomRow {
    fn from(member: &Member) -> Self {
        let Member { room_id, room_name, person_id, user_id, name_key, is_admin, joined_at } =
            member;
        Self {
            room_id: text(room_id),
            entry: text(member_entry(person_id)),
            room_name: Some(text(room_name)),
            person_id: Some(text(person_id)),
            user_id: Some(text(user_id)),
            name_key: Some(text(name_key)),
            is_admin: Some(flag(*is_admin)),
            joined_at: Some(number(*joined_at)),
            ..Self::default()
        }
    }
}

impl From<&JoinRequest> for RoomRow {
    fn from(request: &JoinRequest) -> Self {
        let JoinRequest { room_id, name_key, person_id, user_id, asked_at, expires_at } = request;
        Self {
            room_id: text(room_id),
            entry: text(request_entry(name_key)),
            person_id: Some(text(person_id)),
            user_id: Some(text(user_id)),
            name_key: Some(text(name_key)),
            asked_at: Some(number(*asked_at)),
            expires_at: Some(number(*expires_at)),
            ..Self::default()
        }
    }
}

impl From<&Attachment> for RoomRow {
    fn from(attachment: &Attachment) -> Self {
        let Attachment { room_id, connection_id, member_id, user_id, attached_at, expires_at } =
            attachment;
        Self {
            room_id: text(room_id),
            entry: text(attachment_entry(connection_id)),
            connection_id: Some(text(connection_id)),
            member_id: Some(text(member_id)),
            user_id: Some(text(user_id)),
            attached_at: Some(number(*attached_at)),
            expires_at: Some(number(*expires_at)),
            ..Self::default()
        }
    }
}

/// A row as what it is.
#[derive(Debug)]
pub(super) enum Entry {
    Room(Room),
    Member(Member),
    Request(JoinRequest),
    Attachment(Attachment),
}

impl TryFrom<RoomRow> for Entry {
    type Error = Fault;

    fn try_from(row: RoomRow) -> Result<Self, Fault> {
        let kind = row.entry.value.split('#').next().unwrap_or_default().to_owned();
        let lacking = || Fault(format!("a {kind} row of ChatRooms lacks an attribute"));
        let entry = match kind.as_str() {
            "ROOM" => row.into_room().map(Self::Room),
            "MEMBER" => row.into_member().map(Self::Member),
            "REQUEST" => row.into_request().map(Self::Request),
            "CONN" => row.into_attachment().map(Self::Attachment),
            _ => None,
        };
        entry.ok_or_else(lacking)
    }
}

impl RoomRow {
    fn into_room(self) -> Option<Room> {
        Some(Room {
            room_id: self.room_id.value,
            room_name: self.room_name?.value,
            created_at: self.created_at?.value,
            created_by: self.created_by?.value,
        })
    }

    fn into_member(self) -> Option<Member> {
        Some(Member {
            room_id: self.room_id.value,
            room_name: self.room_name?.value,
            person_id: self.person_id?.value,
            user_id: self.user_id?.value,
            name_key: self.name_key?.value,
            is_admin: self.is_admin?.value,
            joined_at: self.joined_at?.value,
        })
    }

    fn into_request(self) -> Option<JoinRequest> {
        Some(JoinRequest {
            room_id: self.room_id.value,
            name_key: self.name_key?.value,
            person_id: self.person_id?.value,
            user_id: self.user_id?.value,
            asked_at: self.asked_at?.value,
            expires_at: self.expires_at?.value,
        })
    }

    fn into_attachment(self) -> Option<Attachment> {
        Some(Attachment {
            room_id: self.room_id.value,
            connection_id: self.connection_id?.value,
            member_id: self.member_id?.value,
            user_id: self.user_id?.value,
            attached_at: self.attached_at?.value,
            expires_at: self.expires_at?.value,
        })
    }
}

/// A partition, sorted by kind.
pub(super) fn sort(rows: Vec<RoomRow>) -> Result<RoomRows, Fault> {
    let mut sorted = RoomRows::default();
    for row in rows {
        match Entry::try_from(row)? {
            Entry::Room(room) => sorted.room = Some(room),
            Entry::Member(member) => sorted.members.push(member),
            Entry::Request(request) => sorted.requests.push(request),
            Entry::Attachment(attachment) => sorted.attachments.push(attachment),
        }
    }
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_its_kind_on_the_way_there_and_back() {
        let member = Member {
            room_id: "r".into(),
            room_name: "Lobby".into(),
            person_id: "p".into(),
            user_id: "Alice".into(),
            name_key: "alice".into(),
            is_admin: true,
            joined_at: 7,
        };
        let wire = serde_json::to_value(RoomRow::from(&member)).unwrap();
        assert_eq!(wire["entry"]["S"], "MEMBER#p");
        assert_eq!(wire["joinedAt"]["N"], "7");
        let rows = vec![serde_json::from_value(wire).unwrap()];
        assert_eq!(sort(rows).unwrap().members, [member]);
    }

    #[test]
    fn an_attachment_stays_out_of_the_index_of_memberships() {
        let attachment = Attachment {
            room_id: "r".into(),
            connection_id: "c=".into(),
            member_id: "p".into(),
            user_id: "Alice".into(),
            attached_at: 7,
            expires_at: 8,
        };
        let wire = serde_json::to_value(RoomRow::from(&attachment)).unwrap();
        assert_eq!(wire["entry"]["S"], "CONN#c=");
        assert!(wire.get("personId").is_none());
    }

    #[test]
    fn a_broken_row_is_a_fault_and_not_a_gap() {
        let row = RoomRow { entry: text("MEMBER#p"), ..RoomRow::default() };
        assert!(sort(vec![row]).is_err());
    }
}
