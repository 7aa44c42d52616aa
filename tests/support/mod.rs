//! What end-to-end tests share: a stage of their own, and clients that speak the wire protocol.
//!
//! The stage is the real program: `chatctl deploy` in a cleared environment, on a free port, in a
//! folder that goes away with it.

// Each test binary compiles this module for itself and uses a part of it.
#![allow(dead_code)]

pub mod answered;
pub mod aws_cli;
pub mod built_in;
pub mod chat;
pub mod http;
pub mod ministack;
pub mod stage;
