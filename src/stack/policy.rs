//! IAM documents from grants: one statement a grant, each on the narrowest ARN.

use serde::Serialize;

use super::{Function, Grant, Stack};

/// An identity-based IAM policy document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyDocument {
    /// The policy language's version, always `2012-10-17`.
    pub version: &'static str,
    /// The statements.
    pub statement: Vec<Statement>,
}

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Effect {
    /// Allows.
    Allow,
    /// Denies, whatever else allows.
    Deny,
}

/// One statement of a policy document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    /// The statement's id: the grant without spaces.
    pub sid: String,
    /// Allow or deny.
    pub effect: Effect,
    /// IAM actions, wildcards possible.
    pub action: Vec<String>,
    /// ARNs, wildcards possible.
    pub resource: Vec<String>,
    /// Why the statement is there: the grant as it stands in the manifest. Not part of the document.
    #[serde(skip)]
    pub reason: String,
}

impl Stack {
    /// The document of a function's role: exactly its grants.
    pub fn policy(&self, function: &Function) -> PolicyDocument {
        PolicyDocument {
            version: "2012-10-17",
            statement: function
                .grants
                .iter()
                .map(|grant| self.statement(function, grant))
                .collect(),
        }
    }

    fn statement(&self, function: &Function, grant: &Grant) -> Statement {
        let (action, resource) = match grant {
            Grant::Table { verb, table } => (verb.action().to_owned(), self.table_arn(table)),
            Grant::Index { table, index } => {
                ("dynamodb:Query".to_owned(), format!("{}/index/{index}", self.table_arn(table)))
            }
            Grant::Connections(verb) => {
                let path =
                    format!("{}/{}/{}/@connections/*", self.api_id, self.name.stage, verb.method());
                ("execute-api:ManageConnections".to_owned(), self.place.arn("execute-api", &path))
            }
            Grant::Parameter(name) => {
                let path = format!("parameter/{}/{}/{name}", self.name.project, self.name.stage);
                ("ssm:GetParameter".to_owned(), self.place.arn("ssm", &path))
            }
            Grant::Invoke(target) => {
                let name = format!("function:{}", self.name.physical(target));
                ("lambda:InvokeFunction".to_owned(), self.place.arn("lambda", &name))
            }
        };
        Statement {
            sid: sid(grant),
            effect: Effect::Allow,
            action: vec![action],
            resource: vec![resource],
            reason: format!("{} declares `{grant}`", function.logical),
        }
    }

    fn table_arn(&self, logical: &str) -> String {
        self.place.arn("dynamodb", &format!("table/{}", self.name.physical(logical)))
    }
}

/// IAM takes letters and digits only.
fn sid(grant: &Grant) -> String {
    let text = grant.to_string();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}
