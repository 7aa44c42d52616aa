//! A stage as CloudFormation made it on MiniStack, with the real functions: what reads it and what
//! passes through it.

#[path = "../support/mod.rs"]
mod support;

mod browsers;
mod operate;
mod trial;
