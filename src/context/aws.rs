//! A stage on AWS, and the way to it.

use super::Context;
use crate::aws::{Access, Cloud, Identity};
use crate::cli::Globals;
use crate::config::{Project, StageConfig};
use crate::deploy::aws::Stage;
use crate::error::{CliError, Kind};

/// A stage on AWS.
#[derive(Debug, Clone)]
pub struct AwsTarget {
    /// The project.
    pub project: Project,
    /// The stage's name.
    pub stage: String,
    /// What `chatctl.yaml` says of it.
    pub config: StageConfig,
    /// AWS's APIs, as the stage's operator.
    pub cloud: Cloud,
}

impl AwsTarget {
    /// Who the operator is, if the account is the one that the stage belongs in. Every command that
    /// changes something asks this first.
    ///
    /// # Errors
    /// The credentials are missing, wrong or expired, or they are another account's.
    pub async fn identity(&self) -> Result<Identity, CliError> {
        let identity = self.cloud.identity().await?;
        match &self.config.account {
            Some(account) if *account != identity.account => {
                let (stage, found) = (&self.stage, &identity.account);
                let message = format!(
                    "the stage `{stage}` belongs in account {account}, and these credentials are of {found}"
                );
                Err(CliError::new(Kind::Credentials, "wrong-account", message)
                    .detail(format!("they are {}", identity.arn))
                    .hint(format!("name the profile of account {account}: --profile NAME")))
            }
            _ => Ok(identity),
        }
    }

    /// The stage, in the account that its operator is in.
    ///
    /// # Errors
    /// As [`AwsTarget::identity`].
    pub async fn stage(&self) -> Result<Stage, CliError> {
        Ok(self.in_account(self.identity().await?.account))
    }

    /// The stage, in an account that is known from elsewhere.
    pub fn in_account(&self, account: String) -> Stage {
        let Self { project, stage, config, cloud } = self.clone();
        Stage { project, name: stage, config, cloud, account }
    }

    /// The name of the stage's CloudFormation stack.
    pub fn stack_name(&self) -> String {
        format!("{}-{}", self.project.config.project, self.stage)
    }
}

impl Context {
    /// How AWS is reached for a stage. An empty `CHATCTL_PROFILE` takes the file's profile away.
    pub fn access(&self, config: &StageConfig) -> Access {
        let Globals { profile, region, endpoint_url, .. } = &self.globals;
        let given = |flag: &Option<String>, file: &Option<String>| {
            flag.clone().or_else(|| file.clone()).filter(|value| !value.is_empty())
        };
        Access {
            profile: given(profile, &config.profile),
            region: given(region, &config.region),
            endpoint: given(endpoint_url, &config.endpoint),
        }
    }
}
