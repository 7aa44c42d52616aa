//! Tables found by their names and removed, protected or not.

use super::Tables;
use crate::aws::{AwsError, failure};

impl Tables {
    /// Names of the account's tables that begin with a prefix.
    ///
    /// # Errors
    /// The service refused or is away.
    pub async fn named(&self, prefix: &str) -> Result<Vec<String>, AwsError> {
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let page = self.0.list_tables().set_exclusive_start_table_name(next).send().await;
            let page = page.map_err(failure("dynamodb:ListTables"))?;
            all.extend(page.table_names().iter().filter(|n| n.starts_with(prefix)).cloned());
            next = page.last_evaluated_table_name;
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    /// Takes a table's protection from deletion away.
    ///
    /// # Errors
    /// The service refused or is away.
    pub async fn unprotect(&self, table: &str) -> Result<(), AwsError> {
        let request = self.0.update_table().table_name(table).deletion_protection_enabled(false);
        request.send().await.map(drop).map_err(failure("dynamodb:UpdateTable"))
    }
}
