//! The stage's port: which one, whether it is free, and whose it is where it is not.

use std::io::ErrorKind;
use std::net::TcpListener;

use super::host::Found;
use crate::deploy::DeployError;
use crate::local::state::StateDir;

/// The port where nobody chose one.
pub const DEFAULT_PORT: u16 = 4510;

/// Which port the stage is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortChoice {
    /// This one.
    Named(u16),
    /// Any that is free.
    Any,
    /// The one it has, or else the default.
    Unchanged,
}

impl PortChoice {
    /// The port, given what is found on the stage: its own host does not stand in its way.
    pub(super) fn resolve(self, found: &Found, state: &StateDir) -> Result<u16, DeployError> {
        let (own, stuck) = match found {
            Found::Running(running) => (Some(running.record.port), None),
            Found::Stuck(pid) => (state.host().ok().flatten().map(|record| record.port), *pid),
            Found::Stopped => (None, None),
        };
        self.choose(own, stuck)
    }

    fn choose(self, own: Option<u16>, stuck: Option<u32>) -> Result<u16, DeployError> {
        let port = match (self, own) {
            (Self::Named(port), Some(own)) if port == own => return Ok(port),
            (Self::Any | Self::Unchanged, Some(own)) => return Ok(own),
            (Self::Named(port), _) => port,
            (Self::Unchanged, None) => DEFAULT_PORT,
            (Self::Any, None) => 0,
        };
        match free(port) {
            Err(DeployError::PortTaken { .. }) if stuck.is_some() && listener(port) == stuck => {
                Ok(port)
            }
            other => other,
        }
    }
}

/// Checks that a port can be listened on; 0 finds one.
fn free(port: u16) -> Result<u16, DeployError> {
    let bound = TcpListener::bind(("127.0.0.1", port)).and_then(|listener| listener.local_addr());
    match bound {
        Ok(address) => Ok(address.port()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(DeployError::PortTaken {
            port,
            owner: listener(port).map(|pid| format!("pid {pid} ({})", command(pid))),
        }),
        Err(source) => Err(DeployError::Io { what: format!("port {port}"), source }),
    }
}

/// Whether a port can be listened on, and who listens on it where known.
///
/// # Errors
/// The port is taken or may not be used.
pub fn check(port: u16) -> Result<(), DeployError> {
    free(port).map(drop)
}

/// The process that listens on a port, as `/proc` tells it; other systems do not.
fn listener(port: u16) -> Option<u32> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .flat_map(|table| {
            table.lines().filter_map(|line| listener_inode(line, port)).collect::<Vec<_>>()
        })
        .collect();
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.into_iter().find(|pid| holds_any(*pid, &inodes))
}

/// The socket's inode in a line of `/proc/net/tcp`, if it listens (state 0A) on the port.
fn listener_inode(line: &str, port: u16) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    let is_it = *state == "0A" && local.ends_with(&format!(":{port:04X}"));
    is_it.then(|| format!("socket:[{inode}]"))
}

fn holds_any(pid: u32, inodes: &[String]) -> bool {
    let Ok(files) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    let links = files.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
    links.into_iter().any(|link| inodes.iter().any(|inode| link.as_os_str() == inode.as_str()))
}

fn command(pid: u32) -> String {
    let raw = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = String::from_utf8_lossy(&raw).replace('\0', " ");
    let words = words.trim();
    if words.chars().count() > 60 {
        words.chars().take(59).chain(['…']).collect()
    } else {
        words.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_its_owner() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let Err(DeployError::PortTaken { owner, .. }) = check(port) else {
            panic!("port {port} is free")
        };
        if cfg!(target_os = "linux") {
            assert!(owner.unwrap().starts_with(&format!("pid {}", std::process::id())));
        }
    }

    #[test]
    fn a_running_host_keeps_its_port_unless_another_is_named() {
        assert_eq!(PortChoice::Unchanged.choose(Some(4711), None).unwrap(), 4711);
        assert_eq!(PortChoice::Any.choose(Some(4711), None).unwrap(), 4711);
        assert_eq!(PortChoice::Named(4711).choose(Some(4711), None).unwrap(), 4711);
        let free = PortChoice::Any.choose(None, None).unwrap();
        assert_eq!(PortChoice::Named(free).choose(Some(4711), None).unwrap(), free);
    }

    #[test]
    fn a_host_that_does_not_answer_is_no_obstacle_to_its_own_stage() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(PortChoice::Named(port).choose(None, Some(1)).is_err());
        if cfg!(target_os = "linux") {
            assert_eq!(
                PortChoice::Named(port).choose(None, Some(std::process::id())).unwrap(),
                port
            );
        }
    }
}
