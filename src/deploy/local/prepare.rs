//! The first half of a deployment: everything that changes nothing. Takes the lock, builds what is
//! out of date, finds what runs, and plans.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::Addresses;
use super::host::{self, Found};
use super::lock::DeployLock;
use super::port::PortChoice;
use crate::config::Project;
use crate::deploy::plan::{self, Action, Change, Deployed, Kind, Plan};
use crate::deploy::record::{self, Builds, FunctionsBuild, SiteRecord};
use crate::deploy::site::{self, SiteFile};
use crate::deploy::{DeployError, Event, OnEvent, build};
use crate::local::state::{Deployment, StateDir, StateError};
use crate::package::fingerprint::hex;
use crate::package::{Part, frontend, functions};
use crate::stack::{BucketPurpose, Settings, Stack};
use crate::whole;

/// What is to be deployed, and where.
#[derive(Debug, Clone)]
pub struct Request {
    /// The project.
    pub project: Project,
    /// The stage's state folder.
    pub state: StateDir,
    /// The stage's port.
    pub port: PortChoice,
    /// Logical names of tables whose rows may be lost.
    pub allow_data_loss: Vec<String>,
    /// Whether compilers may colour what they say.
    pub colour: bool,
}

/// A deployment that is planned and has changed nothing yet. Holds the stage's lock.
#[derive(Debug)]
pub struct Prepared {
    pub(super) state: StateDir,
    pub(super) stack: Stack,
    pub(super) next: Deployment,
    pub(super) previous: Option<Stack>,
    pub(super) site: Vec<SiteFile>,
    pub(super) published: SiteRecord,
    pub(super) found: Found,
    pub(super) port: u16,
    /// Why the host that runs must be replaced.
    pub(super) misfit: Option<String>,
    pub(super) plan: Plan,
    _lock: DeployLock,
}

