//! `getVoiceCredentials`: what reaches the voice room's channel, for a while. Its creator is the master,
//! on the connection on which they asked last; everybody else is a viewer.

use std::time::Duration;

use chatctl_protocol::{ErrorCode, Refusal, ServerMessage, VoiceCredentials};

use super::{Visit, visit};
use crate::caller::Call;
use crate::fault::Failure;
use crate::outcome::Outcome;
use crate::voice::check_allowed;
use crate::voice_room::{client_id, membership, no_such_voice_room};
use crate::{ChannelAccess, ChannelClient, Ports, VoiceRoom};

/// How often it is looked for a channel that is being made, and the time between: 2.5 seconds
/// together, longer than Kinesis Video Streams takes as a rule.
const LOOKS: u32 = 5;
const BETWEEN: Duration = Duration::from_millis(500);

/// Ms after which whoever met no channel asks again.
const ASK_AGAIN_MS: u64 = 1_000;

pub(crate) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    voice_room_id: &str,
) -> Result<Outcome, Failure> {
    let Visit { member, rows, room } = visit(ports, call, voice_room_id).await?;
    check_allowed(&rows)?;
    let channel_arn = match room.channel_arn.clone() {
        Some(arn) => arn,
        None => {
            let arn = awaited_channel(ports, &room).await?;
            // Whoever left meanwhile left no mark on a channel that was not there yet.
            let there = ports.member(&room.room_id, &member.person_id).await?;
            if there.map(|now| now.joined_at) != Some(member.joined_at) {
                return Err(no_such_voice_room().into());
            }
            arn
        }
    };
    let viewer = client_id(call.connection_id);
    let is_master = room.created_by == member.person_id;
    if is_master && !ports.note_master(&room, call.connection_id).await? {
        return Err(no_such_voice_room().into());
    }
    let membership = membership(&member);
    let client = match is_master {
        true => ChannelClient::Master,
        false => ChannelClient::Viewer { id: &viewer, membership: &membership },
    };
    let access = ports.lend_channel(&channel_arn, client).await?;
    let ChannelAccess { region, endpoints, credentials, ice, signaling_url } = access;
    Ok(Outcome::answer(ServerMessage::VoiceCredentials(Box::new(VoiceCredentials {
        voice_room_id: room.voice_room_id,
        role: client.role(),
        channel_arn,
        region,
        endpoints,
        credentials,
        ice_servers: ice.servers,
        ice_expires_at: ice.expires_at,
        signaling_url,
        client_id: viewer,
    }))))
}

/// The channel of a voice room that has none yet. It is on its way with the creator's request, so this is
/// no time to say that there is no such voice room: clients take that for its end.
async fn awaited_channel<P: Ports>(ports: &P, room: &VoiceRoom) -> Result<String, Failure> {
    for _ in 0..LOOKS {
        ports.pause(BETWEEN).await;
        let rows = ports.voice_rows(&room.room_id).await?;
        let there = rows.voice_room.filter(|there| there.voice_room_id == room.voice_room_id);
        if let Some(arn) = there.ok_or_else(no_such_voice_room)?.channel_arn {
            return Ok(arn);
        }
    }
    Err(early().into())
}

fn early() -> Refusal {
    let message = "the voice room's channel is still being made; ask again in a moment";
    let refusal = Refusal::new(ErrorCode::RateLimited, message);
    Refusal { retry_after_ms: Some(ASK_AGAIN_MS), ..refusal }
}
