//! The relay: what one browser has to say to another before they can talk. It goes between two who
//! take part now, and the sender is who it is by their connection.

use chatctl_protocol::{
    ErrorCode, PeerLeft, Refusal, ServerMessage, VoiceEvent, VoiceKind, VoiceSignal,
};

use crate::caller::Call;
use crate::deliver::frame;
use crate::fault::{Failure, Fault};
use crate::model::expiry;
use crate::outcome::Outcome;
use crate::roster::listeners;
use crate::voice::{no_such_talker, not_a_talker, part};
use crate::{Ports, Posted, Talker, Tally};

/// The time, ms, in which so many signals of a talker are relayed. A browser finds about ten
/// candidates for each of five others; descriptions pass when no more candidates do.
const PERIOD: u64 = 10_000;
const CANDIDATES_MOST: u32 = 100;
const SIGNALS_MOST: u32 = 130;

pub(super) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    signal: VoiceSignal,
) -> Result<Outcome, Failure> {
    check(&signal)?;
    let to = signal.to.as_deref().ok_or_else(|| {
        Refusal::bad_request("voiceSignal: `to` is the userId of the participant whom this is for")
    })?;
    let (sender, addressee) = parties(ports, call, &signal, to).await?;
    let event = event(&signal, &sender);
    match ports.post(&addressee.connection_id, frame(event, None)).await {
        Posted::Delivered => {
            Ok(Outcome { posted: Tally { delivered: 1, ..Tally::default() }, ..Outcome::default() })
        }
        Posted::Gone => gone(ports, &addressee).await,
        Posted::Failed(reason) => {
            Err(Fault(format!("the signal was not relayed: {reason}")).into())
        }
    }
}

fn check(signal: &VoiceSignal) -> Result<(), Refusal> {
    match signal.kind {
        VoiceKind::IceCandidate => signal.ice_candidate().map(drop),
        _ => signal.description().map(drop),
    }
}

/// The sender, whose signal is counted, and the addressee.
async fn parties<P: Ports>(
    ports: &P,
    call: Call<'_>,
    signal: &VoiceSignal,
    to: &str,
) -> Result<(Talker, Talker), Failure> {
    let most = match signal.kind {
        VoiceKind::IceCandidate => CANDIDATES_MOST,
        _ => SIGNALS_MOST,
    };
    let now = ports.now();
    let rows = ports.voice_rows(&signal.room_id).await?.at(now);
    let Some(sender) = rows.on(call.connection_id) else {
        call.identify(ports).await?;
        return Err(not_a_talker().into());
    };
    call.notes.user(&sender.user_id);
    let addressee = rows.named(to).filter(|one| one.person_id != sender.person_id);
    let addressee = addressee.ok_or_else(no_such_talker)?;
    let period = now / PERIOD;
    let expires_at = expiry(now, PERIOD / 1000 * 2);
    if !ports.count_signal(call.connection_id, period, most, expires_at).await? {
        return Err(flood((period + 1) * PERIOD - now).into());
    }
    Ok((sender.clone(), addressee.clone()))
}

fn flood(retry_after_ms: u64) -> Refusal {
    let message = format!(
        "one participant sends at most {CANDIDATES_MOST} candidates in {} seconds; wait a little",
        PERIOD / 1000
    );
    let refusal = Refusal::new(ErrorCode::RateLimited, message);
    Refusal { retry_after_ms: Some(retry_after_ms), ..refusal }
}

/// The addressee's connection is gone and nobody has heard of it: the others are told, and the
/// sender also why nothing was relayed.
async fn gone<P: Ports>(ports: &P, addressee: &Talker) -> Result<Outcome, Failure> {
    let listeners = listeners(ports, &addressee.room_id).await?;
    let mut outcome = Outcome::answer(no_such_talker().into());
    outcome.posted = Tally { gone: 1, ..Tally::default() };
    outcome.pushes.extend(part(ports, addressee, &listeners, PeerLeft::Disconnected).await?);
    Ok(outcome)
}

fn event(signal: &VoiceSignal, sender: &Talker) -> ServerMessage {
    let (room_id, from) = (signal.room_id.clone(), sender.user_id.clone());
    let sdp = || signal.sdp.clone().unwrap_or_default();
    ServerMessage::VoiceSignal(match signal.kind {
        VoiceKind::Offer => VoiceEvent::Offer { room_id, from, sdp: sdp() },
        VoiceKind::IceCandidate => {
            let candidate = signal.candidate.clone().unwrap_or_default();
            VoiceEvent::IceCandidate { room_id, from, candidate }
        }
        _ => VoiceEvent::Answer { room_id, from, sdp: sdp() },
    })
}
