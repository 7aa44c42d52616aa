//! ChatRooms.

use chatctl_domain::{
    Attachment, Decision, Departure, Fault, JoinRequest, Member, Room, RoomRows, RoomStore,
};
use serde_json::{Value, json};

use super::connections::entering;
use super::room_row::{
    ATTACHMENT, Entry, MEMBER, ROOM, RoomRow, attachment_entry, member_entry, request_entry, sort,
};
use super::{Table, numeral, string};
use crate::dynamo::Refused;
use crate::host::Host;

fn key(room_id: &str, entry: &str) -> Value {
    json!({ "roomId": { "S": room_id }, "entry": { "S": entry } })
}

/// Actions of transactions on ChatRooms.
struct Actions {
    table: String,
}

impl Actions {
    fn new() -> Result<Self, Fault> {
        Ok(Self { table: Table::Rooms.physical()? })
    }

    fn put(&self, row: RoomRow) -> Value {
        json!({ "Put": { "TableName": self.table, "Item": row } })
    }

    fn put_new(&self, row: RoomRow) -> Value {
        json!({ "Put": {
            "TableName": self.table,
            "Item": row,
            "ConditionExpression": "attribute_not_exists(roomId)",
        }})
    }

    fn delete(&self, room_id: &str, entry: &str) -> Value {
        json!({ "Delete": { "TableName": self.table, "Key": key(room_id, entry) } })
    }

    /// Something about a member, on the condition that it is this membership, as an admin or not.
    fn on_standing(&self, action: &str, member: &Member) -> Value {
        json!({ action: {
            "TableName": self.table,
            "Key": key(&member.room_id, &member_entry(&member.person_id)),
            "ConditionExpression": "isAdmin = :standing AND joinedAt = :joined",
            "ExpressionAttributeValues": {
                ":standing": { "BOOL": member.is_admin },
                ":joined": { "N": member.joined_at.to_string() },
            },
        }})
    }

    fn promote(&self, member: &Member) -> Value {
        json!({ "Update": {
            "TableName": self.table,
            "Key": key(&member.room_id, &member_entry(&member.person_id)),
            "UpdateExpression": "SET isAdmin = :admin",
            "ConditionExpression": "attribute_exists(roomId)",
            "ExpressionAttributeValues": { ":admin": { "BOOL": true } },
        }})
    }

    /// Counts one member more or less, if the room is there.
    fn count(&self, room_id: &str, change: i8) -> Value {
        json!({ "Update": {
            "TableName": self.table,
            "Key": key(room_id, ROOM),
            "UpdateExpression": "ADD members :change",
            "ConditionExpression": "attribute_exists(roomId)",
            "ExpressionAttributeValues": { ":change": { "N": change.to_string() } },
        }})
    }

    /// Removes the room, if it has one member: a request approved meanwhile makes it two.
    fn dissolve(&self, room_id: &str) -> Value {
        json!({ "Delete": {
            "TableName": self.table,
            "Key": key(room_id, ROOM),
            "ConditionExpression": "members = :one",
            "ExpressionAttributeValues": { ":one": numeral(1) },
        }})
    }

    fn take_request(&self, request: &JoinRequest) -> Value {
        json!({ "Delete": {
            "TableName": self.table,
            "Key": key(&request.room_id, &request_entry(&request.name_key)),
            "ConditionExpression": "personId = :asker",
            "ExpressionAttributeValues": { ":asker": string(&request.person_id) },
        }})
    }
}

/// The action that checks that somebody is a member.
pub(super) fn member_exists(room_id: &str, person_id: &str) -> Result<Value, Fault> {
    exists(room_id, &member_entry(person_id))
}

/// The action that checks that a room is there.
pub(super) fn room_exists(room_id: &str) -> Result<Value, Fault> {
    exists(room_id, ROOM)
}

fn exists(room_id: &str, entry: &str) -> Result<Value, Fault> {
    Ok(json!({ "ConditionCheck": {
        "TableName": Table::Rooms.physical()?,
        "Key": key(room_id, entry),
        "ConditionExpression": "attribute_exists(roomId)",
    }}))
}

impl Host {
    async fn entry(&self, room_id: &str, entry: &str) -> Result<Option<Entry>, Fault> {
        let row: Option<RoomRow> = self.get(Table::Rooms, key(room_id, entry)).await?;
        row.map(Entry::try_from).transpose()
    }

    async fn delete_entry(&self, room_id: &str, entry: &str) -> Result<(), Fault> {
        let input = json!({
            "TableName": Table::Rooms.physical()?,
            "Key": key(room_id, entry),
        });
        Ok(self.dynamo()?.run("DeleteItem", &input).await?)
    }

    /// A transaction, and whether its conditions held.
    pub(super) async fn transact_if(&self, actions: Vec<Value>) -> Result<bool, Fault> {
        match self.dynamo()?.transact(actions).await {
            Ok(()) => Ok(true),
            Err(Refused::Transaction(_)) => Ok(false),
            Err(refused) => Err(refused.into()),
        }
    }

    /// A decision, whose first action stands on the caller's being admin.
    async fn decide(&self, actions: Vec<Value>) -> Result<Decision, Fault> {
        match self.dynamo()?.transact(actions).await {
            Ok(()) => Ok(Decision::Done),
            Err(Refused::Transaction(cancelled)) if cancelled.at(0) => Ok(Decision::NotAdmin),
            Err(Refused::Transaction(_)) => Ok(Decision::Decided),
            Err(refused) => Err(refused.into()),
        }
    }
}

