//! The second half of a deployment: everything that changes the stage.

use std::time::Instant;

use bytes::Bytes;
use futures_util::future::{try_join, try_join3};
use ulid::Ulid;

use super::follow::{Followed, Watch, follow};
use super::prepare::{Prepared, Target};
use super::publish::{self, Outputs};
use super::status::{Condition, End, Meant};
use super::{Stage, code_only, history, parameters};
use crate::aws::{ChangeSetId, CloudFormation, Deletion, StackChoice, StackDescription};
use crate::cloudformation::MOST_INLINE_BYTES;
use crate::deploy::{DeployError, Event, OnEvent, millis};
use crate::stack::Protection;

/// How a deployment ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Whether anything was changed.
    pub changed: bool,
    /// The stack's outputs.
    pub outputs: Outputs,
}

impl Prepared {
    /// Changes what the plan says.
    ///
    /// # Errors
    /// A step failed. A stack whose update failed is what it was before; everything else goes on
    /// with the next deployment.
    pub async fn apply(mut self, on_event: OnEvent<'_>) -> Result<Outcome, DeployError> {
        let planned = self.target.take();
        let target = planned.as_ref().filter(|target| target.differs);
        if self.plan.is_empty() && target.is_none() {
            let outputs = self.found.stack.map(|stack| stack.outputs).unwrap_or_default();
            return Ok(Outcome { changed: false, outputs });
        }
        if let Some(planned) = &planned {
            self.set_code_back(planned, on_event).await?;
        }
        if let Some(target) = target {
            self.found.stack = Some(self.deploy_stack(target, on_event).await?);
            history::remember(&self.artifacts, &target.template, &target.code_sha256).await?;
        }
        let Some(stack) = self.found.stack.clone() else {
            return Err(DeployError::NoStack { stack: self.stage.stack_name() });
        };
        if planned.is_some() {
            guard(&self.stage, &self.service, &stack).await?;
        }
        publish::publish(&mut self, &stack.id, &stack.outputs, on_event).await?;
        Ok(Outcome { changed: true, outputs: stack.outputs })
    }

    /// Begins what the plan says of the stack, and leaves CloudFormation to it: what comes after,
    /// `attach` and the next deployment do. Where the stack stays as it is, everything is done.
    ///
    /// # Errors
    /// As [`Prepared::apply`].
    pub async fn detach(mut self, on_event: OnEvent<'_>) -> Result<Option<Outcome>, DeployError> {
        match self.target.take_if(|target| target.differs) {
            Some(target) => {
                self.set_code_back(&target, on_event).await?;
                self.begin_stack(&target, on_event).await?;
                Ok(None)
            }
            None => self.apply(on_event).await.map(Some),
        }
    }

    /// Sets code back that was changed beside the stack: CloudFormation would take it for its own.
    async fn set_code_back(
        &self,
        target: &Target,
        on_event: OnEvent<'_>,
    ) -> Result<(), DeployError> {
        match (&target.code, &self.found.stack) {
            (Some(code), Some(stack)) if !self.drifted.is_empty() => {
                code_only::set_back(self, stack, code, on_event).await
            }
            _ => Ok(()),
        }
    }

    /// Makes the stack what its template says; returns it as it is then.
    async fn deploy_stack(
        &mut self,
        target: &Target,
        on_event: OnEvent<'_>,
    ) -> Result<StackDescription, DeployError> {
        let started = Instant::now();
        let watch = self.begin_stack(target, on_event).await?;
        let id = watch.stack.clone();
        let followed = follow(&self.service, watch, on_event).await?;
        check(&self.stage, followed)?;
        on_event(Event::StackApplied { millis: millis(started) });
        let stack = self.service.stack(&id).await?;
        stack.ok_or_else(|| DeployError::NoStack { stack: self.stage.stack_name() })
    }

    /// Has CloudFormation begin to make the stack what its template says.
    async fn begin_stack(
        &mut self,
        target: &Target,
        on_event: OnEvent<'_>,
    ) -> Result<Watch, DeployError> {
        if self.found.condition == Condition::NeverMade {
            self.delete_what_never_was(on_event).await?;
        }
        self.artifacts.ensure(&self.stage, on_event).await?;
        let code = self.upload_code(target, on_event);
        let path = self.stage.parameter_path();
        let tags = self.stage.tags();
        let secrets = parameters::ensure(&self.stage.cloud, &self.stack, &path, &tags, on_event);
        let (set, (), ()) = try_join3(self.change_set(target, on_event), code, secrets).await?;
        let token = Ulid::new().to_string();
        self.service.execute(&set.id, &token).await.map_err(|error| busy(&self.stage, error))?;
        on_event(Event::StackStarted { stack: self.stage.stack_name() });
        Ok(Self::watch(&set.stack, &token, Meant::Deployed))
    }

