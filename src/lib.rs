//! chatctl: provisions and operates a serverless text and voice chat on AWS, or on one machine.
//!
//! The stack is described once ([`stack`]) and run by a host; the embedded cloud of the stage
//! `local` is [`local`].

pub mod local;
pub mod stack;
