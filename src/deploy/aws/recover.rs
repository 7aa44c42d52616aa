//! The way out of every state in which a stack takes no deployment.

use ulid::Ulid;

use super::apply::{self, check};
use super::follow::{Watch, follow};
use super::prepare::Found;
use super::status::{Condition, End, Meant};
use super::{Stage, teardown};
use crate::aws::{CloudFormation, StackDescription};
use crate::deploy::{DeployError, Event, OnEvent};

/// The way out of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Nothing is stuck.
    None,
    /// A plan that nobody executed is dropped.
    DropPlan,
    /// A stack that never was is deleted.
    DeleteNeverMade,
    /// The stack goes back to what it was.
    RollBack,
    /// A rollback that failed goes on.
    ContinueRollback,
    /// A deletion that failed is done again.
    DeleteAgain,
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "nothing is stuck",
            Self::DropPlan => "drop the plan that was never executed",
            Self::DeleteNeverMade => "delete the stack that was never made, so that it can be made",
            Self::RollBack => "roll the stack back to what it was",
            Self::ContinueRollback => "go on with the rollback that failed",
            Self::DeleteAgain => "delete the stack again, letting go of what cannot be deleted",
        })
    }
}

/// What is stuck, and the way out.
#[derive(Debug, Clone)]
pub struct Recovery {
    /// The stack's status; none if there is no stack.
    pub status: Option<String>,
    /// Why it has that status, in AWS's words.
    pub reason: Option<String>,
    /// The way out.
    pub way: Way,
    stack: Option<StackDescription>,
    condition: Condition,
}

/// Finds the way out.
///
/// # Errors
/// An operation goes on, or CloudFormation does not answer.
pub async fn recovery(stage: &Stage) -> Result<Recovery, DeployError> {
    let service = CloudFormation::new(&stage.cloud);
    let Found { stack, condition, .. } = Found::look(stage, &service).await?;
    let way = match condition {
        Condition::Absent | Condition::Ready => Way::None,
        Condition::Planned => Way::DropPlan,
        Condition::NeverMade => Way::DeleteNeverMade,
        Condition::Halted => Way::RollBack,
        Condition::RollbackFailed => Way::ContinueRollback,
        Condition::DeleteFailed => Way::DeleteAgain,
        Condition::Busy(operation) => {
            return Err(DeployError::StackBusy { stack: stage.stack_name(), operation });
        }
    };
    let status = stack.as_ref().map(|stack| stack.status.clone());
    let reason = stack.as_ref().and_then(|stack| stack.reason.clone());
    Ok(Recovery { status, reason, way, stack, condition })
}

/// Goes the way out. `skip` names resources that a rollback leaves as they are.
///
/// # Errors
/// The way out is blocked as well; for a rollback, with the resources that block it.
pub async fn recover(
    stage: &Stage,
    recovery: &Recovery,
    skip: &[String],
    on_event: OnEvent<'_>,
) -> Result<(), DeployError> {
    let Some(stack) = &recovery.stack else { return Ok(()) };
    let service = CloudFormation::new(&stage.cloud);
    let token = Ulid::new().to_string();
    let watch =
        Watch { stack: stack.id.clone(), token: Some(token.clone()), meant: Meant::Restored };
    match recovery.way {
        Way::None => Ok(()),
        Way::DropPlan | Way::DeleteNeverMade => {
            apply::delete(stage, &service, &stack.id, on_event).await
        }
        Way::RollBack => {
            service.roll_back(&stack.id, &token).await?;
            on_event(Event::StackStarted { stack: stage.stack_name() });
            check(stage, follow(&service, watch, on_event).await?)
        }
        Way::ContinueRollback => {
            service.continue_rollback(&stack.id, &token, skip).await?;
            on_event(Event::StackStarted { stack: stage.stack_name() });
            let followed = follow(&service, watch, on_event).await?;
            if followed.end == End::Done {
                return Ok(());
            }
            let blocking = blocking(&service, &stack.id).await?;
            let stack = stage.stack_name();
            Err(DeployError::Blocked { stack, blocking, cause: followed.cause })
        }
        Way::DeleteAgain => {
            let deleting =
                teardown::delete_stack(stage, &service, stack, recovery.condition, on_event);
            deleting.await.map(drop)
        }
    }
}

/// The resources that cannot go back.
async fn blocking(service: &CloudFormation, stack: &str) -> Result<Vec<String>, DeployError> {
    let resources = service.resources(stack).await?;
    let failed = resources.into_iter().filter(|one| one.status == "UPDATE_FAILED");
    Ok(failed.map(|one| one.logical).collect())
}
