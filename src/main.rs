//! The `chatctl` binary.

use std::process::ExitCode;

/// The host of the stage `local` makes and drops some hundred small buffers a message; this allocator
/// takes a third of the system's time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    chatctl::cli::main()
}
