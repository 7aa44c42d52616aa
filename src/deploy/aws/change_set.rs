//! Has CloudFormation say what a template would change: a change set is made, waited for, read, and
//! dropped where it would change nothing.

use bytes::Bytes;
use ulid::Ulid;

use super::artifacts::Artifacts;
use super::pace::Pace;
use super::{Cause, Stage};
use crate::aws::{
    ChangeSetId, CloudFormation, NewChangeSet, Source, StackChoice, Tables, Validated,
};
use crate::cloudformation::change_set::{Action, ChangeSet};
use crate::cloudformation::{MOST_INLINE_BYTES, logical_id};
use crate::deploy::{DeployError, OnEvent};
use crate::stack::Table;

/// What the names of chatctl's change sets begin with.
pub(super) const CHANGE_SETS: &str = "chatctl-";

/// The change sets of a stage's stack.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChangeSets<'a> {
    /// The stage.
    pub(super) stage: &'a Stage,
    /// CloudFormation.
    pub(super) service: &'a CloudFormation,
    /// Where templates go that do not fit into a request.
    pub(super) artifacts: &'a Artifacts,
}

impl ChangeSets<'_> {
    /// What a template would change in the stack that is there; none if nothing.
    pub(super) async fn ask(
        &self,
        template: &str,
        on_event: OnEvent<'_>,
    ) -> Result<Option<(ChangeSetId, ChangeSet)>, DeployError> {
        let id = self.create(template, StackChoice::Existing, on_event).await?;
        match self.wait(&id).await? {
            Some(changes) => Ok(Some((id, changes))),
            None => {
                self.service.drop_change_set(&id.id).await?;
                Ok(None)
            }
        }
    }

    /// Makes a change set; a template that does not fit into the request goes through the bucket.
    pub(super) async fn create(
        &self,
        template: &str,
        choice: StackChoice,
        on_event: OnEvent<'_>,
    ) -> Result<ChangeSetId, DeployError> {
        let Self { stage, service, artifacts } = self;
        let key = artifacts.template_key(template);
        let url = artifacts.url(&key);
        let source = if template.len() <= MOST_INLINE_BYTES {
            Source::Body(template)
        } else {
            artifacts.ensure(stage, on_event).await?;
            let body = Bytes::copy_from_slice(template.as_bytes());
            artifacts.put(&key, "application/json", body, on_event).await?;
            Source::Url(&url)
        };
        let new = NewChangeSet {
            stack: &stage.stack_name(),
            name: &format!("{CHANGE_SETS}{}", Ulid::new()),
            choice,
            source,
            tags: &stage.tags(),
        };
        Ok(service.create_change_set(&new).await?)
    }

    /// Waits until a change set is ready; none if it would change nothing.
    pub(super) async fn wait(&self, id: &ChangeSetId) -> Result<Option<ChangeSet>, DeployError> {
        let mut pace = Pace::new();
        loop {
            let Some(set) = self.service.change_set(&id.id).await? else {
                return Err(DeployError::Refused {
                    reason: "the change set is gone".to_owned(),
                    findings: Vec::new(),
                });
            };
            let reason = set.reason.unwrap_or_default();
            match set.status.as_str() {
                "CREATE_COMPLETE" => {
                    self.check_imports(id, &set.changes).await?;
                    return Ok(Some(set.changes));
                }
                "FAILED" if is_no_change(&reason) => return Ok(None),
                "FAILED" => return Err(self.refused(id, reason).await),
                _ => pace.wait().await,
            }
        }
    }

    /// CloudFormation takes a table over without a look at its key.
    async fn check_imports(&self, id: &ChangeSetId, set: &ChangeSet) -> Result<(), DeployError> {
        let imports: Vec<_> =
            set.changes.iter().filter(|one| one.action == Action::Import).collect();
        let stack = self.stage.stack()?;
        let is_taken =
            |table: &&Table| imports.iter().any(|one| one.logical_id == logical_id(&table.logical));
        let tables = Tables::new(&self.stage.cloud);
        for table in stack.tables.iter().filter(is_taken) {
            let there = tables.state(&table.physical).await?.map(|state| state.key);
            let wanted: Vec<_> = std::iter::once(&table.partition).chain(&table.sort).collect();
            if let Some(there) = there.filter(|there| there.iter().ne(wanted.iter().copied())) {
                self.service.drop_change_set(&id.id).await?;
                let wanted = wanted.into_iter().cloned().collect::<Vec<_>>();
                let (there, wanted) = (there.join(", "), wanted.join(", "));
                return Err(DeployError::OtherKey { table: table.physical.clone(), there, wanted });
            }
        }
        Ok(())
    }

    /// A change set that CloudFormation refused, with what early validation found, and without the
    /// change set.
    async fn refused(&self, id: &ChangeSetId, reason: String) -> DeployError {
        // An account or an emulator without the call has only the reason to tell.
        let findings =
            self.service.findings(Validated::ChangeSet(&id.id)).await.unwrap_or_default();
        let findings = findings.iter().map(Cause::found).collect();
        // One that cannot be dropped now goes with the next deployment.
        let _ = self.service.drop_change_set(&id.id).await;
        DeployError::Refused { reason, findings }
    }
}

/// AWS has two wordings for it.
fn is_no_change(reason: &str) -> bool {
    reason.starts_with("The submitted information didn't contain changes")
        || reason.starts_with("No updates are to be performed")
}
