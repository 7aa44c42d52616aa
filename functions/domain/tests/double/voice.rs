//! Voice in memory, under the conditions that the real tables check.

use chatctl_domain::{Fault, Ice, Talker, VoiceRelay, VoiceRows, VoiceStore};
use chatctl_protocol::{IceServer, VoiceTransport};

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
        })
    }

    async fn seat(&self, talker: &Talker) -> Result<bool, Fault> {
        let mut state = self.operation("seat")?;
        let Some(connection) = state.connections.get_mut(&talker.connection_id) else {
            return Ok(false);
        };
        connection.voice_rooms.push(talker.room_id.clone());
        let place = (talker.room_id.clone(), talker.person_id.clone());
        state.talkers.insert(place, talker.clone());
        Ok(true)
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

    async fn count_signal(&self, talker: &Talker, period: u64, most: u32) -> Result<bool, Fault> {
        let mut state = self.operation("count_signal")?;
        let Some(row) = own(&mut state, talker) else { return Ok(false) };
        let fits = match talker.period == period {
            true => row.period == period && row.signals < most,
            false => row.period < period,
        };
        if fits {
            row.signals = if talker.period == period { row.signals + 1 } else { 1 };
            row.period = period;
        }
        Ok(fits)
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

    async fn allow_voice(&self, room_id: &str, allowed: bool) -> Result<(), Fault> {
        let mut state = self.operation("allow_voice")?;
        match allowed {
            true => state.silent.remove(room_id),
            false => state.silent.insert(room_id.to_owned()),
        };
        Ok(())
    }
}

impl VoiceRelay for Double {
    fn transport(&self) -> VoiceTransport {
        VoiceTransport::Mesh
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
