//! The protocol as TypeScript, for the web app: one file, generated, never edited.

use ts_rs::{Config, TS};

use crate::{client, credentials, error, limits, server, voice};

/// Every type of the protocol as TypeScript declarations.
pub fn declarations() -> String {
    let config = Config::default();
    let mut text = String::from(
        "// Generated from functions/protocol; `cargo test -p chatctl-protocol` says when it is out of date.\n",
    );
    for declaration in [
        client::ClientMessage::decl(&config),
        client::NewRoom::decl(&config),
        client::JoinStep::decl(&config),
        client::JoinRoom::decl(&config),
        client::SendMessage::decl(&config),
        client::RoomRef::decl(&config),
        client::GetMembers::decl(&config),
        client::GetHistory::decl(&config),
        client::Empty::decl(&config),
        error::ErrorCode::decl(&config),
        limits::Limits::decl(&config),
        server::ServerMessage::decl(&config),
        server::ChatMessage::decl(&config),
        server::RoomSummary::decl(&config),
        server::JoinStatus::decl(&config),
        server::MemberStatus::decl(&config),
        server::Participant::decl(&config),
        voice::VoiceKind::decl(&config),
        voice::VoiceSignal::decl(&config),
        voice::VoiceEvent::decl(&config),
        voice::PeerLeft::decl(&config),
        voice::VoiceTopology::decl(&config),
        voice::VoiceTransport::decl(&config),
        voice::VoiceParticipant::decl(&config),
        voice::VoiceState::decl(&config),
        voice::IceServer::decl(&config),
        server::ErrorKind::decl(&config),
        credentials::VoiceRoomRef::decl(&config),
        credentials::VoiceCredentials::decl(&config),
        credentials::VoiceRole::decl(&config),
        credentials::ChannelEndpoint::decl(&config),
        credentials::ChannelProtocol::decl(&config),
        credentials::LentCredentials::decl(&config),
    ] {
        text.push_str(&format!("\nexport {declaration}\n"));
    }
    text.push_str("\nexport type Request = ClientMessage & { requestId?: string };\n");
    text.push_str("\nexport type Reply = ServerMessage & { requestId?: string };\n");
    text
}

#[cfg(test)]
mod tests {
    const FILE: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../frontend/src/transport/protocol.gen.ts");

    #[test]
    fn the_web_apps_types_are_up_to_date() {
        let fresh = super::declarations();
        if std::env::var_os("CHATCTL_GENERATE").is_some() {
            std::fs::write(FILE, &fresh).expect("the web app's source is writable");
        }
        let stored = std::fs::read_to_string(FILE).unwrap_or_default();
        assert!(
            stored == fresh,
            "out of date: run `CHATCTL_GENERATE=1 cargo test -p chatctl-protocol`"
        );
    }
}