impl RoomStore for Host {
    async fn create_room(
        &self,
        room: &Room,
        admin: &Member,
        attachment: &Attachment,
    ) -> Result<bool, Fault> {
        let actions = Actions::new()?;
        let mut enter = entering(&attachment.connection_id, &room.room_id);
        enter["TableName"] = Table::Connections.physical()?.into();
        let all = vec![
            actions.put_new(room.into()),
            actions.put(admin.into()),
            actions.put(attachment.into()),
            json!({ "Update": enter }),
        ];
        match self.dynamo()?.transact(all).await {
            Ok(()) => Ok(true),
            Err(Refused::Transaction(cancelled)) if cancelled.at(0) => Ok(false),
            Err(refused) => Err(refused.into()),
        }
    }

    async fn room_rows(&self, room_id: &str) -> Result<RoomRows, Fault> {
        let input = json!({
            "KeyConditionExpression": "roomId = :room",
            "ExpressionAttributeValues": { ":room": string(room_id) },
            "ConsistentRead": true,
        });
        sort(self.query(Table::Rooms, input).await?)
    }

    async fn attachments(&self, room_id: &str) -> Result<Vec<Attachment>, Fault> {
        let input = json!({
            "KeyConditionExpression": "roomId = :room AND begins_with(entry, :kind)",
            "ExpressionAttributeValues": { ":room": string(room_id), ":kind": string(ATTACHMENT) },
            "ConsistentRead": true,
        });
        Ok(sort(self.query(Table::Rooms, input).await?)?.attachments)
    }

    async fn room(&self, room_id: &str) -> Result<Option<Room>, Fault> {
        Ok(match self.entry(room_id, ROOM).await? {
            Some(Entry::Room(room)) => Some(room),
            _ => None,
        })
    }

    async fn member(&self, room_id: &str, person_id: &str) -> Result<Option<Member>, Fault> {
        Ok(match self.entry(room_id, &member_entry(person_id)).await? {
            Some(Entry::Member(member)) => Some(member),
            _ => None,
        })
    }

    async fn memberships(&self, person_id: &str) -> Result<Vec<Member>, Fault> {
        let input = json!({
            "IndexName": "byPerson",
            "KeyConditionExpression": "personId = :person AND begins_with(entry, :kind)",
            "ExpressionAttributeValues": { ":person": string(person_id), ":kind": string(MEMBER) },
        });
        Ok(sort(self.query(Table::Rooms, input).await?)?.members)
    }

    async fn count_rooms(&self, person_id: &str) -> Result<usize, Fault> {
        let input = json!({
            "IndexName": "byPerson",
            "KeyConditionExpression": "personId = :person",
            "ExpressionAttributeValues": { ":person": string(person_id) },
        });
        self.count(Table::Rooms, input).await
    }

    async fn ask(&self, request: &JoinRequest, instead_of: &str, now: u64) -> Result<bool, Fault> {
        let input = json!({
            "Item": RoomRow::from(request),
            "ConditionExpression":
                "attribute_not_exists(roomId) OR expiresAt <= :now OR personId = :me OR personId = :other",
            "ExpressionAttributeValues": {
                ":now": numeral(now / 1000),
                ":me": string(&request.person_id),
                ":other": string(instead_of),
            },
        });
        self.write_if("PutItem", Table::Rooms, input).await
    }

    async fn approve(
        &self,
        admin: &Member,
        request: &JoinRequest,
        member: &Member,
    ) -> Result<Decision, Fault> {
        let actions = Actions::new()?;
        self.decide(vec![
            actions.on_standing("ConditionCheck", admin),
            actions.take_request(request),
            actions.put_new(member.into()),
            actions.count(&member.room_id, 1),
        ])
        .await
    }

    async fn reject(&self, admin: &Member, request: &JoinRequest) -> Result<Decision, Fault> {
        let actions = Actions::new()?;
        self.decide(vec![
            actions.on_standing("ConditionCheck", admin),
            actions.take_request(request),
        ])
        .await
    }

    async fn attach(&self, attachment: &Attachment) -> Result<bool, Fault> {
        let actions = Actions::new()?;
        self.transact_if(vec![
            member_exists(&attachment.room_id, &attachment.member_id)?,
            actions.put(attachment.into()),
        ])
        .await
    }

    async fn attachment(
        &self,
        room_id: &str,
        connection_id: &str,
    ) -> Result<Option<Attachment>, Fault> {
        Ok(match self.entry(room_id, &attachment_entry(connection_id)).await? {
            Some(Entry::Attachment(attachment)) => Some(attachment),
            _ => None,
        })
    }

    async fn detach(&self, room_id: &str, connection_id: &str) -> Result<(), Fault> {
        self.delete_entry(room_id, &attachment_entry(connection_id)).await
    }

    async fn prune_attachment(
        &self,
        room_id: &str,
        connection_id: &str,
        before: u64,
    ) -> Result<(), Fault> {
        let input = json!({
            "Key": key(room_id, &attachment_entry(connection_id)),
            "ConditionExpression": "attachedAt < :before",
            "ExpressionAttributeValues": { ":before": numeral(before) },
        });
        self.write_if("DeleteItem", Table::Rooms, input).await.map(drop)
    }

    async fn leave(&self, departure: &Departure<'_>) -> Result<bool, Fault> {
        let Departure { member, attachments, successor, dissolves } = departure;
        let room_id = &member.room_id;
        let actions = Actions::new()?;
        let mut all = vec![actions.on_standing("Delete", member)];
        all.extend(attachments.iter().map(|id| actions.delete(room_id, &attachment_entry(id))));
        all.extend(successor.map(|successor| actions.promote(successor)));
        all.push(match dissolves {
            true => actions.dissolve(room_id),
            false => actions.count(room_id, -1),
        });
        self.transact_if(all).await
    }

    async fn forget_request(&self, room_id: &str, name_key: &str) -> Result<(), Fault> {
        self.delete_entry(room_id, &request_entry(name_key)).await
    }
}
