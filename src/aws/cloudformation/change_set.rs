//! Change sets: made, read, executed, dropped.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{Capability, Change, ChangeSetType, ResourceChangeDetail};

use super::{CloudFormation, is_missing, tags, text};
use crate::aws::{AwsError, failure};
use crate::cloudformation::change_set::{
    Action, ChangeSet, PropertyChange, Replacement, ResourceChange,
};

/// Whether a change set makes a stack or changes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackChoice {
    /// It makes one.
    New,
    /// It changes one.
    Existing,
}

/// Where the template of a change set is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source<'a> {
    /// Here; at most 51,200 bytes.
    Body(&'a str),
    /// In S3, at this URL; at most 1 MB.
    Url(&'a str),
}

/// A change set to be made.
#[derive(Debug, Clone)]
pub struct NewChangeSet<'a> {
    /// The stack's name.
    pub stack: &'a str,
    /// The change set's name.
    pub name: &'a str,
    /// Whether the stack is there already.
    pub choice: StackChoice,
    /// The template.
    pub source: Source<'a>,
    /// The stack's tags, which its resources get too.
    pub tags: &'a BTreeMap<String, String>,
}

/// Names a change set that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSetId {
    /// Its ARN.
    pub id: String,
    /// The ARN of its stack.
    pub stack: String,
}

/// A change set as the service describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSetState {
    /// Its status, such as `CREATE_COMPLETE`.
    pub status: String,
    /// Why it has that status.
    pub reason: Option<String>,
    /// What it would change.
    pub changes: ChangeSet,
}

impl CloudFormation {
    /// Makes a change set. It is ready some time later, as [`CloudFormation::change_set`] tells. What is
    /// there already under a name in the template, and is to be retained, is taken over: a table that an
    /// earlier template or stack left behind.
    ///
    /// # Errors
    /// The template is refused, the stack busy, or the service does not answer.
    pub async fn create_change_set(&self, new: &NewChangeSet<'_>) -> Result<ChangeSetId, AwsError> {
        let NewChangeSet { stack, name, choice, source, tags: given } = *new;
        let kind = match choice {
            StackChoice::New => ChangeSetType::Create,
            StackChoice::Existing => ChangeSetType::Update,
        };
        let request = self
            .0
            .create_change_set()
            .stack_name(stack)
            .change_set_name(name)
            .change_set_type(kind)
            .capabilities(Capability::CapabilityIam)
            .capabilities(Capability::CapabilityNamedIam)
            .import_existing_resources(true)
            .set_tags(Some(tags(given)));
        let request = match source {
            Source::Body(body) => request.template_body(body),
            Source::Url(url) => request.template_url(url),
        };
        let made = request.send().await.map_err(failure("cloudformation:CreateChangeSet"))?;
        Ok(ChangeSetId { id: text(made.id()), stack: text(made.stack_id()) })
    }

    /// A change set; none if there is no such one.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn change_set(&self, id: &str) -> Result<Option<ChangeSetState>, AwsError> {
        let (mut set, mut next): (Option<ChangeSetState>, _) = (None, None);
        loop {
            let asked = self.0.describe_change_set().change_set_name(id).set_next_token(next);
            let page = match asked.send().await {
                Ok(page) => page,
                Err(error) => {
                    let error = failure("cloudformation:DescribeChangeSet")(error);
                    return if is_missing(&error) { Ok(None) } else { Err(error) };
                }
            };
            next = page.next_token().map(str::to_owned);
            let page = change_set(&page);
            match &mut set {
                Some(set) => set.changes.changes.extend(page.changes.changes),
                None => set = Some(page),
            }
            if next.is_none() {
                return Ok(set);
            }
        }
    }

    /// Names of the change sets of a stack that begin with a prefix.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn change_sets(&self, stack: &str, prefix: &str) -> Result<Vec<String>, AwsError> {
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let asked = self.0.list_change_sets().stack_name(stack).set_next_token(next);
            let page = match asked.send().await {
                Ok(page) => page,
                Err(error) => {
                    let error = failure("cloudformation:ListChangeSets")(error);
                    return if is_missing(&error) { Ok(all) } else { Err(error) };
                }
            };
            let ours = page
                .summaries()
                .iter()
                .filter(|one| one.change_set_name().is_some_and(|name| name.starts_with(prefix)));
            all.extend(ours.filter_map(|one| one.change_set_id().map(str::to_owned)));
            next = page.next_token;
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    /// Begins to execute a change set. A failure rolls the stack back.
    ///
    /// # Errors
    /// The stack is busy, the change set obsolete, or the service does not answer.
    pub async fn execute(&self, id: &str, token: &str) -> Result<(), AwsError> {
        let request = self.0.execute_change_set().change_set_name(id).client_request_token(token);
        let sent = request.disable_rollback(false).send().await;
        sent.map(drop).map_err(failure("cloudformation:ExecuteChangeSet"))
    }

    /// Drops a change set; one that is not there is dropped already.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn drop_change_set(&self, id: &str) -> Result<(), AwsError> {
        let sent = self.0.delete_change_set().change_set_name(id).send().await;
        match sent.map_err(failure("cloudformation:DeleteChangeSet")) {
            Err(error) if !is_missing(&error) => Err(error),
            _ => Ok(()),
        }
    }
}

fn change_set(page: &DescribeChangeSetOutput) -> ChangeSetState {
    let changes = page.changes().iter().filter_map(resource).collect();
    ChangeSetState {
        status: page.status().map(|s| s.as_str().to_owned()).unwrap_or_default(),
        reason: page.status_reason().filter(|text| !text.is_empty()).map(str::to_owned),
        changes: ChangeSet { changes },
    }
}

/// What is done in words that this program does not know is taken for the most that it could be.
fn resource(change: &Change) -> Option<ResourceChange> {
    let change = change.resource_change()?;
    let action = change.action().and_then(|word| word.as_str().parse().ok());
    let replacement = change.replacement().map(|word| word.as_str().parse());
    let policy = change.policy_action().and_then(|word| word.as_str().parse().ok());
    Some(ResourceChange {
        logical_id: text(change.logical_resource_id()),
        physical_id: change.physical_resource_id().map(str::to_owned),
        kind: text(change.resource_type()),
        action: action.unwrap_or(Action::Modify),
        replacement: match replacement {
            None => Replacement::Never,
            Some(word) => word.unwrap_or(Replacement::Perhaps),
        },
        scope: change.scope().iter().map(|part| part.as_str().to_owned()).collect(),
        properties: change.details().iter().filter_map(property).collect(),
        policy_action: policy,
    })
}

fn property(detail: &ResourceChangeDetail) -> Option<PropertyChange> {
    let target = detail.target()?;
    let recreation = target.requires_recreation().map(|word| word.as_str().parse());
    Some(PropertyChange {
        name: target.name().or(target.attribute().map(|part| part.as_str()))?.to_owned(),
        recreation: match recreation {
            None => Replacement::Never,
            Some(word) => word.unwrap_or(Replacement::Perhaps),
        },
    })
}
