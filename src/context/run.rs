//! How a command's asynchronous part runs, and how it is interrupted.

use std::pin::pin;

use tokio::signal::unix::{SignalKind, signal};

use super::Context;
use crate::error::CliError;

impl Context {
    /// Runs a command's asynchronous part; Ctrl-C drops it and is an error of its own kind.
    ///
    /// # Errors
    /// The part's own, or the interruption.
    pub fn block_on<T>(
        &self,
        work: impl Future<Output = Result<T, CliError>>,
    ) -> Result<T, CliError> {
        self.block_on_unless(work, async || Err(CliError::interrupted()))
    }

    /// Runs a command's asynchronous part. At Ctrl-C somebody decides whether it is dropped, while it
    /// goes on; Ctrl-C once more, before they have decided, drops it.
    ///
    /// # Errors
    /// The part's own, the decision's, or the interruption.
    pub fn block_on_unless<T>(
        &self,
        work: impl Future<Output = Result<T, CliError>>,
        mut decide: impl AsyncFnMut() -> Result<(), CliError>,
    ) -> Result<T, CliError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CliError::failed("runtime", error.to_string()))?;
        runtime.block_on(async {
            let mut work = pin!(work);
            loop {
                tokio::select! {
                    result = &mut work => return result,
                    () = interrupted() => {}
                }
                tokio::select! {
                    result = &mut work => return result,
                    () = interrupted() => return Err(CliError::interrupted()),
                    decided = decide() => decided?,
                }
            }
        })
    }
}

/// Waits for Ctrl-C, for being told to end, or for the terminal to close.
async fn interrupted() {
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::hangup()));
    let (Ok(mut terminate), Ok(mut hang_up)) = signals else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
}
