//! Who asks, in AWS's own words.

use aws_sdk_sts::Client;

use super::{AwsError, Cloud, failure};

/// Whose credentials sign the requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The twelve-digit account id.
    pub account: String,
    /// The user or role.
    pub arn: String,
}

impl Cloud {
    /// Who this cloud's credentials belong to; asked once.
    ///
    /// # Errors
    /// Credentials are missing, wrong or expired, or the service is away.
    pub async fn identity(&self) -> Result<Identity, AwsError> {
        self.identity.get_or_try_init(|| self.ask_identity()).await.cloned()
    }

    async fn ask_identity(&self) -> Result<Identity, AwsError> {
        let answer = Client::new(&self.sdk).get_caller_identity().send().await;
        let answer = answer.map_err(failure("sts:GetCallerIdentity"))?;
        Ok(Identity {
            account: answer.account.unwrap_or_default(),
            arn: answer.arn.unwrap_or_default(),
        })
    }
}
