//! What the stage `local` needs of this machine.

use std::path::Path;

use super::Check;
use crate::context::Context;
use crate::deploy::local::port::{DEFAULT_PORT, PortChoice, check as check_port};
use crate::local::open_files::OpenFiles;

/// The room that a first build and a stage's data want, in bytes.
const ROOM: u64 = 2 * 1024 * 1024 * 1024;

/// The checks; none where there is no project to keep a state for.
pub fn checks(context: &Context) -> Vec<Check> {
    let Ok(state) = context.state() else { return Vec::new() };
    let running = context.block_on(context.reach());
    let mut checks = vec![
        port(context, matches!(running, Ok(Some(_)))),
        writable(state.path()),
        room(state.path()),
        open_files(),
    ];
    let host = running.map(|running| match running {
        Some(running) => {
            format!("pid {}, version {}, answers", running.status.pid, running.status.version)
        }
        None => "not running".to_owned(),
    });
    checks.push(Check::of("host", host));
    checks
}

fn port(context: &Context, running: bool) -> Check {
    if running {
        return Check::pass("port", "the stage has it");
    }
    let port = match context.port(None) {
        Ok(PortChoice::Named(port)) => port,
        Ok(PortChoice::Any) => return Check::pass("port", "any that is free"),
        Ok(PortChoice::Unchanged) => DEFAULT_PORT,
        Err(error) => return Check::of("port", Err(error)),
    };
    match check_port(port) {
        Ok(()) => Check::pass("port", format!("{port} is free")),
        Err(error) => Check::of("port", Err(error.into())),
    }
}

/// A folder that is not there yet is made in the nearest one that is.
fn existing(path: &Path) -> &Path {
    path.ancestors().find(|folder| folder.exists()).unwrap_or(path)
}

fn writable(state: &Path) -> Check {
    let folder = existing(state);
    let probe = folder.join(format!(".chatctl-probe-{}", std::process::id()));
    let written = std::fs::write(&probe, "").and_then(|()| std::fs::remove_file(&probe));
    match written {
        Ok(()) => Check::pass("state folder", format!("{} can be written", state.display())),
        Err(error) => {
            let mend =
                format!("make {} writable for you, or set CHATCTL_STATE_DIR", folder.display());
            Check::fail("state folder", format!("{}: {error}", folder.display()), mend)
        }
    }
}

fn room(state: &Path) -> Check {
    let stat = match rustix::fs::statvfs(existing(state)) {
        Ok(stat) => stat,
        Err(error) => {
            return Check::fail("disk", error.to_string(), "df -h shows the file systems");
        }
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let found = format!("{} MB free", free / (1024 * 1024));
    if free >= ROOM {
        Check::pass("disk", found)
    } else {
        Check::fail("disk", found, "free 2 GB, for builds and data")
    }
}

fn open_files() -> Check {
    /// A room or two of people with several tabs each.
    const FEW: u64 = 256;
    let connections = OpenFiles::attainable().connections();
    let found = format!("enough for {connections} connections at a time");
    if connections >= FEW {
        Check::pass("open files", found)
    } else {
        Check::fail("open files", found, "raise the hard limit (ulimit -Hn), then deploy again")
    }
}
