//! The chat's wire protocol: every message as a type, the route table, the limits, the error codes.
//!
//! Pure: no input or output, no clock, no AWS. The functions answer with these types, `chatctl`
//! reads the route table, and the web app's TypeScript types are generated from here.

mod client;
mod credentials;
mod error;
mod http;
mod limits;
mod look;
mod name;
mod server;
mod trace;
mod typescript;
mod voice;

pub use client::{
    Action, ClientMessage, Empty, GetHistory, GetMembers, JoinRoom, JoinStep, NewRoom, Request,
    RoomRef, SendMessage, parse,
};
pub use credentials::{
    ChannelEndpoint, ChannelProtocol, LentCredentials, VoiceCredentials, VoiceRole, VoiceRoomRef,
};
pub use error::{ErrorCode, Refusal};
pub use http::{Health, HealthStatus, HttpError, HttpErrorCode};
pub use limits::Limits;
pub use look::is_invisible;
pub use name::{NameError, UserName};
pub use server::{
    ChatMessage, ErrorKind, JoinStatus, MemberStatus, Participant, Reply, RoomSummary,
    ServerMessage,
};
pub use trace::user_hash;
pub use typescript::declarations;
pub use voice::{
    IceServer, PeerLeft, VoiceEvent, VoiceKind, VoiceParticipant, VoiceSignal, VoiceState,
    VoiceTopology, VoiceTransport,
};
