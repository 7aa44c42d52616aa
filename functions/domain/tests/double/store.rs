//! The tables in memory, under the conditions that the real ones check.

use chatctl_domain::{
    Admission, Attachment, Claim, Connection, ConnectionStore, Decision, Departure, Fault,
    JoinRequest, Member, MessageStore, NameHold, NameStore, Page, RefusalNotice, Room, RoomRows,
    RoomStore, Stored, StoredMessage,
};
use chatctl_protocol::{Limits, Refusal};

use super::{Double, State};

fn key(left: &str, right: &str) -> (String, String) {
    (left.to_owned(), right.to_owned())
}

impl ConnectionStore for Double {
    async fn connection(&self, id: &str) -> Result<Option<Connection>, Fault> {
        if self.state().stuck {
            std::future::pending::<()>().await;
        }
        Ok(self.operation("connection")?.connections.get(id).cloned())
    }

    async fn connections_of(&self, person: &str) -> Result<Vec<Connection>, Fault> {
        let state = self.operation("connections_of")?;
        let rows = state.connections.values();
        Ok(rows.filter(|row| row.person_id == person).cloned().collect())
    }

    async fn record_refusal(&self, notice: &RefusalNotice, _expires: u64) -> Result<(), Fault> {
        let RefusalNotice { connection_id, code, message } = notice.clone();
        self.operation("record_refusal")?
            .refusals
            .insert(connection_id, Refusal::new(code, message));
        Ok(())
    }

    async fn refusal(&self, id: &str) -> Result<Option<Refusal>, Fault> {
        Ok(self.operation("refusal")?.refusals.get(id).cloned())
    }

    async fn remove_connection(&self, id: &str) -> Result<Option<Connection>, Fault> {
        Ok(self.operation("remove_connection")?.connections.remove(id))
    }

    async fn prune_connection(&self, id: &str, before: u64) -> Result<(), Fault> {
        let mut state = self.operation("prune_connection")?;
        state.connections.retain(|key, row| key != id || row.connected_at >= before);
        Ok(())
    }

    async fn touch_connection(&self, id: &str, expires_at: u64) -> Result<(), Fault> {
        let mut state = self.operation("touch_connection")?;
        if let Some(row) = state.connections.get_mut(id) {
            row.expires_at = expires_at;
        }
        Ok(())
    }

    async fn enter_room(&self, id: &str, room_id: &str) -> Result<(), Fault> {
        let mut state = self.operation("enter_room")?;
        if let Some(row) = state.connections.get_mut(id) {
            row.room_id = Some(room_id.to_owned());
        }
        Ok(())
    }
}

impl NameStore for Double {
    async fn admit(
        &self,
        connection: &Connection,
        claim: Claim<'_>,
        returning: bool,
        now: u64,
    ) -> Result<Admission, Fault> {
        let mut state = self.operation("admit")?;
        let Connection { name_key, person_id, connection_id, .. } = connection;
        let held = state.names.get(name_key).cloned();
        let max = Limits::CURRENT.connections_max as usize;
        let mut connections = vec![connection_id.clone()];
        match (claim, held) {
            (Claim::Beside, None) => return Ok(Admission::Free),
            (Claim::Beside, Some(held)) => {
                if held.person_id != *person_id || held.connections.len() >= max {
                    return Ok(Admission::Held(held));
                }
                connections.extend(held.connections);
            }
            (_, None) => {}
            (claim, Some(held)) => {
                let own = held.person_id == *person_id && held.connections.is_empty();
                let told = matches!(claim, Claim::InsteadOf(hold) if hold.held_at == held.held_at
                    && hold.person_id == held.person_id);
                if !(held.is_free(now) || own || told) {
                    return Ok(Admission::Held(held));
                }
            }
        }
        let hold = NameHold { connections, reserved: returning, ..hold(connection) };
        state.names.insert(name_key.clone(), hold);
        state.connections.insert(connection_id.clone(), connection.clone());
        Ok(Admission::Admitted)
    }

    async fn name(&self, name_key: &str) -> Result<Option<NameHold>, Fault> {
        Ok(self.operation("name")?.names.get(name_key).cloned())
    }

    async fn keep_name(
        &self,
        connection: &Connection,
        expires_at: u64,
        reserve: bool,
    ) -> Result<bool, Fault> {
        let mut state = self.operation("keep_name")?;
        let Connection { name_key, person_id, connection_id, .. } = connection;
        let hold = state.names.entry(name_key.clone()).or_insert_with(|| hold(connection));
        if hold.person_id != *person_id {
            return Ok(false);
        }
        hold.expires_at = expires_at;
        hold.reserved |= reserve;
        if !hold.connections.contains(connection_id) {
            hold.connections.push(connection_id.clone());
        }
        Ok(true)
    }

