//! What the environment tells a function: AWS's own variables, and those of the stack.

use std::env;

use chatctl_domain::Fault;
use chatctl_protocol::VoiceTransport;

use crate::http::Speech;

/// A variable that must be there.
pub(crate) fn required(name: &str) -> Result<String, Fault> {
    env::var(name).map_err(|_| Fault(format!("the environment variable {name} is not set")))
}

/// Whether the callback address without TLS is known to speak HTTP/2; with TLS the handshake settles it.
pub(crate) fn connections_speech() -> Speech {
    match env::var("CONNECTIONS_HTTP2").as_deref() {
        Ok("prior-knowledge") => Speech::Http2,
        _ => Speech::Http1,
    }
}

/// The endpoint of a service of AWS in a region; the stage `local` names one for all of them.
pub(crate) fn endpoint(service: &str, region: &str) -> String {
    env::var("AWS_ENDPOINT_URL")
        .unwrap_or_else(|_| format!("https://{service}.{region}.amazonaws.com"))
}

/// What the stage's web app talks over.
pub(crate) fn voice_transport() -> VoiceTransport {
    match env::var("VOICE_TRANSPORT").as_deref() {
        Ok("kinesis") => VoiceTransport::Kinesis,
        _ => VoiceTransport::Mesh,
    }
}

/// What the names of the stage's channels begin with.
pub(crate) fn channel_prefix() -> Result<String, Fault> {
    required("VOICE_CHANNELS")
}

/// Whether this is AWS, and not what stands in for it.
pub(crate) fn is_aws() -> bool {
    env::var_os("AWS_ENDPOINT_URL").is_none()
}

/// A TURN server of the stage's own, if it has one: its addresses, and the parameter with its secret.
pub(crate) fn own_turn() -> Option<(Vec<String>, String)> {
    let urls = env::var("VOICE_TURN_URLS").ok()?;
    let parameter = env::var("VOICE_TURN_SECRET").ok()?;
    Some((urls.split(',').map(str::to_owned).collect(), parameter))
}
