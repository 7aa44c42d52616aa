//! The web app alone, to a stage that runs: what it is served with stays as it is.

use super::host::{self, Found};
use super::lock::DeployLock;
use super::prepare::site_files;
use super::{Addresses, Outcome, cloud};
use crate::aws::Bucket;
use crate::config::Project;
use crate::deploy::plan::Plan;
use crate::deploy::{DeployError, Event, OnEvent, build, record, site};
use crate::local::state::StateDir;
use crate::package::frontend;
use crate::stack::BucketPurpose;

/// Builds the web app where it is out of date, and publishes what changed.
///
/// # Errors
/// The stage does not run or is busy, the project has no web app, or the build fails.
pub async fn publish(
    project: &Project,
    state: &StateDir,
    on_event: OnEvent<'_>,
) -> Result<Outcome, DeployError> {
    let _lock = DeployLock::take(state)?;
    let nothing = || DeployError::NoStack { stack: "local".to_owned() };
    let Found::Running(running) = host::find(state).await else { return Err(nothing()) };
    let deployed = running.status.deployment.as_ref().and_then(|one| one.stack().ok());
    let deployed = deployed.ok_or_else(nothing)?;
    let Some(bucket) = deployed.bucket(BucketPurpose::Site) else { return Err(nothing()) };
    if !frontend::exists(&project.root) {
        return Err(DeployError::NoFrontend);
    }
    build::frontend(&project.root, on_event).await?;
    let published = record::site(state.path());
    let files = site_files(&project.root, running.record.port, &published)?;
    let changes = site::changes(&bucket.physical, &files, &published);
    let outcome =
        Outcome { changed: !changes.is_empty(), addresses: Addresses::local(running.record.port) };
    on_event(Event::Planned { plan: Plan { changes, monthly_usd: None } });
    if outcome.changed {
        let bucket = Bucket::new(&cloud(state, &running.record, None)?, &bucket.physical);
        let published = site::publish(&bucket, files, &published, &|_| false, on_event).await?;
        record::set_site(state.path(), &published)?;
    }
    Ok(outcome)
}
