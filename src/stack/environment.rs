//! What a function is told by environment variables: only names of things that its grants name.

use std::collections::BTreeMap;

use super::{Function, Grant, Stack};

impl Stack {
    /// The function's environment. The host adds what only it knows: `CONNECTIONS_ENDPOINT`, and
    /// Lambda's own variables.
    pub fn environment(&self, function: &Function) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::from([("CHATCTL_STAGE".to_owned(), self.name.stage.clone())]);
        variables.extend(function.grants.iter().filter_map(|grant| self.variable(grant)));
        variables
    }

    fn variable(&self, grant: &Grant) -> Option<(String, String)> {
        match grant {
            Grant::Table { table, .. } | Grant::Index { table, .. } => {
                Some((variable_name("TABLE", table), self.name.physical(table)))
            }
            Grant::Parameter(name) => {
                let value = format!("/{}/{}/{name}", self.name.project, self.name.stage);
                Some((variable_name("PARAMETER", name), value))
            }
            Grant::Invoke(target) => {
                Some((variable_name("FUNCTION", target), self.name.physical(target)))
            }
            Grant::Connections(_) => None,
        }
    }
}

fn variable_name(kind: &str, logical: &str) -> String {
    format!("{kind}_{}", logical.to_ascii_uppercase().replace('-', "_"))
}
