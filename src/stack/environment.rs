//! What functions are told by environment variables: the physical names of the stack's things.
//!
//! Every function is told every name, whatever it may do: a name opens nothing, and a call without
//! its grant is to fail as a denial that names the missing statement, not as a missing name.

use std::collections::BTreeMap;

use super::{LIVE_ALIAS, Stack, Turn, Voice};

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
        let own = [("CHATCTL_PROJECT", &self.name.project), ("CHATCTL_STAGE", &self.name.stage)];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let all = own.into_iter().chain(tables).chain(parameters);
        let all = all.map(|(name, value)| (name, value.clone())).chain(functions).chain(roles);
        all.chain(self.voice_environment()).collect()
    }

    /// What the functions of voice are told.
    fn voice_environment(&self) -> impl Iterator<Item = (String, String)> {
        let Voice { transport, turn } = &self.settings.voice;
        let turn = turn.iter().flat_map(|Turn { urls, secret_parameter }| {
            [("VOICE_TURN_URLS", urls.join(",")), ("VOICE_TURN_SECRET", secret_parameter.clone())]
        });
        let always = [
            ("VOICE_CHANNELS", self.name.channel("")),
            ("VOICE_TRANSPORT", transport.as_str().to_owned()),
        ];
        always.into_iter().chain(turn).map(|(name, value)| (name.to_owned(), value))
    }
}

fn variable(kind: &str, logical: &str) -> String {
    format!("{kind}_{}", logical.to_ascii_uppercase().replace('-', "_"))
}
