//! What functions are told by environment variables: the physical names of the stack's things.
//!
//! Every function is told every name, whatever it may do: a name opens nothing, and a call without
//! its grant is to fail as a denial that names the missing statement, not as a missing name.

use std::collections::BTreeMap;

use super::{LIVE_ALIAS, Stack};

impl Stack {
    /// The environment of each function. The host adds what only it knows: `CONNECTIONS_ENDPOINT`,
    /// and Lambda's own variables.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let tables =
            self.tables.iter().map(|table| (variable("TABLE", &table.logical), &table.physical));
        let parameters =
            self.parameters.iter().map(|one| (variable("PARAMETER", &one.logical), &one.physical));
        // Only functions without a route are ever invoked by others.
        let invoked = self.functions.iter().filter(|function| function.route.is_none());
        let functions = invoked.map(|one| {
            (variable("FUNCTION", &one.logical), format!("{}:{LIVE_ALIAS}", one.physical))
        });
        let roles = self.roles.iter().map(|one| (variable("ROLE", &one.logical), one.arn(self)));
        let stage = ("CHATCTL_STAGE".to_owned(), &self.name.stage);
        let all = std::iter::once(stage).chain(tables).chain(parameters);
        all.map(|(name, value)| (name, value.clone())).chain(functions).chain(roles).collect()
    }
}

fn variable(kind: &str, logical: &str) -> String {
    format!("{kind}_{}", logical.to_ascii_uppercase().replace('-', "_"))
}
