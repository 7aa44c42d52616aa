//! `voice:join`: a seat, the list of those who are there, and servers to reach them by.

use chatctl_protocol::{
    ErrorCode, PeerLeft, Refusal, ServerMessage, VoiceEvent, VoiceTopology, VoiceTransport,
};
use futures_util::future::{join, join_all, try_join, try_join_all, try_join3};

use crate::caller::{Call, nobody};
use crate::deliver::deliver;
use crate::fault::{Failure, Fault};
use crate::model::{CONNECTION_TTL_S, expiry};
use crate::outcome::{Outcome, Push, Target};
use crate::roster::{listeners, not_a_member};
use crate::voice::{check_allowed, left, part};
use crate::{Attachment, Ice, Member, Ports, Seating, Talker, VoiceRows};

/// People in a mesh: each sends their voice to every other one.
const MESH_MOST: usize = 6;

/// People in a star: a channel has one master and ten viewers.
const STAR_MOST: usize = 11;

/// Joins of a person, and the time (ms) in which they may be so many.
const JOINS_MOST: u32 = 5;
const JOINS_WITHIN: u64 = 60_000;

pub(super) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    room_id: &str,
) -> Result<Outcome, Failure> {
    let speaker = call.speaker_in(ports, room_id).await?;
    let now = ports.now();
    let fault = Failure::from;
    let (member, rows, barred) = try_join3(
        speaker.membership(ports, room_id),
        async { ports.voice_rows(room_id).await.map_err(fault) },
        async {
            let counted = ports.count_join(&speaker.person_id, now, JOINS_WITHIN, JOINS_MOST);
            counted.await.map_err(fault)
        },
    )
    .await?;
    if let Some(oldest) = barred {
        return Err(hasty(oldest + JOINS_WITHIN - now).into());
    }
    let rows = rows.at(now);
    check_allowed(&rows)?;
    make_room(ports, &rows, &member).await?;
    speaker.attach(ports, call, &member).await?;
    let talker = talker(call, &member, &rows, now);
    // Servers beside the seat: nothing that takes its time comes between the rows and what is told.
    let (seating, ice) = join(ports.seat(&talker), ice(ports, call)).await;
    match seating? {
        Seating::Seated => {}
        Seating::NotMember => return Err(not_a_member().into()),
        Seating::NotConnected => return Err(nobody().into()),
    }
    let seated = Seated { was: rows.of(&member.person_id).cloned(), talker };
    seated.settle(ports, ice).await
}

/// Servers for the caller; in a star those of the voice room's channel serve, which come with its
/// credentials. Without a relay those still reach each other who need none.
async fn ice<P: Ports>(ports: &P, call: Call<'_>) -> Ice {
    match ports.transport() {
        VoiceTransport::Kinesis => Ice::default(),
        VoiceTransport::Mesh => ports.ice(call.connection_id).await.unwrap_or_else(|fault| {
            call.notes.fault(&fault);
            Ice::makeshift(ports.stun(), ports.now())
        }),
    }
}

/// The caller's row: the same as before on the same connection, a new one on another.
fn talker(call: Call<'_>, member: &Member, rows: &VoiceRows, now: u64) -> Talker {
    let before = rows.on(call.connection_id).filter(|row| row.person_id == member.person_id);
    let expires_at = expiry(now, CONNECTION_TTL_S);
    match before {
        Some(row) => Talker { expires_at, ..row.clone() },
        None => Talker {
            room_id: member.room_id.clone(),
            person_id: member.person_id.clone(),
            user_id: member.user_id.clone(),
            connection_id: call.connection_id.to_owned(),
            muted: false,
            joined_at: now,
            expires_at,
        },
    }
}

/// Before anybody is turned away, those are looked for who are gone without a word.
async fn make_room<P: Ports>(ports: &P, rows: &VoiceRows, member: &Member) -> Result<(), Failure> {
    let others = || rows.talkers.iter().filter(|row| row.person_id != member.person_id);
    let most = most(ports.transport());
    if others().count() < most {
        return Ok(());
    }
    let open = join_all(others().map(|row| ports.is_open(&row.connection_id))).await;
    let gone = others().zip(open).filter(|(_, open)| matches!(open, Ok(false)));
    let gone: Vec<&Talker> = gone.map(|(row, _)| row).collect();
    if gone.is_empty() {
        return Err(full(most).into());
    }
    let listeners = listeners(ports, &member.room_id).await?;
    let parted = gone.iter().map(|row| part(ports, row, &listeners, PeerLeft::Disconnected));
    let news = try_join_all(parted).await?.into_iter().flatten().collect();
    deliver(ports, news).await;
    Ok(())
}

/// A caller with a seat.
struct Seated {
    talker: Talker,
    /// The person's row before, maybe on another connection.
    was: Option<Talker>,
}

impl Seated {
    /// Reads who else is there. It is read after the caller has a seat, so of two who join at the
    /// same time at least one sees the other, and the other is told.
    async fn settle<P: Ports>(self, ports: &P, ice: Ice) -> Result<Outcome, Failure> {
        let Talker { room_id, connection_id, .. } = &self.talker;
        let (rows, listeners) =
            try_join(ports.voice_rows(room_id), listeners(ports, room_id)).await?;
        let rows = rows.at(ports.now());
        if let Err(refusal) = self.check_seat(&rows, most(ports.transport())) {
            ports.unseat(room_id, &self.talker.person_id, connection_id).await?;
            return Err(refusal.into());
        }
        let ghosts = self.ghosts(ports, &rows, &listeners).await?;
        let mut outcome = Outcome::answer(self.welcome(ports.transport(), &rows, &listeners, ice));
        outcome.pushes.extend(ghosts);
        if self.was.as_ref().is_some_and(|was| was.is(&self.talker)) {
            return Ok(outcome);
        }
        // Before the news that they are there: the two must not arrive the other way round.
        outcome.posted = deliver(ports, self.replaced(&listeners)).await;
        let joined = Outcome::default().push(self.others(&listeners), self.joined());
        outcome.posted = outcome.posted + deliver(ports, joined.pushes).await;
        self.confirm(ports, &listeners, outcome).await
    }

