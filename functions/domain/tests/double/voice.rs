//! Voice in memory, under the conditions that the real tables check.

use chatctl_domain::{
    Channel, ChannelAccess, ChannelClient, Channels, Ending, Fault, Ice, Seating, Talker,
    VoiceRelay, VoiceRoom, VoiceRoomStore, VoiceRows, VoiceStore,
};
use chatctl_protocol::{IceServer, LentCredentials, VoiceTransport};

use super::{Double, State};

fn own<'a>(state: &'a mut State, talker: &Talker) -> Option<&'a mut Talker> {
    let place = (talker.room_id.clone(), talker.person_id.clone());
    let row = state.talkers.get_mut(&place)?;
    (row.connection_id == talker.connection_id).then_some(row)
}

impl VoiceStore for Double {
    async fn voice_rows(&self, room_id: &str) -> Result<VoiceRows, Fault> {
        let state = self.operation("voice_rows")?;
        let here = state.talkers.values().filter(|row| row.room_id == room_id);
        Ok(VoiceRows {
            talkers: here.cloned().collect(),
            forbidden: state.silent.contains(room_id),
            voice_room: state.voice_rooms.get(room_id).cloned(),
        })
    }

    async fn seat(&self, talker: &Talker) -> Result<Seating, Fault> {
        let mut state = self.operation("seat")?;
        let place = (talker.room_id.clone(), talker.person_id.clone());
        if !state.members.contains_key(&place) {
            return Ok(Seating::NotMember);
        }
        let Some(connection) = state.connections.get_mut(&talker.connection_id) else {
            return Ok(Seating::NotConnected);
        };
        connection.voice_rooms.push(talker.room_id.clone());
        state.talkers.insert(place, talker.clone());
        Ok(Seating::Seated)
    }

    async fn unseat(&self, room: &str, person: &str, connection: &str) -> Result<bool, Fault> {
        let mut state = self.operation("unseat")?;
        let place = (room.to_owned(), person.to_owned());
        let theirs = state.talkers.get(&place).is_some_and(|row| row.connection_id == connection);
        Ok(theirs && state.talkers.remove(&place).is_some())
    }

    async fn set_muted(&self, talker: &Talker, muted: bool) -> Result<bool, Fault> {
        let mut state = self.operation("set_muted")?;
        Ok(own(&mut state, talker).map(|row| row.muted = muted).is_some())
    }

    async fn count_signal(
        &self,
        connection: &str,
        period: u64,
        most: u32,
        _expires_at: u64,
    ) -> Result<bool, Fault> {
        let mut state = self.operation("count_signal")?;
        let count = state.signals.entry((connection.to_owned(), period)).or_default();
        *count += u32::from(*count <= most);
        Ok(*count <= most)
    }

    async fn count_join(
        &self,
        person: &str,
        now: u64,
        within_ms: u64,
        most: u32,
    ) -> Result<Option<u64>, Fault> {
        let mut state = self.operation("count_join")?;
        let joins = state.joins.entry(person.to_owned()).or_default();
        joins.retain(|at| at + within_ms > now);
        if joins.len() >= most as usize {
            return Ok(joins.first().copied());
        }
        joins.push(now);
        Ok(None)
    }

    async fn forbid_voice(&self, room_id: &str) -> Result<bool, Fault> {
        let mut state = self.operation("forbid_voice")?;
        let there = state.rooms.contains_key(room_id);
        if there {
            state.silent.insert(room_id.to_owned());
        }
        Ok(there)
    }

    async fn allow_voice(&self, room_id: &str) -> Result<(), Fault> {
        self.operation("allow_voice")?.silent.remove(room_id);
        Ok(())
    }
}

impl State {
    /// The voice room, if it is the one that is there.
    fn voice_room(&mut self, room: &VoiceRoom) -> Option<&mut VoiceRoom> {
        let there = self.voice_rooms.get_mut(&room.room_id);
        there.filter(|there| there.voice_room_id == room.voice_room_id)
    }
}

impl VoiceRoomStore for Double {
    async fn open_voice_room(&self, room: &VoiceRoom) -> Result<bool, Fault> {
        let mut state = self.operation("open_voice_room")?;
        if state.voice_rooms.contains_key(&room.room_id) || state.silent.contains(&room.room_id) {
            return Ok(false);
        }
        state.voice_rooms.insert(room.room_id.clone(), room.clone());
        Ok(true)
    }

