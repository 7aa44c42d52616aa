//! The thread that starts processes, such that none of them outlives the host.
//!
//! The kernel kills a process whose death signal is set when the *thread* that started it ends. A
//! runtime's threads come and go, so one thread starts them all and lives as long as the host; a
//! host that is killed outright takes its functions with it. The one unsafe block of the crate is
//! here, because what runs between fork and exec can be promised to be harmless only by reading it.
#![allow(unsafe_code)]

use std::io;
use std::sync::mpsc::{self, Sender};

use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::local::open_files;

struct Birth {
    command: Command,
    runtime: Handle,
    child: oneshot::Sender<io::Result<Child>>,
}

/// The way to the thread, which ends when this is dropped.
pub struct Nursery {
    births: Sender<Birth>,
}

impl Nursery {
    /// Starts the thread.
    pub fn new() -> Self {
        let (births, wanted) = mpsc::channel::<Birth>();
        std::thread::spawn(move || {
            for Birth { mut command, runtime, child } in wanted {
                let _runtime = runtime.enter();
                // Who no longer waits drops the child, and the child dies by that.
                let _ = child.send(command.spawn());
            }
        });
        Self { births }
    }

    /// Starts a process in a group of its own.
    ///
    /// # Errors
    /// The operating system refused.
    pub async fn start(&self, mut command: Command) -> io::Result<Child> {
        command.process_group(0).kill_on_drop(true);
        bind_to_parent(&mut command);
        let (sender, child) = oneshot::channel();
        let birth = Birth { command, runtime: Handle::current(), child: sender };
        let ended = || io::Error::other("the thread that starts processes has ended");
        self.births.send(birth).map_err(|_| ended())?;
        child.await.map_err(|_| ended())?
    }
}

/// Makes the process die with the thread that starts it, and have a function's limits.
fn bind_to_parent(command: &mut Command) {
    let host = getpid();
    let bind = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        open_files::as_a_function()?;
        // The parent may have died before the signal was set; then nobody would send it.
        if getppid() == Some(host) { Ok(()) } else { Err(io::ErrorKind::NotConnected.into()) }
    };
    // SAFETY: the closure runs in the child between fork and exec, where only async-signal-safe
    // calls are allowed. It makes four system calls, takes no lock and allocates nothing.
    unsafe {
        command.pre_exec(bind);
    }
}
