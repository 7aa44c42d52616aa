//! The parameter store: secrets made once and never read by this program.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{ParameterType, Tag};

use super::{AwsError, Cloud, failure};

/// How many parameters one call deletes.
const AT_ONCE: usize = 10;

/// The parameter store.
#[derive(Debug, Clone)]
pub struct Parameters(Client);

impl Parameters {
    /// The service in a cloud.
    pub fn new(cloud: &Cloud) -> Self {
        Self(Client::new(&cloud.sdk))
    }

    /// Names of the parameters below a path. Their values are not asked for in clear.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn below(&self, path: &str) -> Result<BTreeSet<String>, AwsError> {
        let (mut all, mut next) = (BTreeSet::new(), None);
        loop {
            let asked = self.0.get_parameters_by_path().path(path).recursive(true);
            let page = asked.with_decryption(false).set_next_token(next).send().await;
            let page = page.map_err(failure("ssm:GetParametersByPath"))?;
            all.extend(page.parameters().iter().filter_map(|one| one.name().map(str::to_owned)));
            next = page.next_token;
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    /// Which of some parameters (ten at most) there are not.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn missing(&self, names: &[String]) -> Result<Vec<String>, AwsError> {
        let answer = self.0.get_parameters().set_names(Some(names.to_vec())).send().await;
        let answer = answer.map_err(failure("ssm:GetParameters"))?;
        Ok(answer.invalid_parameters.unwrap_or_default())
    }

    /// Makes an encrypted parameter; one that is there already stays as it is.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn make_secret(
        &self,
        name: &str,
        value: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), AwsError> {
        let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
        let tags: Vec<Tag> = tags.iter().filter_map(|pair| tag(pair).ok()).collect();
        let request = self.0.put_parameter().name(name).value(value).set_tags(Some(tags));
        let sent = request.r#type(ParameterType::SecureString).overwrite(false).send().await;
        match sent {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_parameter_already_exists()) =>
            {
                Ok(())
            }
            Err(error) => Err(failure("ssm:PutParameter")(error)),
        }
    }

    /// Deletes parameters; those that are not there are deleted already.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn delete(&self, names: &BTreeSet<String>) -> Result<(), AwsError> {
        let names: Vec<String> = names.iter().cloned().collect();
        for names in names.chunks(AT_ONCE) {
            let request = self.0.delete_parameters().set_names(Some(names.to_vec()));
            request.send().await.map_err(failure("ssm:DeleteParameters"))?;
        }
        Ok(())
    }
}
