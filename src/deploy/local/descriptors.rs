//! Files that this program was started with besides stdin, stdout and stderr: a lock of `flock`, a
//! pipe of a shell or a test runner. Their owner waits until everyone who has them has ended, so the
//! host, which outlives this program, must not be handed them.

use std::os::fd::{BorrowedFd, RawFd};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

/// Keeps every descriptor but the standard ones from programs that are started from now on.
pub(super) fn keep_from_children() {
    let Ok(entries) = std::fs::read_dir("/dev/fd") else { return };
    let names =
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<RawFd>().ok());
    // Collected first: the listing has a descriptor of its own.
    let inherited: Vec<RawFd> = names.filter(|fd| *fd > 2).collect();
    for fd in inherited {
        keep_from_child(fd);
    }
}

/// What cannot be marked is not open any more.
#[expect(unsafe_code, reason = "a descriptor that was inherited has no owner in this program")]
fn keep_from_child(fd: RawFd) {
    // SAFETY: the number is not -1, and it is used only to set a flag that every descriptor of the
    // standard library has anyway; on one that was closed since, the calls answer EBADF.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    if let Ok(flags) = fcntl_getfd(borrowed) {
        let _ = fcntl_setfd(borrowed, flags | FdFlags::CLOEXEC);
    }
}
