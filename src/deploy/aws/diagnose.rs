//! What failed in a stack's last failed operation, in AWS's words and with what to do about it.

use jiff::Timestamp;
use serde::Serialize;

use super::cause::{Cause, is_failure};
use super::{Condition, Stage};
use crate::aws::{CloudFormation, StackEvent, Validated};
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
    let Failures { events, refused } = last_failures(&service, &stack.id).await?;
    let failed_at = events.first().or(refused.as_ref()).and_then(|event| event.at);
    let mut causes: Vec<_> = events.iter().map(Cause::of).collect();
    if let (true, Some(refused)) = (causes.is_empty(), &refused) {
        let findings = service.findings(Validated::by(refused)).await?;
        causes = findings.iter().map(Cause::found).collect();
    }
    Ok(Diagnosis { status: Some(stack.status), reason: stack.reason, failed_at, causes })
}

/// How an operation failed.
#[derive(Debug, Default)]
struct Failures {
    /// The resources' failures, oldest first.
    events: Vec<StackEvent>,
    /// Its failure as a whole, before any resource's turn came.
    refused: Option<StackEvent>,
}

/// The failures of the last operation that has any.
async fn last_failures(service: &CloudFormation, stack: &str) -> Result<Failures, DeployError> {
    let (mut failures, mut next) = (Failures::default(), None);
    'pages: for _ in 0..PAGES {
        let page = service.events(stack, next).await?;
        for event in page.events {
            let known = failures.events.first().or(failures.refused.as_ref());
            if known.is_some_and(|known| known.token != event.token) {
                break 'pages;
            }
            if is_failure(&event) {
                failures.events.push(event);
            } else if event.is_stack() && event.status.ends_with("_FAILED") {
                failures.refused = Some(event);
            }
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    failures.events.reverse();
    Ok(failures)
}
