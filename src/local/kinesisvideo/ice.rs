//! GetIceServerConfig: the relay, and credentials that are made for the asking.

use serde_json::{Value, json};

use super::KinesisVideo;
use super::refusal::Refusal;
use super::request::{GetIceServers, is_word};
use crate::local::credentials::Caller;
use crate::local::turn::{TTL_S, TurnCredentials};

/// Where the operation is posted to.
pub const PATH: &str = "/v1/get-ice-server-config";

impl KinesisVideo {
    pub(super) async fn ice_servers(
        &self,
        caller: &Caller,
        get: &GetIceServers,
    ) -> Result<Value, Refusal> {
        self.admit(caller, "GetIceServerConfig", &get.channel_arn)?;
        for (name, word) in [("ClientId", &get.client_id), ("Username", &get.username)] {
            if word.as_ref().is_some_and(|word| !is_word(word)) {
                return Err(Refusal::invalid(format!(
                    "{name} must have 1 to 256 characters of [a-zA-Z0-9_.-]"
                )));
            }
        }
        if let Some(other) = get.service.as_ref().filter(|service| *service != "TURN") {
            return Err(Refusal::invalid(format!("Service {other} must be TURN")));
        }
        let channel = self.by_arn(&get.channel_arn)?;
        let client = get.client_id.as_deref().or(get.username.as_deref()).unwrap_or("MASTER");
        let made = self.0.turn.credentials(&format!("{}/{client}", channel.name)).await?;
        let TurnCredentials { uri, username, password } = made;
        let server = json!({"Uris": [uri], "Username": username, "Password": password,
            "Ttl": TTL_S});
        Ok(json!({"IceServerList": [server]}))
    }
}
