//! What reaches a voice room's signaling channel: where it is, and credentials for it alone. The
//! shapes are those of Kinesis Video Streams and STS, since the original client passes them on.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::voice::IceServer;

/// `getVoiceCredentials`, `endVoiceRoom`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VoiceRoomRef {
    /// The voice room.
    pub voice_room_id: String,
}

/// Everything that a client needs to reach a voice room's channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct VoiceCredentials {
    /// The voice room.
    pub voice_room_id: String,
    /// As whom: its creator is the master.
    pub role: VoiceRole,
    /// The channel's ARN.
    #[serde(rename = "channelARN")]
    pub channel_arn: String,
    /// The region.
    pub region: String,
    /// Where the channel is reached.
    pub endpoints: Vec<ChannelEndpoint>,
    /// Keys for this channel and this role, and nothing else.
    pub credentials: LentCredentials,
    /// Servers that help browsers to reach each other.
    pub ice_servers: Vec<IceServer>,
    /// When the servers' credentials end, ms since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(type = "number", optional)]
    pub ice_expires_at: Option<u64>,
    /// The channel's WebSocket address, signed; to be opened within 299 seconds.
    pub signaling_url: String,
    /// A viewer's id at the channel, signed into the address; a master's own, which the channel is not
    /// told.
    pub client_id: String,
}

/// A role at a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "UPPERCASE")]
pub enum VoiceRole {
    /// The middle of the star.
    Master,
    /// Everybody else.
    Viewer,
}

impl VoiceRole {
    /// The role as Kinesis Video Streams writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Master => "MASTER",
            Self::Viewer => "VIEWER",
        }
    }
}

/// Where a channel is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "PascalCase")]
pub struct ChannelEndpoint {
    /// For what.
    pub protocol: ChannelProtocol,
    /// The address.
    pub resource_endpoint: String,
}

/// What an endpoint of a channel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "UPPERCASE")]
pub enum ChannelProtocol {
    /// Signals.
    Wss,
    /// Everything else.
    Https,
}

/// Keys that end by themselves.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LentCredentials {
    /// The key's id.
    pub access_key_id: String,
    /// The key; secret.
    pub secret_access_key: String,
    /// Sent along with it; secret.
    pub session_token: String,
    /// When they end, as ISO 8601.
    pub expiration: String,
}

impl std::fmt::Debug for LentCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { access_key_id, expiration, .. } = self;
        write!(f, "LentCredentials({access_key_id}, until {expiration})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_have_their_golden_form_and_keep_their_secret_from_logs() {
        let credentials = LentCredentials {
            access_key_id: "ASIA".into(),
            secret_access_key: "hidden".into(),
            session_token: "hidden".into(),
            expiration: "2026-01-01T01:00:00Z".into(),
        };
        assert!(!format!("{credentials:?}").contains("hidden"));
        let endpoint = |protocol, address: &str| ChannelEndpoint {
            protocol,
            resource_endpoint: address.to_owned(),
        };
        insta::assert_json_snapshot!(VoiceCredentials {
            voice_room_id: "r1-v1".into(),
            role: VoiceRole::Viewer,
            channel_arn: "arn:aws:kinesisvideo:eu-west-1:123456789012:channel/x/1".into(),
            region: "eu-west-1".into(),
            endpoints: vec![
                endpoint(ChannelProtocol::Wss, "wss://v"),
                endpoint(ChannelProtocol::Https, "https://r"),
            ],
            credentials,
            ice_servers: Vec::new(),
            ice_expires_at: Some(1),
            signaling_url: "wss://v/?X-Amz-Signature=0".into(),
            client_id: "c-1".into(),
        });
    }
}
