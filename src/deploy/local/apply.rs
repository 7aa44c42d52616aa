//! The second half of a deployment: everything that changes the stage.

use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;

use super::host::{self, Found, Running};
use super::prepare::Prepared;
use super::{Addresses, cloud};
use crate::aws::{Bucket, Cloud, Tables};
use crate::deploy::plan::{Action, Kind};
use crate::deploy::{DeployError, Event, OnEvent, millis, record, site};
use crate::stack::{BucketPurpose, Stack};

/// How a deployment ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Whether anything was changed.
    pub changed: bool,
    /// Where the stage is.
    pub addresses: Addresses,
}

impl Prepared {
    /// Changes what the plan says.
    ///
    /// # Errors
    /// A step failed; the next deployment goes on from there.
    pub async fn apply(mut self, on_event: OnEvent<'_>) -> Result<Outcome, DeployError> {
        let addresses = Addresses::local(self.port);
        if self.plan.is_empty() {
            return Ok(Outcome { changed: false, addresses });
        }
        let running = self.host(on_event).await?;
        let cloud = cloud(&self.state, &running.record, None)?;
        self.delete_tables(&cloud, Action::Replace, on_event).await?;
        let started = Instant::now();
        self.next.deployed_at = Timestamp::now().as_millisecond();
        running.client.deploy(&self.next).await?;
        on_event(Event::StackApplied { millis: millis(started) });
        self.delete_tables(&cloud, Action::Remove, on_event).await?;
        self.publish(&cloud, on_event).await?;
        forget_other_code(&self.state.bootstrap(&self.next.code_sha256));
        Ok(Outcome { changed: true, addresses })
    }

    /// The host that runs and fits, or a new one.
    async fn host(&mut self, on_event: OnEvent<'_>) -> Result<Running, DeployError> {
        let reason = match (&self.found, &self.misfit) {
            (Found::Running(_), None) => None,
            (_, Some(misfit)) => Some(misfit.as_str()),
            (_, None) => Some("it does not answer"),
        };
        match (reason, std::mem::replace(&mut self.found, Found::Stopped)) {
            (None, Found::Running(running)) => Ok(*running),
            (reason, found) => {
                host::stop(&self.state, &found, reason.unwrap_or_default(), on_event).await?;
                host::start(&self.state, self.port, on_event).await
            }
        }
    }

    /// Deletes the tables that the plan removes or replaces; their loss was allowed.
    async fn delete_tables(
        &self,
        cloud: &Cloud,
        action: Action,
        on_event: OnEvent<'_>,
    ) -> Result<(), DeployError> {
        let is_it = |kind, found| kind == Kind::Table && found == action;
        let gone = self.plan.changes.iter().filter(|change| is_it(change.kind, change.action));
        for change in gone {
            let old = self.previous.as_ref().and_then(|stack: &Stack| stack.table(&change.name));
            if let Some(table) = old {
                Tables::new(cloud).delete(&table.physical).await?;
                on_event(Event::TableDeleted { name: change.name.clone() });
            }
        }
        Ok(())
    }

    async fn publish(&mut self, cloud: &Cloud, on_event: OnEvent<'_>) -> Result<(), DeployError> {
        let Some(bucket) = self.stack.bucket(BucketPurpose::Site) else { return Ok(()) };
        let files = std::mem::take(&mut self.site);
        if files.is_empty() || site::changes(&bucket.physical, &files, &self.published).is_empty() {
            return Ok(());
        }
        let bucket = Bucket::new(cloud, &bucket.physical);
        let published =
            site::publish(&bucket, files, &self.published, &|_| false, on_event).await?;
        record::set_site(self.state.path(), &published)
    }
}

/// Removes the binaries of earlier deployments. A process that still runs one keeps its open file;
/// one that cannot be removed only takes room.
fn forget_other_code(current: &Path) {
    let Some(folder) = current.parent() else { return };
    let Some(all) = folder.parent().and_then(|all| std::fs::read_dir(all).ok()) else { return };
    for entry in all.flatten().filter(|entry| entry.path() != folder) {
        let _ = std::fs::remove_dir_all(entry.path());
    }
}
