//! WebSocket connections as every service of the embedded cloud holds them: the handshake's checks,
//! what waits to be sent, the socket's own task, and the reasons for an end.
//!
//! Who may connect and what a message means is each service's affair.

mod close;
mod handshake;
mod outbox;
mod socket;

pub use close::{DELETED, End, GOING_AWAY, LOST};
pub use handshake::{NoHandshake, accept_key, switching};
pub use outbox::{Outbox, Refused};
pub use socket::{Frames, Socket, Turn};