    async fn part(
        &self,
        name_key: &str,
        person_id: &str,
        connections: &[String],
        now: u64,
    ) -> Result<(), Fault> {
        let mut state = self.operation("part")?;
        if let Some(hold) = state.names.get_mut(name_key).filter(|hold| hold.person_id == person_id)
        {
            hold.connections.retain(|id| !connections.contains(id));
            hold.left_at = Some(now);
        }
        Ok(())
    }
}

/// A new hold.
fn hold(connection: &Connection) -> NameHold {
    NameHold {
        name_key: connection.name_key.clone(),
        user_id: connection.user_id.clone(),
        person_id: connection.person_id.clone(),
        held_at: connection.connected_at,
        expires_at: connection.expires_at,
        connections: vec![connection.connection_id.clone()],
        reserved: false,
        left_at: None,
    }
}

impl State {
    fn is_admin(&self, member: &Member) -> bool {
        let stored = self.members.get(&key(&member.room_id, &member.person_id));
        stored.is_some_and(|stored| stored.is_admin)
    }

    fn take_request(&mut self, request: &JoinRequest) -> bool {
        let place = key(&request.room_id, &request.name_key);
        let theirs =
            self.requests.get(&place).is_some_and(|row| row.person_id == request.person_id);
        theirs && self.requests.remove(&place).is_some()
    }
}

impl RoomStore for Double {
    async fn create_room(
        &self,
        room: &Room,
        admin: &Member,
        attachment: &Attachment,
    ) -> Result<bool, Fault> {
        let mut state = self.operation("create_room")?;
        let id = &room.room_id;
        if state.rooms.contains_key(id) {
            return Ok(false);
        }
        state.rooms.insert(id.clone(), room.clone());
        state.members.insert(key(id, &admin.person_id), admin.clone());
        state.attachments.insert(key(id, &attachment.connection_id), attachment.clone());
        if let Some(row) = state.connections.get_mut(&attachment.connection_id) {
            row.room_id = Some(id.clone());
        }
        Ok(true)
    }

    async fn room_rows(&self, room_id: &str) -> Result<RoomRows, Fault> {
        let state = self.operation("room_rows")?;
        Ok(RoomRows {
            room: state.rooms.get(room_id).cloned(),
            members: state.members.values().filter(|row| row.room_id == room_id).cloned().collect(),
            requests: state
                .requests
                .values()
                .filter(|row| row.room_id == room_id)
                .cloned()
                .collect(),
            attachments: listeners(&state, room_id),
        })
    }

    async fn attachments(&self, room_id: &str) -> Result<Vec<Attachment>, Fault> {
        Ok(listeners(&*self.operation("attachments")?, room_id))
    }

    async fn room(&self, room_id: &str) -> Result<Option<Room>, Fault> {
        Ok(self.operation("room")?.rooms.get(room_id).cloned())
    }

    async fn member(&self, room_id: &str, person_id: &str) -> Result<Option<Member>, Fault> {
        Ok(self.operation("member")?.members.get(&key(room_id, person_id)).cloned())
    }

    async fn memberships(&self, person_id: &str) -> Result<Vec<Member>, Fault> {
        let state = self.operation("memberships")?;
        Ok(state.members.values().filter(|row| row.person_id == person_id).cloned().collect())
    }

    async fn count_rooms(&self, person_id: &str) -> Result<usize, Fault> {
        let state = self.operation("count_rooms")?;
        let members = state.members.values().filter(|row| row.person_id == person_id).count();
        Ok(members + state.requests.values().filter(|row| row.person_id == person_id).count())
    }

    async fn ask(&self, request: &JoinRequest, instead_of: &str, now: u64) -> Result<bool, Fault> {
        let mut state = self.operation("ask")?;
        let place = key(&request.room_id, &request.name_key);
        let free = state.requests.get(&place).is_none_or(|row| {
            row.expires_at <= now / 1000
                || row.person_id == request.person_id
                || row.person_id == instead_of
        });
        if free {
            state.requests.insert(place, request.clone());
        }
        Ok(free)
    }

    async fn approve(
        &self,
        admin: &Member,
        request: &JoinRequest,
        member: &Member,
    ) -> Result<Decision, Fault> {
        let mut state = self.operation("approve")?;
        if !state.is_admin(admin) {
            return Ok(Decision::NotAdmin);
        }
        if !state.take_request(request) {
            return Ok(Decision::Decided);
        }
        state.members.insert(key(&member.room_id, &member.person_id), member.clone());
        Ok(Decision::Done)
    }

