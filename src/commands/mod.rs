//! The commands: each parses its flags, calls the core, hands the result to the terminal.

pub mod attach;
pub mod build;
pub mod channels;
pub mod completions;
pub mod config;
pub mod deploy;
pub mod dev;
pub mod diagnose;
pub mod doctor;
pub mod faults;
pub mod frontend;
pub mod host;
pub mod init;
pub mod logs;
pub mod outputs;
pub mod plan;
pub mod policies;
pub mod recover;
pub mod rollback;
pub mod scan;
pub mod smoke;
pub mod status;
pub mod synth;
pub mod teardown;
pub mod version;
