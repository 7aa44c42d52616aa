//! Log groups found by their names and removed.

use super::Logs;
use crate::aws::{AwsError, failure};

impl Logs {
    /// Names of the log groups that begin with a prefix.
    ///
    /// # Errors
    /// The service refused or is away.
    pub async fn groups_named(&self, prefix: &str) -> Result<Vec<String>, AwsError> {
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let asked = self.0.describe_log_groups().log_group_name_prefix(prefix);
            let page = asked.set_next_token(next).send().await;
            let page = page.map_err(failure("logs:DescribeLogGroups"))?;
            let names = page.log_groups().iter();
            all.extend(names.filter_map(|group| group.log_group_name().map(str::to_owned)));
            next = page.next_token;
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    /// Deletes a log group; one that is not there is deleted already.
    ///
    /// # Errors
    /// The service refused or is away.
    pub async fn delete_group(&self, name: &str) -> Result<(), AwsError> {
        let sent = self.0.delete_log_group().log_group_name(name).send().await;
        match sent.map_err(failure("logs:DeleteLogGroup")) {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }
}
