//! Brings a stage on AWS up to the project, and takes it away, through CloudFormation.
//!
//! CloudFormation is the state and the lock: what this module remembers on this machine are caches.
//! Every step looks at what is there, so that whoever comes after an interruption goes on.

mod apply;
mod artifacts;
mod attach;
mod cause;
mod change_set;
mod code_only;
mod diagnose;
mod follow;
mod history;
mod inventory;
mod pace;
mod parameters;
mod prepare;
mod publish;
mod reading;
mod recover;
mod rollback;
mod stage;
mod status;
mod teardown;

pub use apply::Outcome;
pub use attach::{Attach, attach, cancel};
pub use cause::Cause;
pub use code_only::code_only;
pub use diagnose::{Diagnosis, diagnose};
pub use inventory::{Item, inventory};
pub use prepare::{Parts, Prepared, Request, prepare};
pub use recover::{Recovery, Way, recover, recovery};
pub use rollback::prepare_rollback;
pub use stage::{PROJECT_TAG, STAGE_TAG, Stage};
pub use status::{Condition, Operation};
pub use teardown::{Data, teardown};
