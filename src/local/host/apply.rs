//! Brings up a deployment: tables, parameters, buckets, log groups, roles, functions, routes.

use std::sync::PoisonError;

use super::Host;
use crate::local::gateway::{HttpTarget, Route, RouteResponse};
use crate::local::iam::AssumableRole;
use crate::local::lambda::FunctionConfig;
use crate::local::site::Site;
use crate::local::state::{Deployment, StateError};
use crate::stack::{
    BucketPurpose, Function, HttpRoute, LOCAL_API_ID, LowerError, Manifest, ManifestError, Place,
    Role, Settings, Stack, StackName, lower,
};

/// The deployment cannot be brought up. What was up before stays up.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The manifest is not of its form.
    #[error("the stack manifest: {0}")]
    Manifest(#[from] ManifestError),
    /// The manifest is no stack.
    #[error("the stack manifest: {0}")]
    Lower(#[from] LowerError),
    /// The functions' binary is not there.
    #[error("the functions' binary {0} is missing; `chatctl deploy` builds it again")]
    Code(String),
    /// A resource could not be made.
    #[error("{resource}: {reason}")]
    Resource {
        /// What was being made.
        resource: String,
        /// Why it was not.
        reason: String,
    },
    /// The deployment could not be remembered.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Deployment {
    /// The stack that the deployment describes.
    ///
    /// # Errors
    /// The manifest is malformed or makes no stack.
    pub fn stack(&self) -> Result<Stack, ApplyError> {
        let name = StackName { project: self.project.clone(), stage: self.stage.clone() };
        Ok(lower(
            Manifest::parse(&self.manifest)?,
            name,
            Place::local(),
            LOCAL_API_ID.to_owned(),
            Settings::local(),
        )?)
    }
}

impl Host {
    /// Brings up a deployment and remembers it. What exists already stays as it is.
    ///
    /// # Errors
    /// What could not be brought up, and why.
    pub async fn deploy(&self, deployment: Deployment) -> Result<(), ApplyError> {
        let _one_at_a_time = self.0.applying.lock().await;
        self.bring_up(&deployment).await?;
        self.0.state.set_deployment(&deployment)?;
        *self.0.deployment.lock().unwrap_or_else(PoisonError::into_inner) = Some(deployment);
        Ok(())
    }

    async fn bring_up(&self, deployment: &Deployment) -> Result<(), ApplyError> {
        let stack = deployment.stack()?;
        if !self.0.state.bootstrap(&deployment.code_sha256).is_file() {
            return Err(ApplyError::Code(deployment.code_sha256.clone()));
        }
        self.make_storage(&stack)?;
        let retention = stack.settings.log_retention.days();
        for function in &stack.functions {
            self.0.logs.create_group(&function.log_group, retention.into());
        }
        let policies = stack.functions.iter().map(|f| (f.physical.clone(), stack.policy(f)));
        self.0.access.set_policies(policies.collect());
        self.0.access.set_roles(stack.roles.iter().map(|role| assumable(&stack, role)).collect());
        let configs =
            stack.functions.iter().map(|function| self.config(&stack, function, deployment));
        self.0.lambda.configure(configs.collect()).await;
        self.0.clock.set(&stack, &self.0.lambda);
        self.0.gateway.configure(stack.functions.iter().filter_map(route).collect());
        self.0.http_api.configure(stack.http_routes().map(http_target).collect());
        let bucket = stack.bucket(BucketPurpose::Site);
        let site = bucket.map(|bucket| Site::new(self.0.buckets.clone(), &bucket.physical));
        *self.0.site.lock().unwrap_or_else(PoisonError::into_inner) = site;
        Ok(())
    }

    fn make_storage(&self, stack: &Stack) -> Result<(), ApplyError> {
        let failed = |resource: &str, reason: String| ApplyError::Resource {
            resource: resource.to_owned(),
            reason,
        };
        self.0.tables.apply(&stack.tables).map_err(|error| failed("tables", error.to_string()))?;
        for parameter in &stack.parameters {
            let made = self.0.parameters.ensure_secret(&parameter.physical, parameter.bytes.into());
            made.map_err(|error| failed(&parameter.logical, error.to_string()))?;
        }
        for bucket in &stack.buckets {
            let made = self.0.buckets.ensure_bucket(&bucket.physical);
            made.map_err(|error| failed(&bucket.logical, error.to_string()))?;
        }
        Ok(())
    }

    fn config(
        &self,
        stack: &Stack,
        function: &Function,
        deployment: &Deployment,
    ) -> FunctionConfig {
        FunctionConfig {
            physical: function.physical.clone(),
            handler: function.logical.clone(),
            bootstrap: self.0.state.bootstrap(&deployment.code_sha256),
            code_sha256: deployment.code_sha256.clone(),
            memory_mb: function.memory_mb,
            timeout_s: function.timeout_s,
            environment: stack.environment(),
            log_group: function.log_group.clone(),
        }
    }
}

/// A role as IAM takes it, by its physical name.
fn assumable(stack: &Stack, role: &Role) -> (String, AssumableRole) {
    let documents =
        AssumableRole { trust: stack.role_trust(role), policy: stack.role_policy(role) };
    (role.physical.clone(), documents)
}

/// The stack's routes have no route response: answers are posted, returned bodies are dropped.
fn route(function: &Function) -> Option<Route> {
    let key = function.route.as_ref()?.web_socket()?.as_str().to_owned();
    Some(Route {
        key,
        function: function.physical.clone(),
        response: RouteResponse::None,
        authorizer: None,
    })
}

fn http_target((function, route): (&Function, &HttpRoute)) -> HttpTarget {
    HttpTarget { route: route.clone(), function: function.physical.clone() }
}
