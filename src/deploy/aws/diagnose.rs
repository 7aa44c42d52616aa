//! What failed in a stack's last failed operation, in AWS's words and with what to do about it.

use jiff::Timestamp;
use serde::Serialize;

use super::cause::{Cause, is_failure};
use super::{Condition, Stage};
use crate::aws::{CloudFormation, StackEvent};
use crate::deploy::DeployError;

/// How many pages of events are looked through.
const PAGES: usize = 10;

/// What is known of a stack's failures.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// The stack's status; none if there is no stack.
    pub status: Option<String>,
    /// Why it has that status, in AWS's words.
    pub reason: Option<String>,
    /// When the failed operation failed.
    pub failed_at: Option<Timestamp>,
    /// The failures of the last failed operation, the root cause first.
    pub causes: Vec<Cause>,
}

/// Looks for the last failed operation.
///
/// # Errors
/// CloudFormation refused or does not answer.
pub async fn diagnose(stage: &Stage) -> Result<Diagnosis, DeployError> {
    let service = CloudFormation::new(&stage.cloud);
    let stack = service.stack(&stage.stack_name()).await?;
    let stack = stack.filter(|one| Condition::of(Some(&one.status)) != Condition::Absent);
    let Some(stack) = stack else {
        return Ok(Diagnosis { status: None, reason: None, failed_at: None, causes: Vec::new() });
    };
    stage.check_owner(&stack)?;
    let failures = last_failures(&service, &stack.id).await?;
    Ok(Diagnosis {
        status: Some(stack.status),
        reason: stack.reason,
        failed_at: failures.first().and_then(|event| event.at),
        causes: failures.iter().map(Cause::of).collect(),
    })
}

/// The failures of the last operation that has any, oldest first.
async fn last_failures(
    service: &CloudFormation,
    stack: &str,
) -> Result<Vec<StackEvent>, DeployError> {
    let (mut failures, mut next): (Vec<StackEvent>, _) = (Vec::new(), None);
    'pages: for _ in 0..PAGES {
        let page = service.events(stack, next).await?;
        for event in page.events {
            if failures.first().is_some_and(|first| first.token != event.token) {
                break 'pages;
            }
            if is_failure(&event) {
                failures.push(event);
            }
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    failures.reverse();
    Ok(failures)
}
