//! The `chatctl` binary.

fn main() {}
