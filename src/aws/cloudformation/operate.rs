//! Operations on a stack: deletion, cancellation, and the ways out of a failed update.

use super::{CloudFormation, is_missing};
use crate::aws::{AwsError, failure};

/// How a stack is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion<'a> {
    /// With its resources, but for those whose policy retains them.
    Ordinary,
    /// Without these resources; only one that could not be deleted before may be deleted so.
    Without(&'a [String]),
}

impl CloudFormation {
    /// Begins to delete a stack; one that is not there is deleted already.
    ///
    /// # Errors
    /// The stack is protected or busy, or the service does not answer.
    pub async fn delete(
        &self,
        stack: &str,
        token: &str,
        deletion: Deletion<'_>,
    ) -> Result<(), AwsError> {
        let request = self.0.delete_stack().stack_name(stack).client_request_token(token);
        let request = match deletion {
            Deletion::Ordinary => request,
            Deletion::Without(kept) => request.set_retain_resources(Some(kept.to_vec())),
        };
        match request.send().await.map_err(failure("cloudformation:DeleteStack")) {
            Err(error) if !is_missing(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Cancels an update; the stack rolls back.
    ///
    /// # Errors
    /// No update is in progress, or the service does not answer.
    pub async fn cancel_update(&self, stack: &str, token: &str) -> Result<(), AwsError> {
        let request = self.0.cancel_update_stack().stack_name(stack).client_request_token(token);
        request.send().await.map(drop).map_err(failure("cloudformation:CancelUpdateStack"))
    }

    /// Goes on with a rollback that failed, leaving some resources as they are.
    ///
    /// # Errors
    /// The stack has another status, or the service does not answer.
    pub async fn continue_rollback(
        &self,
        stack: &str,
        token: &str,
        skip: &[String],
    ) -> Result<(), AwsError> {
        let skip = (!skip.is_empty()).then(|| skip.to_vec());
        let request = self.0.continue_update_rollback().stack_name(stack);
        let request = request.client_request_token(token).set_resources_to_skip(skip);
        request.send().await.map(drop).map_err(failure("cloudformation:ContinueUpdateRollback"))
    }

    /// Rolls a stack back that failed and stayed as it was.
    ///
    /// # Errors
    /// The stack has another status, or the service does not answer.
    pub async fn roll_back(&self, stack: &str, token: &str) -> Result<(), AwsError> {
        let request = self.0.rollback_stack().stack_name(stack).client_request_token(token);
        request.send().await.map(drop).map_err(failure("cloudformation:RollbackStack"))
    }

    /// Protects a stack from deletion, or lets it be deleted.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn protect(&self, stack: &str, protected: bool) -> Result<(), AwsError> {
        let request = self.0.update_termination_protection().stack_name(stack);
        let sent = request.enable_termination_protection(protected).send().await;
        sent.map(drop).map_err(failure("cloudformation:UpdateTerminationProtection"))
    }

    /// Sets what updates may do to the resources of a stack.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn set_policy(&self, stack: &str, policy: &str) -> Result<(), AwsError> {
        let request = self.0.set_stack_policy().stack_name(stack).stack_policy_body(policy);
        request.send().await.map(drop).map_err(failure("cloudformation:SetStackPolicy"))
    }
}
