//! The gateway of both APIs with real sockets and a real function process: each sentence of API
//! Gateway's behaviour that a chat can come to rely on has a test that is named after it.

mod authorizer;
mod closing;
mod connections_api;
mod faults;
mod handshake;
mod http_api;
mod messages;
mod robustness;
mod support;
