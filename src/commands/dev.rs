//! `dev`: deploys, streams the logs, and deploys again whenever a file changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use notify::RecursiveMode;
use notify_debouncer_full::{DebounceEventResult, new_debouncer};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::aws::Logs;
use crate::config::{CONFIG_FILE, Project};
use crate::context::Context;
use crate::deploy::Event;
use crate::deploy::local::{Request, host, prepare};
use crate::error::{CliError, Kind};
use crate::tail::{self, Follower, Pace, Query, Tempo};
use crate::ui::LogWriter;

/// How long files must be quiet before they are built.
const QUIET: Duration = Duration::from_millis(200);

/// Run the stage in the foreground: rebuild and redeploy as files change, stream the logs
///
/// Watches functions/, templates/, frontend/ and chatctl.yaml. A build that fails is shown, and the
/// stage stays as it was. Ctrl-C ends the stage, unless it ran before.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The loopback port; 0 takes any that is free [default: 4510]
    #[arg(long, value_name = "PORT", env = "CHATCTL_PORT", hide_env_values = true)]
    port: Option<u16>,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let root = context.project()?.root.clone();
    let ran_before = context.block_on(context.reach())?.is_some();
    let ended = context.block_on(async {
        let changes = watch(&root)?;
        tokio::select! {
            result = keep_deployed(args, context, changes.receiver) => result,
            result = keep_logging(context) => result,
            () = context.ui.reader_gone() => Ok(()),
        }
    });
    context.ui.rest();
    if !ran_before {
        context.ui.note("Ending the stage; `chatctl deploy` starts it again, with its data.");
        let state = context.state()?;
        context.block_on(async {
            Ok(host::end(&state, &|event| context.ui.deploy_event(&event)).await?)
        })?;
        context.ui.rest();
    }
    ended
}

/// Changes of files, for as long as it lives.
struct Changes {
    receiver: UnboundedReceiver<PathBuf>,
}

fn watch(root: &Path) -> Result<Changes, CliError> {
    let failed = |error: notify::Error| {
        CliError::failed("watch", format!("files cannot be watched: {error}"))
    };
    let (sender, receiver) = unbounded_channel();
    let below = root.to_owned();
    let mut watcher = new_debouncer(QUIET, None, move |result: DebounceEventResult| {
        let events = result.unwrap_or_default();
        let changed =
            events.iter().filter(|event| !event.kind.is_access()).flat_map(|event| &event.paths);
        for path in changed.filter(|path| is_source(&below, path)) {
            // Nobody receives any more once the command ends.
            let _ = sender.send(path.clone());
        }
    })
    .map_err(failed)?;
    // Not the whole of frontend/: its dependencies are tens of thousands of files.
    let deep = ["functions", "templates", "frontend/src", "frontend/public"];
    let shallow = [".", "frontend"];
    for (folders, mode) in
        [(&deep[..], RecursiveMode::Recursive), (&shallow[..], RecursiveMode::NonRecursive)]
    {
        for folder in
            folders.iter().map(|folder| root.join(folder)).filter(|folder| folder.is_dir())
        {
            watcher.watch(&folder, mode).map_err(failed)?;
        }
    }
    // It ends with the process; its thread holds nothing that must be given back.
    std::mem::forget(watcher);
    Ok(Changes { receiver })
}

/// A path as people know it who work at the root.
fn from_root<'a>(root: &Path, path: &'a Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}

/// Outputs of builds are no sources. Only folders below the root count: it may lie anywhere itself.
fn is_source(root: &Path, path: &Path) -> bool {
    const OUTPUTS: [&str; 5] = ["dist", "node_modules", "target", ".chatctl", ".git"];
    !from_root(root, path)
        .components()
        .any(|part| OUTPUTS.iter().any(|output| part.as_os_str() == *output))
}

/// Deploys now and after every change; what fails is shown and waits for the next change.
async fn keep_deployed(
    args: &Args,
    context: &Context,
    mut changes: UnboundedReceiver<PathBuf>,
) -> Result<(), CliError> {
    loop {
        match deploy(args, context).await {
            Ok(site) => context.ui.note(&format!("Up: {site}  (Ctrl-C ends it)")),
            // These no change of a file can mend.
            Err(error) if error.kind == Kind::Busy || error.code == "port-taken" => {
                return Err(error);
            }
            Err(error) => context.ui.report(&error),
        }
        let Some(path) = changes.recv().await else { return Ok(()) };
        while changes.try_recv().is_ok() {}
        let shown: PathBuf = from_root(&context.project()?.root, &path).components().collect();
        context.ui.note(&format!("{} changed", shown.display()));
    }
}

async fn deploy(args: &Args, context: &Context) -> Result<String, CliError> {
    let project = fresh_project(context)?;
    let request = Request {
        project,
        state: context.state()?,
        port: context.port(args.port)?,
        allow_data_loss: Vec::new(),
        colour: context.ui.colours_stderr(),
    };
    let on_event = |event: Event| context.ui.deploy_event(&event);
    let deployed = async { prepare(request, &on_event).await?.apply(&on_event).await }.await;
    context.ui.rest();
    Ok(deployed?.addresses.site_url)
}

/// The project as its files are now.
fn fresh_project(context: &Context) -> Result<Project, CliError> {
    let root = &context.project()?.root;
    let file = root.join(CONFIG_FILE);
    Ok(if file.is_file() { Project::of_config(&file)? } else { Project::find(root)? })
}

/// Streams the logs whenever there is a stage to stream from.
async fn keep_logging(context: &Context) -> Result<(), CliError> {
    let mut from = Timestamp::now().as_millisecond();
    let mut writer = LogWriter::new(&context.ui);
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let Some(running) = context.reach().await? else { continue };
        let Ok(stack) = context.deployed(&running) else { continue };
        let logs = Logs::new(&context.cloud(&running)?);
        let (groups, query) = (tail::groups(&stack), Query { from, ..Query::default() });
        let pace = Arc::new(Pace::default());
        let follower = Follower::new(&logs, &pace, groups, query, Tempo::LOCAL);
        let followed = follower.run(|lines| {
            let newest = lines.iter().map(|line| line.event.timestamp_ms).max();
            from = from.max(newest.map_or(from, |newest| newest + 1));
            writer.lines(lines)
        });
        match followed.await {
            Err(error) if error.code == "aws" => context.ui.detail(&error.message),
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_of_builds_start_no_build() {
        for root in ["/p", "/home/me/dist", "/target/node_modules/p"].map(Path::new) {
            let is_source = |below: &str| is_source(root, &root.join(below));
            assert!(is_source("functions/domain/src/lib.rs"), "{}", root.display());
            assert!(is_source("frontend/index.html"));
            assert!(is_source("./chatctl.yaml"));
            assert!(!is_source("frontend/dist/index.html"));
            assert!(!is_source(".chatctl/local/builds.json"));
        }
    }
}
