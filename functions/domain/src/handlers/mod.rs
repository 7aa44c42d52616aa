//! One file a handler.

pub mod connect;
pub(crate) mod create_room;
mod decide;
pub mod disconnect;
pub(crate) mod get_history;
pub(crate) mod get_members;
pub mod health;
pub(crate) mod hello;
pub(crate) mod join_room;
pub(crate) mod leave_room;
pub(crate) mod ping;
pub mod refuse;
pub(crate) mod send_message;
pub mod sweep_voice;
pub(crate) mod voice_room;
pub(crate) mod voice_signal;
