//! CloudFormation: one stack's state, its change sets, its events, and the operations on it.
//!
//! Texts of the service (states, reasons, types of resources) stay texts here; what they mean is
//! judged where they are used.

mod change_set;
mod events;
mod operate;

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Output, Stack, Tag, TemplateStage};
use jiff::Timestamp;

pub use change_set::{ChangeSetId, ChangeSetState, NewChangeSet, Source, StackChoice};
pub use events::{EventPage, Finding, StackEvent, Validated};
pub use operate::Deletion;

use super::{AwsError, Cloud, failure};

/// CloudFormation, and the cloud that it is in.
#[derive(Debug, Clone)]
pub struct CloudFormation(Client, Cloud);

/// A stack as the service describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackDescription {
    /// Its ARN, which stays its own when the name is used again.
    pub id: String,
    /// Its status, such as `UPDATE_COMPLETE`.
    pub status: String,
    /// Why it has that status.
    pub reason: Option<String>,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Whether it is protected from deletion.
    pub protected: bool,
    /// When an operation began on it last.
    pub updated_at: Option<Timestamp>,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its name in the template.
    pub logical: String,
    /// Its name in its service.
    pub physical: Option<String>,
    /// Its type, such as `AWS::DynamoDB::Table`.
    pub kind: String,
    /// Its status, such as `CREATE_COMPLETE`.
    pub status: String,
    /// Why it has that status.
    pub reason: Option<String>,
}

impl CloudFormation {
    /// The service in a cloud.
    pub fn new(cloud: &Cloud) -> Self {
        Self(Client::new(&cloud.sdk), cloud.clone())
    }

    /// Has the next request look for credentials anew, as [`Cloud::renew`] does.
    pub fn renew(&self) -> bool {
        self.1.renew()
    }

    /// A stack by name or ARN; none if there is no such stack. A deleted one is found by its ARN.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn stack(&self, name: &str) -> Result<Option<StackDescription>, AwsError> {
        let asked = self.0.describe_stacks().stack_name(name).send().await;
        match asked.map_err(failure("cloudformation:DescribeStacks")) {
            Ok(page) => Ok(page.stacks().first().map(description)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The template of a stack as it was submitted.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn template(&self, stack: &str) -> Result<Option<String>, AwsError> {
        let asked =
            self.0.get_template().stack_name(stack).template_stage(TemplateStage::Original).send();
        match asked.await.map_err(failure("cloudformation:GetTemplate")) {
            Ok(answer) => Ok(answer.template_body),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The resources of a stack.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn resources(&self, stack: &str) -> Result<Vec<Resource>, AwsError> {
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let asked = self.0.list_stack_resources().stack_name(stack).set_next_token(next);
            let page = match asked.send().await {
                Ok(page) => page,
                Err(error) => {
                    let error = failure("cloudformation:ListStackResources")(error);
                    return if is_missing(&error) { Ok(all) } else { Err(error) };
                }
            };
            all.extend(page.stack_resource_summaries().iter().map(|one| Resource {
                logical: text(one.logical_resource_id()),
                physical: one.physical_resource_id().map(str::to_owned),
                kind: text(one.resource_type()),
                status: one.resource_status().map(|s| s.as_str().to_owned()).unwrap_or_default(),
                reason: one.resource_status_reason().map(str::to_owned),
            }));
            next = page.next_token;
            if next.is_none() {
                return Ok(all);
            }
        }
    }
}

fn description(stack: &Stack) -> StackDescription {
    let output =
        |one: &Output| Some((one.output_key()?.to_owned(), one.output_value()?.to_owned()));
    let tag = |one: &Tag| Some((one.key()?.to_owned(), one.value()?.to_owned()));
    StackDescription {
        id: text(stack.stack_id()),
        status: stack.stack_status().map(|s| s.as_str().to_owned()).unwrap_or_default(),
        reason: stack.stack_status_reason().filter(|text| !text.is_empty()).map(str::to_owned),
        outputs: stack.outputs().iter().filter_map(output).collect(),
        tags: stack.tags().iter().filter_map(tag).collect(),
        protected: stack.enable_termination_protection().unwrap_or(false),
        updated_at: stack.last_updated_time().or(stack.creation_time()).and_then(time),
    }
}

/// The service tells a missing stack by the words of a `ValidationError`.
fn is_missing(error: &AwsError) -> bool {
    let code = error.code.as_deref();
    code == Some("ValidationError") && error.message.contains("does not exist")
        || code == Some("ChangeSetNotFound")
        || code == Some("ChangeSetNotFoundException")
}

fn text(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

fn time(time: &aws_smithy_types::DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

fn tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
