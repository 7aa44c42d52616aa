//! Removes a stage from AWS: the stack, then what no template owns. Every step looks at what is there,
//! so an interrupted teardown goes on where it stopped, and a second one finds nothing to do.

use futures_util::future::{try_join_all, try_join3};
use ulid::Ulid;

use super::artifacts::Artifacts;
use super::follow::{Followed, Watch, follow};
use super::inventory::{self, Item, is_log_group, log_prefix};
use super::pace::Pace;
use super::prepare::Found;
use super::status::{Condition, End, Meant, Operation};
use super::{Stage, apply};
use crate::aws::{
    Bucket, Channels, CloudFormation, Deletion, Logs, Parameters, Resource, StackDescription,
    Tables,
};
use crate::deploy::{DeployError, Event, OnEvent};

/// What becomes of the tables, and of the secret with which their sessions were signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// They go.
    Remove,
    /// They stay.
    Keep,
}

/// Removes a stage and returns what is left of it, which should be nothing.
///
/// # Errors
/// Another operation goes on with the stack, it cannot be deleted, or a service refused.
pub async fn teardown(
    stage: &Stage,
    data: Data,
    on_event: OnEvent<'_>,
) -> Result<Vec<Item>, DeployError> {
    let service = CloudFormation::new(&stage.cloud);
    let found = Found::look(stage, &service).await?;
    let mut let_go = Vec::new();
    if let Some(stack) = found.stack {
        if data == Data::Keep {
            keep_tables(stage, &service, &stack).await?;
        }
        let_go = delete_stack(stage, &service, &stack, found.condition, on_event).await?;
        on_event(Event::Removed { what: format!("the stack {}", stage.stack_name()) });
    }
    let tables =
        async { if data == Data::Remove { remove_tables(stage, on_event).await } else { Ok(()) } };
    try_join3(tables, sweep(stage, data, on_event), remove_buckets(stage, on_event)).await?;
    // Copies of what can be made again.
    let _ = std::fs::remove_dir_all(stage.folder());
    let mut left = inventory::inventory(stage, data).await?;
    left.extend(let_go.iter().filter_map(Item::let_go));
    Ok(left)
}

/// Tables that would go with the stack are kept only by their own protection.
async fn keep_tables(
    stage: &Stage,
    service: &CloudFormation,
    stack: &StackDescription,
) -> Result<(), DeployError> {
    let template = service.template(&stack.id).await?.unwrap_or_default();
    let retained = crate::cloudformation::Template::parse(&template).is_ok_and(|template| {
        let mut tables =
            template.resources.values().filter(|one| one.kind == "AWS::DynamoDB::Table");
        tables.all(|one| one.deletion_policy.as_deref().is_some_and(|p| p.starts_with("Retain")))
    });
    if retained { Ok(()) } else { Err(DeployError::WouldNotKeep { stage: stage.name.clone() }) }
}

/// Deletes a stage's stack, whatever state it is in, and waits until it is gone. Returns what it let go
/// of, because that could not be deleted with it.
pub(super) async fn delete_stack(
    stage: &Stage,
    service: &CloudFormation,
    stack: &StackDescription,
    condition: Condition,
    on_event: OnEvent<'_>,
) -> Result<Vec<Resource>, DeployError> {
    match condition {
        Condition::Absent => return Ok(Vec::new()),
        Condition::Busy(Operation::Delete) => {
            on_event(Event::StackStarted { stack: stage.stack_name() });
            let watch = Watch { stack: stack.id.clone(), token: None, meant: Meant::Gone };
            if follow(service, watch, on_event).await?.end == End::Done {
                return Ok(Vec::new());
            }
        }
        Condition::Busy(operation) => {
            return Err(DeployError::StackBusy { stack: stage.stack_name(), operation });
        }
        _ => {}
    }
    if stack.protected {
        service.protect(&stack.id, false).await?;
    }
    // CloudFormation deletes no bucket that has anything in it.
    if let Some(site) = stage.site_bucket() {
        Bucket::new(&stage.cloud, &site).empty("").await?;
    }
    let first = delete(stage, service, &stack.id, Deletion::Ordinary, on_event).await?;
    if first.end == End::Done {
        return Ok(Vec::new());
    }
    let mut failed = service.resources(&stack.id).await?;
    failed.retain(|one| one.status == "DELETE_FAILED");
    if failed.is_empty() {
        return apply::check(stage, first).map(|()| failed);
    }
    let without: Vec<String> = failed.iter().map(|one| one.logical.clone()).collect();
    let second = delete(stage, service, &stack.id, Deletion::Without(&without), on_event).await?;
    apply::check(stage, second).map(|()| failed)
}

