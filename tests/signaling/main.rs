//! The signaling WebSocket of Kinesis Video with a real host and real sockets: each sentence of AWS's
//! behaviour that peers can come to rely on has a test that is named after it.

mod connecting;
mod limits;
mod messages;
mod operating;
mod session;
mod support;
mod tls;
