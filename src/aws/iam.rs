//! IAM: which roles there are.

use aws_sdk_iam::Client;

use super::{AwsError, Cloud, failure};

/// IAM.
#[derive(Debug, Clone)]
pub struct Iam(Client);

impl Iam {
    /// The service in a cloud.
    pub fn new(cloud: &Cloud) -> Self {
        Self(Client::new(&cloud.sdk))
    }

    /// Names of the account's roles that begin with a prefix.
    ///
    /// # Errors
    /// The service refused or does not answer.
    pub async fn roles_named(&self, prefix: &str) -> Result<Vec<String>, AwsError> {
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let page = self.0.list_roles().max_items(1000).set_marker(next).send().await;
            let page = page.map_err(failure("iam:ListRoles"))?;
            let names = page.roles().iter().map(|role| role.role_name().to_owned());
            all.extend(names.filter(|name| name.starts_with(prefix)));
            next = page.marker.filter(|_| page.is_truncated);
            if next.is_none() {
                return Ok(all);
            }
        }
    }
}