    async fn upload_code(&self, target: &Target, on_event: OnEvent<'_>) -> Result<(), DeployError> {
        // An earlier deployment's code is there.
        let Some(code) = &target.code else { return Ok(()) };
        let key = self.artifacts.code_key(&target.code_sha256);
        let bytes = Bytes::from(code.read()?);
        let code = self.artifacts.put(&key, "application/zip", bytes, on_event);
        if target.template.len() > MOST_INLINE_BYTES {
            // The change set was made from the one in the bucket.
            return code.await;
        }
        let template = self.artifacts.template_key(&target.template);
        let text = Bytes::copy_from_slice(target.template.as_bytes());
        let template = self.artifacts.put(&template, "application/json", text, on_event);
        try_join(code, template).await.map(drop)
    }

    /// The change set that was planned, or the one that makes the stack.
    async fn change_set(
        &self,
        target: &Target,
        on_event: OnEvent<'_>,
    ) -> Result<ChangeSetId, DeployError> {
        if let Some(set) = &target.change_set {
            return Ok(set.clone());
        }
        let sets = self.change_sets();
        let set =
            sets.create(&target.template, StackChoice::New, on_event).await.map_err(|error| {
                match error {
                    DeployError::Aws(error) => busy(&self.stage, error),
                    other => other,
                }
            })?;
        match sets.wait(&set).await? {
            Some(_) => Ok(set),
            None => Err(DeployError::Refused {
                reason: "the template has no resources".to_owned(),
                findings: Vec::new(),
            }),
        }
    }

    async fn delete_what_never_was(&mut self, on_event: OnEvent<'_>) -> Result<(), DeployError> {
        let Some(stack) = self.found.stack.take() else { return Ok(()) };
        delete(&self.stage, &self.service, &stack.id, on_event).await
    }
}

/// Protects a stack as its stage's configuration says, where it is not.
pub(super) async fn guard(
    stage: &Stage,
    service: &CloudFormation,
    stack: &StackDescription,
) -> Result<(), DeployError> {
    let wanted = stage.config.settings.protection == Protection::On;
    if stack.protected != wanted {
        service.protect(&stack.id, wanted).await?;
        service.set_policy(&stack.id, policy(wanted)).await?;
    }
    Ok(())
}

/// What updates may do: anything, but for putting an empty table in a full one's place.
fn policy(protected: bool) -> &'static str {
    const ALL: &str =
        r#"{"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"}]}"#;
    const NO_REPLACED_TABLE: &str = r#"{"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"},{"Effect":"Deny","Action":"Update:Replace","Principal":"*","Resource":"*","Condition":{"StringEquals":{"ResourceType":["AWS::DynamoDB::Table"]}}}]}"#;
    if protected { NO_REPLACED_TABLE } else { ALL }
}

/// Deletes a stack and waits until it is gone.
pub(super) async fn delete(
    stage: &Stage,
    service: &CloudFormation,
    id: &str,
    on_event: OnEvent<'_>,
) -> Result<(), DeployError> {
    let token = Ulid::new().to_string();
    service.delete(id, &token, Deletion::Ordinary).await?;
    on_event(Event::StackStarted { stack: stage.stack_name() });
    let followed = follow(service, Prepared::watch(id, &token, Meant::Gone), on_event).await?;
    check(stage, followed)
}

/// An operation that did not end as it was meant is an error with its cause.
pub(super) fn check(stage: &Stage, followed: Followed) -> Result<(), DeployError> {
    let Followed { end, status, cause, others } = followed;
    let stack = stage.stack_name();
    match end {
        End::Done => Ok(()),
        End::RolledBack => Err(DeployError::RolledBack { stack, status, cause, others }),
        End::Stuck => Err(DeployError::Unfinished { stack, status, cause, others }),
    }
}

/// Somebody else's operation is told by the words of a refusal.
fn busy(stage: &Stage, error: crate::aws::AwsError) -> DeployError {
    let code = error.code.as_deref();
    let in_progress = error.message.contains("_IN_PROGRESS");
    let obsolete =
        code == Some("InvalidChangeSetStatus") || code == Some("InvalidChangeSetStatusException");
    if code == Some("OperationInProgressException") || in_progress || obsolete {
        let operation = super::Operation::Update;
        return DeployError::StackBusy { stack: stage.stack_name(), operation };
    }
    error.into()
}
