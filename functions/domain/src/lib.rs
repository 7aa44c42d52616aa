//! The chat's rules over ports: who may do what, and what everyone is told.
//!
//! Nothing here knows of AWS, Lambda or a socket: a handler reads and writes through [`Store`],
//! speaks through [`Connections`], and is told time and chance by [`Clock`] and [`Chance`].

mod caller;
mod deliver;
mod fault;
mod handlers;
mod hold;
mod http;
mod model;
mod outcome;
mod page;
mod ports;
mod roster;
mod serve;
mod session;
mod text;
mod voice;
mod voice_room;

pub use fault::Fault;
pub use handlers::{connect, disconnect, health, refuse, sweep_voice};
pub use http::HttpAnswer;
pub use model::{
    Admission, Attachment, Claim, Connection, Decision, Departure, JoinRequest, Member, NameHold,
    Page, RESERVED_MS, Room, RoomRows, Stored, StoredMessage,
};
pub use outcome::{Report, Tally};
pub use ports::{
    Chance, Channels, Clock, ConnectionStore, Connections, MessageStore, NameStore, Ports, Posted,
    RefusalNotice, Refuser, RoomStore, SessionKey, VoiceRelay, VoiceRoomStore, VoiceStore,
};
pub use serve::{Route, serve};
pub use voice::{Ice, Seating, Talker, VoiceRows};
pub use voice_room::{Channel, ChannelAccess, ChannelClient, Ending, VoiceRoom};
