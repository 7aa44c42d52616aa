//! Follows an operation on a stage's stack that somebody began, from any machine, or cancels it.

use ulid::Ulid;

use super::apply::{check, guard};
use super::artifacts::Artifacts;
use super::follow::{Watch, follow};
use super::prepare::Found;
use super::status::{Condition, Meant, Operation};
use super::{Stage, history};
use crate::aws::{CloudFormation, Deletion};
use crate::deploy::{DeployError, Event, OnEvent};

/// What to do with an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attach {
    /// Follow it to its end.
    Follow,
    /// Cancel it, and follow the way back.
    Cancel,
}

/// Follows what goes on with a stage's stack; returns what it was, or none if nothing goes on.
///
/// # Errors
/// The operation failed, cannot be cancelled, or cannot be watched.
pub async fn attach(
    stage: &Stage,
    what: Attach,
    on_event: OnEvent<'_>,
) -> Result<Option<Operation>, DeployError> {
    let service = CloudFormation::new(&stage.cloud);
    let found = Found::look(stage, &service).await?;
    let operation = match found.condition {
        Condition::Busy(operation) => operation,
        Condition::Ready if what == Attach::Follow => {
            finish(stage, &service, found, on_event).await;
            return Ok(None);
        }
        _ => return Ok(None),
    };
    let Some(stack) = found.stack else { return Ok(None) };
    on_event(Event::StackStarted { stack: stage.stack_name() });
    let (token, meant) = match what {
        Attach::Follow => (None, meant(operation)),
        Attach::Cancel => begin_to_cancel(stage, &service, &stack.id, operation).await?,
    };
    let watch = Watch { stack: stack.id, token, meant };
    check(stage, follow(&service, watch, on_event).await?)?;
    if what == Attach::Follow && matches!(operation, Operation::Create | Operation::Update) {
        finish(stage, &service, Found::look(stage, &service).await?, on_event).await;
    }
    Ok(Some(operation))
}

/// Begins to cancel what goes on with a stage's stack; whoever follows it sees it go back.
///
/// # Errors
/// It cannot be cancelled, or CloudFormation does not answer.
pub async fn cancel(stage: &Stage) -> Result<(), DeployError> {
    let service = CloudFormation::new(&stage.cloud);
    let found = Found::look(stage, &service).await?;
    let (Some(stack), Condition::Busy(operation)) = (found.stack, found.condition) else {
        return Ok(());
    };
    begin_to_cancel(stage, &service, &stack.id, operation).await.map(drop)
}

/// The token of what follows, where it is another operation, and what that makes of the stack.
async fn begin_to_cancel(
    stage: &Stage,
    service: &CloudFormation,
    stack: &str,
    operation: Operation,
) -> Result<(Option<String>, Meant), DeployError> {
    let token = Ulid::new().to_string();
    match operation {
        Operation::Update => {
            service.cancel_update(stack, &token).await?;
            Ok((None, Meant::Restored))
        }
        // What is being made for the first time has nothing to go back to.
        Operation::Create => {
            service.delete(stack, &token, Deletion::Ordinary).await?;
            Ok((Some(token), Meant::Gone))
        }
        Operation::Cleanup | Operation::Rollback | Operation::Delete => {
            Err(DeployError::NotCancelled { stack: stage.stack_name(), operation })
        }
    }
}

/// What a deployment does after its stack is up, where whoever began it has gone. The deployment is
/// well without it, and whoever only watches may not be permitted to.
async fn finish(stage: &Stage, service: &CloudFormation, found: Found, on_event: OnEvent<'_>) {
    if let Err(error) = write_down(stage, service, found).await {
        let message = format!("the deployment is up, but was not written down: {error}");
        on_event(Event::Warning { message });
    }
}

/// The stack is protected, and the deployment written down for `rollback`.
async fn write_down(
    stage: &Stage,
    service: &CloudFormation,
    found: Found,
) -> Result<(), DeployError> {
    let (Some(stack), Some(template)) = (found.stack, found.template) else { return Ok(()) };
    guard(stage, service, &stack).await?;
    let artifacts = Artifacts::of(stage);
    let last = history::last(&artifacts).await?;
    if last.is_some_and(|last| last.template == artifacts.template_key(&template)) {
        return Ok(());
    }
    let code = stack.outputs.get("CodeHash").map(String::as_str).unwrap_or_default();
    history::remember(&artifacts, &template, code).await
}

/// What an operation is to make of the stack.
fn meant(operation: Operation) -> Meant {
    match operation {
        Operation::Create | Operation::Update | Operation::Cleanup => Meant::Deployed,
        Operation::Rollback => Meant::Restored,
        Operation::Delete => Meant::Gone,
    }
}
