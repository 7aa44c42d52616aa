//! What helps browsers to reach each other: the stage's voice settings, and its STUN and TURN servers.

use chatctl_domain::{Clock, Fault, Ice, VoiceRelay};
use chatctl_protocol::{ChannelProtocol, IceServer, VoiceRole, VoiceTransport};
use serde::Deserialize;
use serde_json::json;

use crate::channels::{address, call, locate};
use crate::host::Host;
use crate::http::Endpoint;
use crate::secret::parameter;
use crate::settings::{is_aws, own_turn, voice_transport};
use crate::turn;

/// The channel that gives out TURN credentials for the mesh: one a stage, without people on it.
const RELAY: &str = "turn";

/// That channel, once it is known.
#[derive(Debug)]
pub(crate) struct RelayChannel {
    arn: String,
    endpoint: Endpoint,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Configuration {
    ice_server_list: Vec<Server>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Server {
    #[serde(default)]
    uris: Vec<String>,
    username: Option<String>,
    password: Option<String>,
    /// Seconds.
    ttl: Option<u64>,
}

/// A channel's servers for one client at `now` (ms).
pub(crate) async fn configuration(
    endpoint: &Endpoint,
    channel_arn: &str,
    client_id: Option<&str>,
    region: &str,
    now: u64,
) -> Result<Ice, Fault> {
    let mut input = json!({ "ChannelARN": channel_arn, "Service": "TURN" });
    if let Some(client_id) = client_id {
        input["ClientId"] = client_id.into();
    }
    let found: Configuration = call(endpoint, "/v1/get-ice-server-config", input).await?;
    Ok(ice(found, region, now))
}

fn ice(found: Configuration, region: &str, now: u64) -> Ice {
    let ttl = found.ice_server_list.iter().filter_map(|server| server.ttl).min();
    let turn = found.ice_server_list.into_iter().map(|server| IceServer {
        urls: server.uris,
        username: server.username,
        credential: server.password,
    });
    let servers = stun(region).into_iter().chain(turn).collect();
    Ice { servers, expires_at: ttl.map(|ttl| now + ttl * 1000) }
}

/// What tells a browser its own address; everybody may ask it. On one machine there is nothing to tell.
fn stun(region: &str) -> Option<IceServer> {
    let url = format!("stun:stun.kinesisvideo.{region}.amazonaws.com:443");
    is_aws().then(|| IceServer { urls: vec![url], username: None, credential: None })
}

impl Host {
    async fn relay_channel(&self) -> Result<&RelayChannel, Fault> {
        let find = || async {
            let arn = self.channel(RELAY).await?;
            let endpoints = locate(&self.kinesis_video()?, &arn, VoiceRole::Viewer).await?;
            let https = address(&endpoints, ChannelProtocol::Https)?;
            let endpoint = self.service_at("kinesisvideo", https)?;
            Ok(RelayChannel { arn, endpoint })
        };
        self.relay.get_or_try_init(find).await
    }
}

impl VoiceRelay for Host {
    fn transport(&self) -> VoiceTransport {
        voice_transport()
    }

    async fn ice(&self, client_id: &str) -> Result<Ice, Fault> {
        let taken = |c: &char| c.is_ascii_alphanumeric() || "_.-".contains(*c);
        let client_id: String = client_id.chars().filter(taken).collect();
        if let Some((urls, name)) = own_turn() {
            let secret = parameter(self, &name).await?;
            return Ok(turn::own(urls, &secret, &client_id, self.now()));
        }
        let RelayChannel { arn, endpoint } = self.relay_channel().await?;
        configuration(endpoint, arn, Some(&client_id), self.region(), self.now()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_told_as_browsers_take_them() {
        let found = json!({"IceServerList": [{
            "Uris": ["turn:1.kinesisvideo.example:443?transport=udp"],
            "Username": "u", "Password": "p", "Ttl": 300,
        }]});
        let ice = ice(serde_json::from_value(found).unwrap(), "eu-west-1", 1_000);
        let turn = ice.servers.last().unwrap();
        assert_eq!(turn.credential.as_deref(), Some("p"));
        assert_eq!(ice.expires_at, Some(301_000));
    }
}
