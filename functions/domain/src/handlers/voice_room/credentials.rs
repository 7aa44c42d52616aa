//! `getVoiceCredentials`: what reaches the voice room's channel, for an hour at most. Its creator is
//! the master, on the connection on which they asked last; everybody else is a viewer.

use chatctl_protocol::{ServerMessage, VoiceCredentials};

use super::{Visit, visit};
use crate::caller::Call;
use crate::fault::Failure;
use crate::outcome::Outcome;
use crate::voice::check_allowed;
use crate::voice_room::no_such_voice_room;
use crate::{ChannelAccess, ChannelClient, Ports};

pub(crate) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    voice_room_id: &str,
) -> Result<Outcome, Failure> {
    let Visit { member, rows, room } = visit(ports, call, voice_room_id).await?;
    check_allowed(&rows)?;
    let Some(channel_arn) = room.channel_arn.clone() else {
        // Its creator's request is still on its way, or died there.
        return Err(no_such_voice_room().into());
    };
    let viewer = viewer(call.connection_id);
    let is_master = room.created_by == member.person_id;
    if is_master && !ports.note_master(&room, call.connection_id).await? {
        return Err(no_such_voice_room().into());
    }
    let client = if is_master { ChannelClient::Master } else { ChannelClient::Viewer(&viewer) };
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

/// A viewer's id: the connection's, in the characters that a channel takes.
fn viewer(connection_id: &str) -> String {
    let taken = |c: &char| c.is_ascii_alphanumeric() || "_.-".contains(*c);
    format!("c-{}", connection_id.chars().filter(taken).collect::<String>())
}
