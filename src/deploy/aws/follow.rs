//! Follows an operation on a stack to its end: tells each resource's progress, pins the first
//! failure, and goes by the stack's own status alone. A question that fails is asked again.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::cause::{Cause, is_failure};
use super::pace::Pace;
use super::status::{Condition, End, Meant, end};
use crate::aws::{AwsError, CloudFormation, StackEvent, Validated};
use crate::deploy::{DeployError, Event, OnEvent};

/// How often a long wait is told of.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// An operation to follow.
#[derive(Debug, Clone)]
pub struct Watch {
    /// The stack's ARN, so that a later stack of its name is not mistaken for it.
    pub stack: String,
    /// The token that the operation was begun with; none for whatever goes on.
    pub token: Option<String>,
    /// What it is to make of the stack.
    pub meant: Meant,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// How.
    pub end: End,
    /// The stack's status.
    pub status: String,
    /// What failed first.
    pub cause: Option<Cause>,
    /// How many other resources failed of themselves.
    pub others: usize,
}

/// Follows an operation to its end.
///
/// # Errors
/// Nobody may look at the stack any more; the operation itself goes on.
pub async fn follow(
    service: &CloudFormation,
    watch: Watch,
    on_event: OnEvent<'_>,
) -> Result<Followed, DeployError> {
    let mut following = Following::new(watch);
    let mut pace = Pace::new();
    let mut told = Instant::now();
    let mut renewed = false;
    loop {
        match following.look(service, on_event).await {
            Ok(Some(ended)) => return Ok(ended),
            Ok(None) => renewed = false,
            Err(error) if is_passing(&error) => pace.slow_down(),
            Err(source) => {
                // Credentials that expired on the way may have been renewed by now.
                if renewed || !source.is_bad_keys() || !service.renew() {
                    let stack = following.watch.stack;
                    return Err(DeployError::LostSight { stack, source });
                }
                renewed = true;
            }
        }
        if told.elapsed() >= HEARTBEAT {
            told = Instant::now();
            let seconds = following.began.elapsed().as_secs();
            on_event(Event::StackWaiting { seconds, resources: following.open() });
        }
        pace.wait().await;
    }
}

/// Whether asking again later may help: nothing answered, or AWS was asked too often.
fn is_passing(error: &AwsError) -> bool {
    const CODES: [&str; 5] = [
        "Throttling",
        "ThrottlingException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "InternalFailure",
    ];
    error.is_away() || error.code.as_deref().is_some_and(|code| CODES.contains(&code))
}

#[derive(Debug)]
struct Following {
    watch: Watch,
    began: Instant,
    seen: HashSet<String>,
    in_progress: HashSet<String>,
    cause: Option<Cause>,
    failed: HashSet<String>,
    /// The operation that failed as a whole.
    refused: Option<StackEvent>,
}

/// Whether a status is a failure with nothing rolled back.
fn is_halted(status: &str) -> bool {
    Condition::of(Some(status)) == Condition::Halted
}

impl Following {
    fn new(watch: Watch) -> Self {
        let (seen, in_progress, failed) = (HashSet::new(), HashSet::new(), HashSet::new());
        let (cause, refused) = (None, None);
        Self { watch, began: Instant::now(), seen, in_progress, cause, failed, refused }
    }

    /// Takes in what is new; returns the end, if it came.
    async fn look(
        &mut self,
        service: &CloudFormation,
        on_event: OnEvent<'_>,
    ) -> Result<Option<Followed>, AwsError> {
        let mut last: Option<StackEvent> = None;
        for event in self.fresh(service).await? {
            self.take_in(&event, on_event);
            if !event.is_stack() {
                continue;
            }
            // What comes after the end is somebody's next operation.
            let goes_on = last.as_ref().is_none_or(|last| {
                let has_ended = end(&last.status, self.watch.meant).is_some();
                !has_ended || is_halted(&last.status) && last.token == event.token
            });
            if goes_on {
                last = Some(event);
            }
        }
        let Some(StackEvent { status, .. }) = last else { return Ok(None) };
        let Some(end) = end(&status, self.watch.meant) else { return Ok(None) };
        if is_halted(&status) && !self.is_still(service, &status).await? {
            return Ok(None);
        }
        if end != End::Done && self.cause.is_none() {
            self.ask_for_findings(service, on_event).await;
        }
        Ok(Some(Followed {
            end,
            status,
            cause: self.cause.clone(),
            others: self.failed.len().saturating_sub(1),
        }))
    }

    /// Whether the stack has a status by its own account: a failure may be what a rollback begins with.
    async fn is_still(&self, service: &CloudFormation, status: &str) -> Result<bool, AwsError> {
        let stack = service.stack(&self.watch.stack).await?;
        Ok(stack.is_none_or(|stack| stack.status == status))
    }

    /// An operation that was refused as a whole has failed no resource: what was wrong is told apart.
    async fn ask_for_findings(&mut self, service: &CloudFormation, on_event: OnEvent<'_>) {
        let Some(refused) = self.refused.take() else { return };
        // Without an answer, the end is told without its cause.
        let findings = service.findings(Validated::by(&refused)).await.unwrap_or_default();
        self.failed.extend(findings.iter().map(|finding| finding.logical.clone()));
        if let Some(cause) = findings.first().map(Cause::found) {
            on_event(Event::Failed { cause: cause.clone() });
            self.cause = Some(cause);
        }
    }

    /// The operation's events that were not seen yet, oldest first.
    async fn fresh(&mut self, service: &CloudFormation) -> Result<Vec<StackEvent>, AwsError> {
        let (mut fresh, mut next) = (Vec::new(), None);
        // Until one of the operation's own is met, what is newest may be an earlier operation's end.
        let mut met = !self.seen.is_empty();
        loop {
            let page = service.events(&self.watch.stack, next).await?;
            if self.watch.token.is_none() {
                self.watch.token = page.events.first().and_then(|event| event.token.clone());
            }
            next = page.next.filter(|_| met || self.begins_in(&page.events));
            for event in page.events {
                let own = event.token == self.watch.token;
                if self.seen.contains(&event.id) || met && self.seen.is_empty() && !own {
                    next = None;
                    break;
                }
                met |= own;
                fresh.push(event);
            }
            if next.is_none() {
                break;
            }
        }
        if !met {
            return Ok(Vec::new());
        }
        self.seen.extend(fresh.iter().map(|event| event.id.clone()));
        fresh.reverse();
        Ok(fresh)
    }

    fn begins_in(&self, events: &[StackEvent]) -> bool {
        events.iter().any(|event| event.token == self.watch.token)
    }

    fn take_in(&mut self, event: &StackEvent, on_event: OnEvent<'_>) {
        if event.is_stack() {
            if event.status.ends_with("_FAILED") {
                self.refused = Some(event.clone());
            }
            return;
        }
        if event.status.ends_with("_IN_PROGRESS") {
            self.in_progress.insert(event.logical.clone());
        } else {
            self.in_progress.remove(&event.logical);
        }
        on_event(Event::Resource {
            logical: event.logical.clone(),
            kind: event.kind.clone(),
            status: event.status.clone(),
            reason: event.reason.clone(),
        });
        if is_failure(event) {
            self.failed.insert(event.logical.clone());
            if self.cause.is_none() {
                let cause = Cause::of(event);
                on_event(Event::Failed { cause: cause.clone() });
                self.cause = Some(cause);
            }
        }
    }

    fn open(&self) -> usize {
        self.in_progress.len()
    }
}