impl Prepared {
    /// What will change.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

/// Builds and plans.
///
/// # Errors
/// The project is wrong, a build fails, the stage is busy, its port taken, or data would be lost that
/// nobody allowed to be lost. Nothing on the stage has changed then.
pub async fn prepare(request: Request, on_event: OnEvent<'_>) -> Result<Prepared, DeployError> {
    let Request { project, state, port, allow_data_loss, colour } = request;
    let stack = project.stack()?;
    let lock = DeployLock::take(&state)?;
    let found = host::find(&state).await;
    let running = match &found {
        Found::Running(running) => Some(running),
        Found::Stopped | Found::Stuck(_) => None,
    };
    let port = port.resolve(&found, &state)?;
    let misfit = running.and_then(|running| host::misfit(running, port));
    let code_sha256 = build_parts(&project.root, &state, colour, on_event).await?;
    let deployed = match running {
        Some(running) => running.status.deployment.clone(),
        None => remembered(&state, on_event)?,
    };
    // One that this version can no longer read is brought up anew; its tables stay as they are.
    let previous = deployed.as_ref().and_then(|deployed| deployed.stack().ok());
    check_allowed(&allow_data_loss, &stack, previous.as_ref())?;
    let published = record::site(state.path());
    let site = site_files(&project.root, port, &published)?;
    let changes = host_change(&found, misfit.as_deref(), port);
    let mut plan = Plan { changes, monthly_usd: None };
    let before = previous.as_ref().zip(deployed.as_ref());
    let before = before.map(|(stack, deployed)| Deployed { stack, code: &deployed.code_sha256 });
    plan.changes.extend(plan::changes(before, Deployed { stack: &stack, code: &code_sha256 }));
    if previous.is_none() && state.tables().is_file() {
        tell_of_kept_rows(&mut plan);
    }
    if let Some(bucket) = stack.bucket(BucketPurpose::Site) {
        plan.changes.extend(site::changes(&bucket.physical, &site, &published));
    }
    on_event(Event::Planned { plan: plan.clone() });
    let at_stake = plan.at_stake(&allow_data_loss);
    if !at_stake.is_empty() {
        return Err(DeployError::DataLoss { at_stake });
    }
    let next = Deployment {
        project: project.config.project.clone(),
        stage: stack.name.stage.clone(),
        manifest: project.manifest.clone(),
        code_sha256,
        deployed_at: 0,
    };
    Ok(Prepared {
        state,
        stack,
        next,
        previous,
        site,
        published,
        found,
        port,
        misfit,
        plan,
        _lock: lock,
    })
}

/// Nobody remembers which tables there were, only that they were kept.
fn tell_of_kept_rows(plan: &mut Plan) {
    let added = |change: &&mut Change| (change.action, change.kind) == (Action::Add, Kind::Table);
    for change in plan.changes.iter_mut().filter(added) {
        change.detail = "with the rows that were kept, if it had any".to_owned();
    }
}

/// A name that is no table's would allow nothing, and whoever gave it thinks otherwise.
fn check_allowed(
    allowed: &[String],
    stack: &Stack,
    previous: Option<&Stack>,
) -> Result<(), DeployError> {
    let tables = || stack.tables.iter().chain(previous.iter().flat_map(|stack| &stack.tables));
    match allowed.iter().find(|name| !tables().any(|table| table.logical == **name)) {
        None => Ok(()),
        Some(name) => {
            let known: BTreeSet<String> = tables().map(|table| table.logical.clone()).collect();
            Err(DeployError::NoTable { name: name.clone(), known: known.into_iter().collect() })
        }
    }
}

/// What was deployed last. A record that is damaged is none: the tables are not in it.
fn remembered(state: &StateDir, on_event: OnEvent<'_>) -> Result<Option<Deployment>, DeployError> {
    match state.deployment() {
        Err(error @ StateError::Damaged { .. }) => {
            let message = format!("{error}; everything is brought up anew, the tables as they are");
            on_event(Event::Warning { message });
            Ok(None)
        }
        other => Ok(other?),
    }
}

fn host_change(found: &Found, misfit: Option<&str>, port: u16) -> Vec<Change> {
    let (action, detail) = match (found, misfit) {
        (Found::Running(_), None) => return Vec::new(),
        (Found::Running(_), Some(misfit)) => (Action::Replace, misfit.to_owned()),
        (Found::Stuck(_), _) => (Action::Replace, "the one that runs does not answer".to_owned()),
        (Found::Stopped, _) => (Action::Add, format!("port {port}")),
    };
    vec![Change { action, kind: Kind::Host, name: "local".to_owned(), detail, loses_data: false }]
}

/// Builds what is out of date; returns the hash of the functions' binary, which lies in the state
/// folder then.
async fn build_parts(
    root: &Path,
    state: &StateDir,
    colour: bool,
    on_event: OnEvent<'_>,
) -> Result<String, DeployError> {
    let mut builds = record::builds(state.path());
    let sha256 = build_functions(root, state, &mut builds, colour, on_event).await?;
    if frontend::exists(root) {
        build::frontend(root, on_event).await?;
    }
    Ok(sha256)
}

async fn build_functions(
    root: &Path,
    state: &StateDir,
    builds: &mut Builds,
    colour: bool,
    on_event: OnEvent<'_>,
) -> Result<String, DeployError> {
    let inputs = functions::fingerprint(root);
    if let Some(built) = &builds.functions
        && built.inputs == inputs
        && length(&state.bootstrap(&built.sha256)) == Some(built.bytes)
    {
        on_event(Event::BuildSkipped { part: Part::Functions });
        return Ok(built.sha256.clone());
    }
    let binary = build::functions(root, colour, on_event).await?;
    let bytes = std::fs::read(&binary).map_err(DeployError::io(binary.display().to_string()))?;
    let sha256 = hex(&Sha256::digest(&bytes));
    let kept = state.bootstrap(&sha256);
    keep(&kept, &bytes).map_err(DeployError::io(kept.display().to_string()))?;
    let bytes = bytes.len() as u64;
    builds.functions = Some(FunctionsBuild { inputs, sha256: sha256.clone(), bytes });
    record::set_builds(state.path(), builds)?;
    Ok(sha256)
}

fn length(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|data| data.len())
}

/// Puts a program where the host runs it from, unless it is there already.
fn keep(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if length(path) == Some(bytes.len() as u64) && std::fs::read(path)? == bytes {
        return Ok(());
    }
    std::fs::create_dir_all(path.parent().unwrap_or(path))?;
    whole::replace(path, whole::PROGRAM, |file| file.write_all(bytes))
}

pub(super) fn site_files(
    root: &Path,
    port: u16,
    published: &SiteRecord,
) -> Result<Vec<SiteFile>, DeployError> {
    if !frontend::exists(root) {
        return Ok(Vec::new());
    }
    let Addresses { stage, region, web_socket_url, .. } = Addresses::local(port);
    let voice = json!({"transport": Settings::local().voice.transport.as_str()});
    let config = json!({
        "stage": stage,
        "region": region,
        "webSocketUrl": web_socket_url,
        "voice": voice,
    });
    site::files(&frontend::output(root), format!("{config:#}\n").into_bytes(), published)
}
