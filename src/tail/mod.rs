//! Many log groups as one timeline.
//!
//! [`read`] goes once from a time to another and a [`Follower`] goes on as lines come, without losing or
//! repeating one; [`Live`] is told of lines instead of asking for them. What a line looks like is the
//! terminal's business.

mod cursor;
mod follow;
mod identity;
mod live;
mod merge;
mod order;
mod pace;
mod pages;

pub use follow::{Follower, Tempo};
pub use live::{Happening, Live};
pub use merge::read;
pub use pace::Pace;

use std::sync::Arc;

use crate::aws::LogEvent;
use crate::stack::Stack;

/// A log group and the function that people know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The function's logical name.
    pub function: Arc<str>,
    /// The group's name.
    pub name: Arc<str>,
}

/// The groups of a stack's functions, in the manifest's order.
pub fn groups(stack: &Stack) -> Vec<Group> {
    let functions = stack.functions.iter();
    functions
        .map(|f| Group { function: f.logical.as_str().into(), name: f.log_group.as_str().into() })
        .collect()
}

/// A line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The function that wrote it.
    pub function: Arc<str>,
    /// The event.
    pub event: LogEvent,
}

/// What is read: from a time, up to and with another, of a pattern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// ms since the epoch.
    pub from: i64,
    /// ms since the epoch; now if none.
    pub until: Option<i64>,
    /// CloudWatch's filter pattern.
    pub pattern: Option<Arc<str>>,
}
