//! The `chatctl` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    chatctl::cli::main()
}