    async fn note_channel(&self, room: &VoiceRoom, arn: &str) -> Result<bool, Fault> {
        let mut state = self.operation("note_channel")?;
        let noted = state.voice_room(room).map(|there| there.channel_arn = Some(arn.to_owned()));
        Ok(noted.is_some())
    }

    async fn note_master(&self, room: &VoiceRoom, connection: &str) -> Result<bool, Fault> {
        let mut state = self.operation("note_master")?;
        if !state.members.contains_key(&(room.room_id.clone(), room.created_by.clone())) {
            return Ok(false);
        }
        let Some(row) = state.connections.get_mut(connection) else { return Ok(false) };
        row.voice_rooms.push(room.room_id.clone());
        let noted = state
            .voice_room(room)
            .map(|there| there.master_connection = Some(connection.to_owned()));
        Ok(noted.is_some())
    }

    async fn close_voice_room(&self, room: &VoiceRoom, ending: Ending) -> Result<bool, Fault> {
        let mut state = self.operation("close_voice_room")?;
        let there = state.voice_room(room).is_some_and(|there| {
            ending == Ending::AnyMaster || there.master_connection == room.master_connection
        });
        if there {
            state.voice_rooms.remove(&room.room_id);
        }
        Ok(there)
    }

    async fn all_voice(&self) -> Result<(Vec<Talker>, Vec<VoiceRoom>), Fault> {
        let state = self.operation("all_voice")?;
        let (talkers, rooms) = (state.talkers.values(), state.voice_rooms.values());
        Ok((talkers.cloned().collect(), rooms.cloned().collect()))
    }
}

impl Channels for Double {
    async fn create_channel(&self, voice_room_id: &str) -> Result<String, Fault> {
        let mut state = self.operation("create_channel")?;
        let now = state.now;
        state.channels.insert(voice_room_id.to_owned(), now);
        Ok(voice_room_id.to_owned())
    }

    async fn delete_channel(&self, arn: &str) -> Result<(), Fault> {
        self.operation("delete_channel")?.channels.remove(arn);
        Ok(())
    }

    async fn find_channel(&self, voice_room_id: &str) -> Result<Option<String>, Fault> {
        let state = self.operation("find_channel")?;
        Ok(state.channels.contains_key(voice_room_id).then(|| voice_room_id.to_owned()))
    }

    async fn all_channels(&self) -> Result<Vec<Channel>, Fault> {
        let state = self.operation("all_channels")?;
        let channel = |(own, created_at): (&String, &u64)| Channel {
            arn: own.clone(),
            own: own.clone(),
            created_at: *created_at,
        };
        Ok(state.channels.iter().map(channel).collect())
    }

    async fn bar(&self, arn: &str, membership: &str) -> Result<(), Fault> {
        self.operation("bar")?.barred.push((arn.to_owned(), membership.to_owned()));
        Ok(())
    }

    async fn lend_channel(
        &self,
        arn: &str,
        client: ChannelClient<'_>,
    ) -> Result<ChannelAccess, Fault> {
        let mut state = self.operation("lend_channel")?;
        if let ChannelClient::Viewer { membership, .. } = client {
            state.lent.push((arn.to_owned(), membership.to_owned()));
        }
        drop(state);
        Ok(ChannelAccess {
            region: "us-east-1".into(),
            endpoints: Vec::new(),
            credentials: LentCredentials {
                access_key_id: "ASIA".into(),
                secret_access_key: "secret".into(),
                session_token: "token".into(),
                expiration: "2026-01-01T00:00:00Z".into(),
            },
            ice: Ice::default(),
            signaling_url: format!("wss://{arn}/{}", client.role().as_str()),
        })
    }
}

impl VoiceRelay for Double {
    fn transport(&self) -> VoiceTransport {
        match self.state().star {
            true => VoiceTransport::Kinesis,
            false => VoiceTransport::Mesh,
        }
    }

    fn stun(&self) -> Vec<IceServer> {
        vec![IceServer { urls: vec!["stun:open".into()], username: None, credential: None }]
    }

    async fn ice(&self, client_id: &str) -> Result<Ice, Fault> {
        drop(self.operation("ice")?);
        let server = IceServer {
            urls: vec!["turn:relay".into()],
            username: Some(client_id.to_owned()),
            credential: Some("secret".into()),
        };
        Ok(Ice { servers: vec![server], expires_at: Some(7) })
    }
}
