//! chatctl: provisions and operates a serverless text and voice chat on AWS, or on one machine.
//!
//! The stack is described once ([`stack`]) and run by a host; the embedded cloud of the stage
//! `local` is [`local`].

mod arguments;
mod attend;
pub mod aws;
pub mod cli;
pub mod cloudformation;
mod commands;
pub mod config;
mod context;
pub mod deploy;
mod error;
pub mod local;
mod operate;
pub mod package;
pub mod smoke;
pub mod stack;
pub mod tail;
mod ui;
mod whole;
