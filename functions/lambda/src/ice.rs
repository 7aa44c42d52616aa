//! What helps browsers to reach each other: the stage's voice settings, and its servers.

use chatctl_domain::{Fault, Ice, VoiceRelay};
use chatctl_protocol::VoiceTransport;

use crate::host::Host;
use crate::settings::voice_transport;

impl VoiceRelay for Host {
    fn transport(&self) -> VoiceTransport {
        voice_transport()
    }

    async fn ice(&self, _client_id: &str) -> Result<Ice, Fault> {
        Ok(Ice::default())
    }
}
