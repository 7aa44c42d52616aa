//! Who asks, in AWS's own words, and how somebody without valid credentials gets some.

use aws_sdk_sts::Client;

use super::cloud::profiles;
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

    /// What to run to get valid credentials.
    pub fn renewal(&self) -> String {
        renewal(self.profile())
    }
}

/// What to run to get valid credentials, for a profile or for whatever AWS's tools use.
pub fn renewal(named: Option<&str>) -> String {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    if named.is_none() && variable("AWS_ACCESS_KEY_ID").is_some() {
        return "the keys come from AWS_ACCESS_KEY_ID in the environment: set new ones, or unset \
                them and name a profile (--profile NAME)"
            .to_owned();
    }
    let name = named.map(str::to_owned).or_else(|| variable("AWS_PROFILE"));
    let flag = name.as_ref().map(|name| format!(" --profile {name}")).unwrap_or_default();
    let Ok(profiles) = pollster::block_on(profiles(name.as_deref())) else {
        return format!("run: aws configure sso{flag}");
    };
    let has = |key| profiles.get(key).is_some();
    if has("sso_session") || has("sso_start_url") {
        format!("run: aws sso login{flag}")
    } else if has("login_session") {
        format!("run: aws login{flag}")
    } else if has("credential_process") {
        let command = profiles.get("credential_process").unwrap_or_default();
        format!("the profile's credential_process gives the keys; see what it says: {command}")
    } else if has("aws_access_key_id") {
        format!("the profile's keys are in ~/.aws/credentials; replace them: aws configure{flag}")
    } else {
        format!("run: aws configure sso{flag} (or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)")
    }
}
