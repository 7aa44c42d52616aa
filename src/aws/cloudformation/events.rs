//! What happened to a stack and its resources, newest first, as the service tells it.

use jiff::Timestamp;

use super::{CloudFormation, is_missing, text, time};
use crate::aws::{AwsError, failure};

/// Something that happened to a resource, or to the stack itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// The event's own id.
    pub id: String,
    /// The resource's name in the template; the stack's name for the stack itself.
    pub logical: String,
    /// The resource's name in its service; the stack's ARN for the stack itself.
    pub physical: String,
    /// The resource's type.
    pub kind: String,
    /// The status that it has now.
    pub status: String,
    /// Why.
    pub reason: Option<String>,
    /// The token that the operation was begun with.
    pub token: Option<String>,
    /// The operation's id.
    pub operation: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
}

impl StackEvent {
    /// Whether it is about the stack itself.
    pub fn is_stack(&self) -> bool {
        self.kind == "AWS::CloudFormation::Stack" && self.physical.contains(":stack/")
    }
}

/// A page of events, newest first.
#[derive(Debug, Clone, Default)]
pub struct EventPage {
    /// The events.
    pub events: Vec<StackEvent>,
    /// Where older ones go on.
    pub next: Option<String>,
}

/// A refusal that never became an event of the stack: what early validation or a hook found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The resource's name in the template.
    pub logical: String,
    /// The resource's type.
    pub kind: String,
    /// What is wrong, in AWS's words, with the place in the template where told.
    pub reason: String,
}

/// Of what findings are asked for.
#[derive(Debug, Clone, Copy)]
pub enum Validated<'a> {
    /// A change set, by its ARN.
    ChangeSet(&'a str),
    /// An operation on a stack, by its id.
    Operation(&'a str),
    /// The newest operation on a stack that anything was found wrong with, by the stack's ARN.
    Newest(&'a str),
}

impl<'a> Validated<'a> {
    /// The operation whose failure as a whole an event tells.
    pub fn by(event: &'a StackEvent) -> Self {
        event.operation.as_deref().map_or(Self::Newest(&event.physical), Self::Operation)
    }
}

impl CloudFormation {
    /// A page of a stack's events, newest first.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn events(&self, stack: &str, next: Option<String>) -> Result<EventPage, AwsError> {
        let asked = self.0.describe_stack_events().stack_name(stack).set_next_token(next).send();
        let page = match asked.await.map_err(failure("cloudformation:DescribeStackEvents")) {
            Ok(page) => page,
            Err(error) if is_missing(&error) => return Ok(EventPage::default()),
            Err(error) => return Err(error),
        };
        let event = |one: &aws_sdk_cloudformation::types::StackEvent| StackEvent {
            id: text(one.event_id()),
            logical: text(one.logical_resource_id()),
            physical: text(one.physical_resource_id()),
            kind: text(one.resource_type()),
            status: one.resource_status().map(|s| s.as_str().to_owned()).unwrap_or_default(),
            reason: one.resource_status_reason().filter(|t| !t.is_empty()).map(str::to_owned),
            token: one.client_request_token().map(str::to_owned),
            operation: one.operation_id().map(str::to_owned),
            at: one.timestamp().and_then(time),
        };
        let events = page.stack_events().iter().map(event).collect();
        Ok(EventPage { events, next: page.next_token })
    }

    /// What early validation and hooks found wrong.
    ///
    /// # Errors
    /// The service refused, does not know the call, or does not answer.
    pub async fn findings(&self, of: Validated<'_>) -> Result<Vec<Finding>, AwsError> {
        let failed =
            aws_sdk_cloudformation::types::EventFilter::builder().failed_events(true).build();
        let asked = self.0.describe_events().filters(failed);
        let asked = match of {
            Validated::ChangeSet(arn) => asked.change_set_name(arn),
            Validated::Operation(id) => asked.operation_id(id),
            Validated::Newest(stack) => asked.stack_name(stack),
        };
        let page = asked.send().await.map_err(failure("cloudformation:DescribeEvents"))?;
        let finding = |one: &aws_sdk_cloudformation::types::OperationEvent| {
            let reason = one
                .validation_status_reason()
                .or(one.hook_status_reason())
                .or(one.resource_status_reason())?;
            let place = one.validation_path().map(|path| format!(" ({path})")).unwrap_or_default();
            Some(Finding {
                logical: text(one.logical_resource_id()),
                kind: text(one.resource_type()),
                reason: format!("{reason}{place}"),
            })
        };
        let newest = page.operation_events().first().map(|one| one.operation_id());
        let events = page.operation_events().iter();
        Ok(events.filter(|one| Some(one.operation_id()) == newest).filter_map(finding).collect())
    }
}
