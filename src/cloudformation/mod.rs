//! CloudFormation as text and meaning: a [`Stack`](crate::stack::Stack) as a template, what two
//! templates differ in, what a change set says.
//!
//! Everything here is pure: no file, no network, no SDK. Sending templates is `aws` and `deploy`.

pub mod change_set;
mod check;
pub mod cost;
mod diff;
mod references;
mod render;
mod template;
mod value;

pub use check::{CheckError, Fault, MOST_BYTES, MOST_INLINE_BYTES, census};
pub use diff::{Difference, How, Part, diff};
pub use render::{ACCESS_LOGS_ROLE, Code, render};
pub use template::{OutputEntry, Resource, Template, TemplateError};
pub use value::logical_id;