async fn delete(
    stage: &Stage,
    service: &CloudFormation,
    id: &str,
    deletion: Deletion<'_>,
    on_event: OnEvent<'_>,
) -> Result<Followed, DeployError> {
    let token = Ulid::new().to_string();
    service.delete(id, &token, deletion).await?;
    on_event(Event::StackStarted { stack: stage.stack_name() });
    let watch = Watch { stack: id.to_owned(), token: Some(token), meant: Meant::Gone };
    follow(service, watch, on_event).await
}

/// Tables that outlived their stack.
async fn remove_tables(stage: &Stage, on_event: OnEvent<'_>) -> Result<(), DeployError> {
    let tables = Tables::new(&stage.cloud);
    let names = tables.named(&stage.prefix()).await?;
    let own = names.iter().filter(|name| stage.owns(name));
    try_join_all(own.map(|name| remove_table(&tables, name, on_event))).await.map(drop)
}

async fn remove_table(
    tables: &Tables,
    name: &str,
    on_event: OnEvent<'_>,
) -> Result<(), DeployError> {
    let mut pace = Pace::new();
    let (mut unprotected, mut deleted) = (false, false);
    while let Some(state) = tables.state(name).await? {
        if state.status != "ACTIVE" || deleted {
            pace.wait().await;
            continue;
        }
        let step =
            if unprotected { tables.delete(name).await } else { tables.unprotect(name).await };
        match step {
            Ok(()) => (unprotected, deleted) = (true, unprotected),
            // DynamoDB is busy with the table, and its status does not say so yet.
            Err(error) if error.is_in_use() => pace.wait().await,
            Err(error) => return Err(error.into()),
        }
    }
    on_event(Event::Removed { what: format!("the table {name}") });
    Ok(())
}

/// Signaling channels, secrets, and log groups that somebody made beside the stack.
async fn sweep(stage: &Stage, data: Data, on_event: OnEvent<'_>) -> Result<(), DeployError> {
    // The functions that make channels are gone by now.
    for channel in inventory::channels(stage).await? {
        Channels::new(&stage.cloud).delete(&channel.arn).await?;
        on_event(Event::Removed { what: format!("the signaling channel {}", channel.name) });
    }
    let logs = Logs::new(&stage.cloud);
    let groups = logs.groups_named(&log_prefix(stage)).await?;
    for group in groups.into_iter().filter(|group| is_log_group(stage, group)) {
        logs.delete_group(&group).await?;
        on_event(Event::Removed { what: format!("the log group {group}") });
    }
    if data == Data::Keep {
        return Ok(());
    }
    let parameters = Parameters::new(&stage.cloud);
    let names = parameters.below(&stage.parameter_path()).await?;
    parameters.delete(&names).await?;
    for name in names {
        on_event(Event::Removed { what: format!("the parameter {name}") });
    }
    Ok(())
}

/// The site's bucket where it outlived the stack, the stage's artifacts, and their bucket with the
/// last stage in it.
async fn remove_buckets(stage: &Stage, on_event: OnEvent<'_>) -> Result<(), DeployError> {
    if let Some(name) = stage.site_bucket() {
        let site = Bucket::new(&stage.cloud, &name);
        if site.exists(&stage.account).await? {
            site.empty("").await?;
            site.remove_bucket().await?;
            on_event(Event::Removed { what: format!("the bucket {name}") });
        }
    }
    let artifacts = Artifacts::of(stage);
    let bucket = artifacts.bucket();
    if !bucket.exists(&stage.account).await? {
        return Ok(());
    }
    if bucket.empty(&artifacts.folder()).await? > 0 {
        on_event(Event::Removed { what: format!("the artifacts of {}", stage.name) });
    }
    if bucket.is_empty("").await? {
        bucket.remove_bucket().await?;
        on_event(Event::Removed { what: format!("the bucket {}", bucket.name()) });
    }
    Ok(())
}
