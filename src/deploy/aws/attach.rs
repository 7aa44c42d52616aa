//! Follows an operation on a stage's stack that somebody began, from any machine, or cancels it.

use ulid::Ulid;

use super::Stage;
use super::apply::check;
use super::follow::{Watch, follow};
use super::prepare::Found;
use super::status::{Condition, Meant, Operation};
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
    let (Some(stack), Condition::Busy(operation)) = (found.stack, found.condition) else {
        return Ok(None);
    };
    on_event(Event::StackStarted { stack: stage.stack_name() });
    let (token, meant) = match (what, operation) {
        (Attach::Follow, _) => (None, meant(operation)),
        (Attach::Cancel, Operation::Update) => {
            let token = Ulid::new().to_string();
            service.cancel_update(&stack.id, &token).await?;
            (None, Meant::Restored)
        }
        // What is being made for the first time has nothing to go back to.
        (Attach::Cancel, Operation::Create) => {
            let token = Ulid::new().to_string();
            service.delete(&stack.id, &token, Deletion::Ordinary).await?;
            (Some(token), Meant::Gone)
        }
        (Attach::Cancel, operation) => {
            return Err(DeployError::NotCancelled { stack: stage.stack_name(), operation });
        }
    };
    check(stage, follow(&service, Watch { stack: stack.id, token, meant }, on_event).await?)?;
    Ok(Some(operation))
}

/// What an operation is to make of the stack.
fn meant(operation: Operation) -> Meant {
    match operation {
        Operation::Create | Operation::Update | Operation::Cleanup => Meant::Deployed,
        Operation::Rollback => Meant::Restored,
        Operation::Delete => Meant::Gone,
    }
}