    /// Looks once more whether the seat is still there. Whoever took it away told so maybe before the
    /// news that somebody is there, and then that must not be the last word.
    async fn confirm<P: Ports>(
        &self,
        ports: &P,
        listeners: &[Attachment],
        told: Outcome,
    ) -> Result<Outcome, Failure> {
        let Talker { room_id, person_id, user_id, .. } = &self.talker;
        if ports.voice_rows(room_id).await?.of(person_id).is_some() {
            return Ok(told);
        }
        let outcome = Outcome { answer: Some(unseated().into()), ..told };
        Ok(outcome.push(self.others(listeners), left(room_id, user_id, PeerLeft::Left)))
    }

    /// The last of too many who joined at the same time gets no seat, nobody where an admin has
    /// switched voice off meanwhile, and whoever lost theirs has none.
    fn check_seat(&self, rows: &VoiceRows, most: usize) -> Result<(), Refusal> {
        check_allowed(rows)?;
        match rows.talkers.iter().position(|row| row.is(&self.talker)) {
            Some(seat) if seat < most => Ok(()),
            Some(_) => Err(full(most)),
            None => Err(unseated()),
        }
    }

    /// Removes those whose connection listens no more, and whoever has the same name: two people with
    /// one name are never connected at a time.
    async fn ghosts<P: Ports>(
        &self,
        ports: &P,
        rows: &VoiceRows,
        listeners: &[Attachment],
    ) -> Result<Vec<Push>, Fault> {
        let present = self.company(rows, listeners);
        let ghosts = rows
            .talkers
            .iter()
            .filter(|row| !row.is(&self.talker) && !present.iter().any(|one| one.is(row)));
        let parted = ghosts.map(|row| part(ports, row, listeners, PeerLeft::Disconnected));
        Ok(try_join_all(parted).await?.into_iter().flatten().collect())
    }

    /// Everybody else who is there.
    fn company<'a>(&self, rows: &'a VoiceRows, listeners: &[Attachment]) -> Vec<&'a Talker> {
        let mut present = rows.present(listeners);
        present.retain(|row| {
            row.person_id != self.talker.person_id && row.user_id != self.talker.user_id
        });
        present
    }

    fn welcome(
        &self,
        transport: VoiceTransport,
        rows: &VoiceRows,
        listeners: &[Attachment],
        ice: Ice,
    ) -> ServerMessage {
        let Ice { servers, expires_at } = ice;
        ServerMessage::VoiceSignal(VoiceEvent::ExistingParticipants {
            room_id: self.talker.room_id.clone(),
            participants: self.company(rows, listeners).into_iter().map(Into::into).collect(),
            topology: match transport {
                VoiceTransport::Mesh => VoiceTopology::Mesh,
                VoiceTransport::Kinesis => VoiceTopology::Star,
            },
            ice_servers: servers,
            ice_expires_at: expires_at,
            voice_room_id: rows.voice_room.as_ref().map(|room| room.voice_room_id.clone()),
        })
    }

    /// Who talked on another connection is told there, and so are the others.
    fn replaced(&self, listeners: &[Attachment]) -> Vec<Push> {
        let Some(was) = &self.was else { return Vec::new() };
        let mut to: Vec<Target> = self.others(listeners).map(Into::into).collect();
        if !to.iter().any(|target| target.connection_id == was.connection_id) {
            to.push(was.into());
        }
        let message = left(&was.room_id, &was.user_id, PeerLeft::Replaced);
        vec![Push { to, message }]
    }

    fn others<'a>(&'a self, listeners: &'a [Attachment]) -> impl Iterator<Item = &'a Attachment> {
        listeners.iter().filter(|row| row.connection_id != self.talker.connection_id)
    }

    fn joined(&self) -> ServerMessage {
        ServerMessage::VoiceSignal(VoiceEvent::PeerJoined {
            room_id: self.talker.room_id.clone(),
            from: self.talker.user_id.clone(),
            muted: self.talker.muted,
        })
    }
}

fn most(transport: VoiceTransport) -> usize {
    match transport {
        VoiceTransport::Mesh => MESH_MOST,
        VoiceTransport::Kinesis => STAR_MOST,
    }
}

fn full(most: usize) -> Refusal {
    let message =
        format!("voice here is for {most} people at once; you can join when somebody has left");
    Refusal::new(ErrorCode::Conflict, message)
}

fn unseated() -> Refusal {
    Refusal::new(
        ErrorCode::Conflict,
        "your part in voice ended while it began, or goes on elsewhere; join again to take part",
    )
}

fn hasty(retry_after_ms: u64) -> Refusal {
    let message = format!(
        "one person joins voice at most {JOINS_MOST} times a minute; wait a little and join again"
    );
    let refusal = Refusal::new(ErrorCode::RateLimited, message);
    Refusal { retry_after_ms: Some(retry_after_ms), ..refusal }
}
