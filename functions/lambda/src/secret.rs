//! Secrets from the parameter store; the session key is read once a process.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chatctl_domain::{Fault, SessionKey};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::host::Host;
use crate::http::{Kind, Outgoing};
use crate::settings::required;

/// The call's time.
const TIMEOUT: Duration = Duration::from_secs(3);

impl SessionKey for Host {
    async fn session_key(&self) -> Result<Vec<u8>, Fault> {
        let key = self.session_key.get_or_try_init(|| read(self)).await?;
        Ok(key.clone())
    }
}

async fn read(host: &Host) -> Result<Vec<u8>, Fault> {
    let name = required("PARAMETER_SESSION_KEY")?;
    match STANDARD.decode(parameter(host, &name).await?) {
        Ok(key) if key.len() >= 32 => Ok(key),
        _ => Err(Fault(format!("the parameter {name} is not the base64 of at least 32 bytes"))),
    }
}

/// The text of a parameter.
pub(crate) async fn parameter(host: &Host, name: &str) -> Result<String, Fault> {
    let input = json!({ "Name": name, "WithDecryption": true });
    let outgoing = Outgoing {
        method: Method::POST,
        path: "/",
        kind: Kind::Target("AmazonSSM.GetParameter", "application/x-amz-json-1.1"),
        body: input.to_string().into(),
        timeout: TIMEOUT,
    };
    let answer = host.service("ssm")?.send(outgoing).await?;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status != StatusCode::OK {
        let kind = body["__type"].as_str().unwrap_or_default();
        return Err(Fault(format!("GetParameter: {} {kind}", answer.status.as_u16())));
    }
    Ok(body["Parameter"]["Value"].as_str().unwrap_or_default().to_owned())
}
