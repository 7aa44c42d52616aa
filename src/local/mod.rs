//! The embedded cloud of the stage `local`: AWS's own protocols on one loopback endpoint, the real
//! function binaries as processes, state in one folder.
//!
//! It runs a [`crate::stack::Stack`] and knows nothing of how one is deployed to AWS.

pub mod answer;
pub mod control;
pub mod credentials;
pub mod dynamodb;
pub mod faults;
pub mod gateway;
pub mod host;
pub mod iam;
pub mod kinesisvideo;
pub mod lambda;
pub mod logs;
pub mod open_files;
pub mod requests;
pub mod s3;
pub mod sigv4;
pub mod site;
pub mod ssm;
pub mod state;
pub mod sts;
pub mod turn;
pub mod websocket;
