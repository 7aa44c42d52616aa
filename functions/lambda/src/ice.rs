//! What helps browsers to reach each other: the stage's voice settings, and its STUN and TURN servers.

use chatctl_domain::{Clock, Fault, Ice, VoiceRelay};
use chatctl_protocol::{ChannelProtocol, IceServer, VoiceRole, VoiceTransport};
use serde::Deserialize;
use serde_json::json;

use crate::channels::{Refused, address, call, locate};
use crate::host::{Host, jitter};
use crate::http::Endpoint;
use crate::secret::parameter;
use crate::settings::{is_aws, own_turn, voice_transport};
use crate::turn;

/// The channel that gives out TURN credentials for the mesh: one a stage, without people on it.
const RELAY: &str = "turn";

/// Tries for a channel's servers. Kinesis Video Streams gives them out five times a second a channel, so
/// the pauses are of the longest: together at most 1.2 seconds.
const TRIES: u32 = 3;

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
    let ask = async || call(endpoint, "/v1/get-ice-server-config", input.clone()).await;
    Ok(ice(persist(ask).await?, region, now))
}

/// Asks again what was asked too often.
async fn persist<T>(ask: impl AsyncFn() -> Result<T, Refused>) -> Result<T, Refused> {
    let mut tried = 1;
    loop {
        match ask().await {
            Err(Refused::Throttled(_)) if tried < TRIES => {
                tokio::time::sleep(jitter(tried + 3)).await;
            }
            settled => return settled,
        }
        tried += 1;
    }
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
pub(crate) fn stun(region: &str) -> Vec<IceServer> {
    let url = format!("stun:stun.kinesisvideo.{region}.amazonaws.com:443");
    let server = || IceServer { urls: vec![url], username: None, credential: None };
    is_aws().then(server).into_iter().collect()
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

    fn stun(&self) -> Vec<IceServer> {
        // A TURN server of the stage's own tells browsers their addresses, too.
        if own_turn().is_some() { Vec::new() } else { stun(self.region()) }
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

    #[tokio::test]
    async fn who_was_asked_too_often_is_asked_again_and_nobody_else() {
        let throttled = || Refused::Throttled(Fault("too often".into()));
        for (answers, left, found) in [
            (vec![Ok(7), Ok(8)], 1, Some(7)),
            (vec![Err(throttled()), Ok(7)], 0, Some(7)),
            (vec![Err(throttled()), Err(throttled()), Err(throttled()), Ok(7)], 1, None),
            (vec![Err(Refused::NotFound), Ok(7)], 1, None),
        ] {
            let answers = std::sync::Mutex::new(answers.into_iter());
            let asked = persist(async || answers.lock().unwrap().next().unwrap()).await;
            assert_eq!((asked.ok(), answers.lock().unwrap().len()), (found, left));
        }
    }

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
