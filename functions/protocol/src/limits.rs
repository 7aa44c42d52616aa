//! The protocol's limits, told to clients in `welcome`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Sizes and counts that every client can rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// The longest message text, in UTF-8 bytes.
    pub message_bytes: u32,
    /// The longest frame from a client, in bytes (API Gateway's frame limit).
    pub frame_bytes: u32,
    /// The shortest name of a person, in characters.
    pub name_min: u32,
    /// The longest name of a person, in characters.
    pub name_max: u32,
    /// The longest name of a room, in characters.
    pub room_name_max: u32,
    /// The longest `requestId` and `clientMessageId`, in characters.
    pub id_max: u32,
    /// The most messages that one `history` holds.
    pub history_max: u32,
    /// The most connections that one person holds at a time.
    pub connections_max: u32,
    /// The most rooms that one person is in or asks to join.
    pub rooms_max: u32,
    /// The most undecided requests to join one room.
    pub requests_max: u32,
}

impl Limits {
    /// The limits in force.
    pub const CURRENT: Self = Self {
        message_bytes: 8 * 1024,
        frame_bytes: 32 * 1024,
        name_min: 2,
        name_max: 20,
        room_name_max: 50,
        id_max: 64,
        history_max: 100,
        connections_max: 5,
        rooms_max: 200,
        requests_max: 50,
    };
}
