//! How many files a process may have open: the host needs one for every connection and several for
//! every process of a function, and shells give programs few.

use std::os::fd::{AsRawFd, RawFd};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a function may have open on AWS.
pub const OF_A_FUNCTION: u64 = 1024;

/// The most that is kept back from connections.
const RESERVE: u64 = 256;

/// What systems take that allow without end but do not like to be asked for it (macOS).
const USUAL_CEILING: u64 = 10_240;

/// How many files may be open, and from which on no more connections are let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFiles {
    limit: u64,
}

impl OpenFiles {
    /// Raises this process's limit as far as it may; programs that it starts inherit that.
    pub fn raise() -> Self {
        let before = getrlimit(Resource::Nofile);
        for current in [before.maximum, Some(USUAL_CEILING)] {
            let raised = Rlimit { current, maximum: before.maximum };
            if setrlimit(Resource::Nofile, raised).is_ok() {
                break;
            }
        }
        Self::of(getrlimit(Resource::Nofile))
    }

    /// What a host that was started from here would have.
    pub fn attainable() -> Self {
        let now = getrlimit(Resource::Nofile);
        Self::of(Rlimit { current: now.maximum, maximum: now.maximum })
    }

    fn of(limit: Rlimit) -> Self {
        Self { limit: limit.current.unwrap_or(u64::MAX) }
    }

    /// How many connections there can be at most.
    pub fn connections(self) -> u64 {
        self.limit - (self.limit / 4).min(RESERVE)
    }

    /// Whether what was opened just now took one of the last places, which are for functions and
    /// for whoever mends things. A new file gets the lowest number that is free, so one with a high
    /// number has all lower ones taken.
    pub fn is_scarce(self, opened: &impl AsRawFd) -> bool {
        self.is_reserved(opened.as_raw_fd())
    }

    fn is_reserved(self, number: RawFd) -> bool {
        u64::try_from(number).is_ok_and(|number| number >= self.connections())
    }
}

/// Gives this process, a function's between its fork and its exec, what functions have on AWS.
///
/// # Errors
/// The operating system refused.
pub fn as_a_function() -> std::io::Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let current = Some(maximum.unwrap_or(u64::MAX).min(OF_A_FUNCTION));
    Ok(setrlimit(Resource::Nofile, Rlimit { current, maximum })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_places_are_kept_from_connections() {
        let few = OpenFiles { limit: 256 };
        assert_eq!((few.is_reserved(191), few.is_reserved(192)), (false, true));
        let many = OpenFiles { limit: 20_000 };
        assert_eq!((many.is_reserved(19_743), many.is_reserved(19_744)), (false, true));
        assert!(!OpenFiles { limit: u64::MAX }.is_reserved(RawFd::MAX));
    }
}
