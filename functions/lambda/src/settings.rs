//! What the environment tells a function: AWS's own variables, and those of the stack.

use std::env;

use chatctl_domain::Fault;

/// A variable that must be there.
pub(crate) fn required(name: &str) -> Result<String, Fault> {
    env::var(name).map_err(|_| Fault(format!("the environment variable {name} is not set")))
}

/// The endpoint of a service of AWS in a region; the stage `local` names one for all of them.
pub(crate) fn endpoint(service: &str, region: &str) -> String {
    env::var("AWS_ENDPOINT_URL")
        .unwrap_or_else(|_| format!("https://{service}.{region}.amazonaws.com"))
}
