//! Lambda: what code functions run, and new code for them without CloudFormation.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::{Architecture, LastUpdateStatus};

use super::{AwsError, Cloud, failure};

/// Lambda.
#[derive(Debug, Clone)]
pub struct Lambda(Client);

/// A function as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionState {
    /// Its name.
    pub name: String,
    /// The SHA-256 of its zip, in base64.
    pub code_sha256: String,
    /// Whether an update of it still goes on.
    pub updating: bool,
    /// Why its last update failed, if it did.
    pub failure: Option<String>,
}

/// What callers of a function get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveFunction {
    /// The version, or `$LATEST` for code that no version was published of.
    pub version: String,
    /// The SHA-256 of its zip, in base64.
    pub code_sha256: String,
}

/// New code for a function.
#[derive(Debug, Clone, Copy)]
pub struct NewCode<'a> {
    /// The bucket of the zip.
    pub bucket: &'a str,
    /// Its key.
    pub key: &'a str,
    /// `arm64` or `x86_64`.
    pub architecture: &'a str,
}

impl Lambda {
    /// The service in a cloud.
    pub fn new(cloud: &Cloud) -> Self {
        Self(Client::new(&cloud.sdk))
    }

    /// The functions of the account whose names begin with a prefix, unpublished code each.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn functions(&self, prefix: &str) -> Result<Vec<FunctionState>, AwsError> {
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let page = self.0.list_functions().set_marker(next).send().await;
            let page = page.map_err(failure("lambda:ListFunctions"))?;
            let ours = page
                .functions()
                .iter()
                .filter(|one| one.function_name().is_some_and(|name| name.starts_with(prefix)));
            all.extend(ours.map(|one| FunctionState {
                name: one.function_name().unwrap_or_default().to_owned(),
                code_sha256: one.code_sha256().unwrap_or_default().to_owned(),
                updating: one.last_update_status() == Some(&LastUpdateStatus::InProgress),
                failure: None,
            }));
            next = page.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    /// A function as it is.
    ///
    /// # Errors
    /// There is no such function, or the service does not answer.
    pub async fn function(&self, name: &str) -> Result<FunctionState, AwsError> {
        let asked = self.0.get_function_configuration().function_name(name).send().await;
        let one = asked.map_err(failure("lambda:GetFunctionConfiguration"))?;
        let failed = one.last_update_status() == Some(&LastUpdateStatus::Failed);
        let why = one.last_update_status_reason().unwrap_or("the update failed");
        Ok(FunctionState {
            name: name.to_owned(),
            code_sha256: one.code_sha256().unwrap_or_default().to_owned(),
            updating: one.last_update_status() == Some(&LastUpdateStatus::InProgress),
            failure: failed.then(|| why.to_owned()),
        })
    }

    /// What callers of a function get by its alias; none if there is no such function or alias.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn live(&self, name: &str) -> Result<Option<LiveFunction>, AwsError> {
        let asked = self.0.get_function_configuration().function_name(name);
        let asked = asked.qualifier(crate::stack::LIVE_ALIAS).send().await;
        match asked.map_err(failure("lambda:GetFunctionConfiguration")) {
            Ok(one) => Ok(Some(LiveFunction {
                version: one.version().unwrap_or_default().to_owned(),
                code_sha256: one.code_sha256().unwrap_or_default().to_owned(),
            })),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Begins to give a function new code; no version of it is published.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn set_code(
        &self,
        function: &str,
        code: NewCode<'_>,
    ) -> Result<FunctionState, AwsError> {
        let NewCode { bucket, key, architecture } = code;
        let request = self.0.update_function_code().function_name(function);
        let request = request.s3_bucket(bucket).s3_key(key);
        let sent = request.architectures(Architecture::from(architecture)).send().await;
        let one = sent.map_err(failure("lambda:UpdateFunctionCode"))?;
        Ok(FunctionState {
            name: function.to_owned(),
            code_sha256: one.code_sha256().unwrap_or_default().to_owned(),
            updating: one.last_update_status() == Some(&LastUpdateStatus::InProgress),
            failure: None,
        })
    }

    /// Lets an alias name a version, or the unpublished code (`$LATEST`).
    ///
    /// # Errors
    /// There is no such alias or version, or the service does not answer.
    pub async fn set_alias(
        &self,
        function: &str,
        alias: &str,
        version: &str,
    ) -> Result<(), AwsError> {
        let request = self.0.update_alias().function_name(function).name(alias);
        let sent = request.function_version(version).send().await;
        sent.map(drop).map_err(failure("lambda:UpdateAlias"))
    }
}