    async fn reject(&self, admin: &Member, request: &JoinRequest) -> Result<Decision, Fault> {
        let mut state = self.operation("reject")?;
        if !state.is_admin(admin) {
            return Ok(Decision::NotAdmin);
        }
        Ok(if state.take_request(request) { Decision::Done } else { Decision::Decided })
    }

    async fn attach(&self, attachment: &Attachment) -> Result<bool, Fault> {
        let mut state = self.operation("attach")?;
        let Attachment { room_id, connection_id, member_id, .. } = attachment;
        let member = state.members.contains_key(&key(room_id, member_id));
        if member {
            state.attachments.insert(key(room_id, connection_id), attachment.clone());
        }
        Ok(member)
    }

    async fn attachment(&self, room_id: &str, id: &str) -> Result<Option<Attachment>, Fault> {
        Ok(self.operation("attachment")?.attachments.get(&key(room_id, id)).cloned())
    }

    async fn detach(&self, room_id: &str, id: &str) -> Result<(), Fault> {
        self.operation("detach")?.attachments.remove(&key(room_id, id));
        Ok(())
    }

    async fn prune_attachment(&self, room_id: &str, id: &str, before: u64) -> Result<(), Fault> {
        let mut state = self.operation("prune_attachment")?;
        let place = key(room_id, id);
        state.attachments.retain(|at, row| *at != place || row.attached_at >= before);
        Ok(())
    }

    async fn leave(&self, departure: &Departure<'_>) -> Result<bool, Fault> {
        let Departure { member, attachments, successor, dissolves } = departure;
        let mut state = self.operation("leave")?;
        let room_id = &member.room_id;
        let place = |member: &Member| key(room_id, &member.person_id);
        let unchanged =
            state.members.get(&place(member)).is_some_and(|row| row.is_admin == member.is_admin);
        let succeeds = successor.is_none_or(|row| state.members.contains_key(&place(row)));
        let alone = state.members.values().filter(|row| row.room_id == *room_id).count() == 1;
        if !(unchanged && succeeds && (alone || !dissolves)) {
            return Ok(false);
        }
        state.members.remove(&place(member));
        for id in attachments {
            state.attachments.remove(&key(room_id, id));
        }
        if let Some(row) = successor.and_then(|row| state.members.get_mut(&place(row))) {
            row.is_admin = true;
        }
        if *dissolves {
            state.rooms.remove(room_id);
        }
        Ok(true)
    }

    async fn forget_request(&self, room_id: &str, name_key: &str) -> Result<(), Fault> {
        self.operation("forget_request")?.requests.remove(&key(room_id, name_key));
        Ok(())
    }
}

fn listeners(state: &State, room_id: &str) -> Vec<Attachment> {
    state.attachments.values().filter(|row| row.room_id == room_id).cloned().collect()
}

impl MessageStore for Double {
    async fn store(&self, stored: &StoredMessage, _expires_at: u64) -> Result<Stored, Fault> {
        let mut state = self.operation("store")?;
        let message = &stored.message;
        if let Some(client_id) = &message.client_message_id {
            let place = (message.room_id.clone(), stored.person_id.clone(), client_id.clone());
            if let Some((message_id, timestamp)) = state.dedupe.get(&place).cloned() {
                return Ok(Stored::Before { message_id, timestamp });
            }
            state.dedupe.insert(place, (message.message_id.clone(), message.timestamp));
        }
        state.messages.insert(key(&message.room_id, &message.message_id), stored.clone());
        Ok(Stored::New)
    }

    async fn message(&self, room_id: &str, id: &str) -> Result<Option<StoredMessage>, Fault> {
        Ok(self.operation("message")?.messages.get(&key(room_id, id)).cloned())
    }

    async fn messages(
        &self,
        room_id: &str,
        page: Page<'_>,
        limit: u32,
    ) -> Result<Vec<StoredMessage>, Fault> {
        let state = self.operation("messages")?;
        let all: Vec<StoredMessage> = state
            .messages
            .values()
            .filter(|stored| stored.message.room_id == room_id)
            .filter(|stored| match page {
                Page::Newest => true,
                Page::Before(id) => stored.message.message_id.as_str() < id,
                Page::After(id) => stored.message.message_id.as_str() > id,
            })
            .cloned()
            .collect();
        let limit = limit as usize;
        Ok(match page {
            Page::After(_) => all.into_iter().take(limit).collect(),
            _ => all[all.len().saturating_sub(limit)..].to_vec(),
        })
    }
}
