//! IAM documents from grants: one statement a grant, each on the narrowest ARN, and one for the log.

use serde::Serialize;

use super::{ChannelVerb, Function, Grant, LIVE_ALIAS, Stack};

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
    /// The document of a function's role: exactly its grants, and its own log.
    pub fn policy(&self, function: &Function) -> PolicyDocument {
        let grants = function.grants.iter().map(|grant| self.statement(function, grant));
        PolicyDocument {
            version: "2012-10-17",
            statement: grants.chain([self.log_statement(function)]).collect(),
        }
    }

    /// Lambda writes a function's log as the function itself. The group is the stack's to make: a
    /// function that could make one would leave it behind.
    fn log_statement(&self, function: &Function) -> Statement {
        let streams = format!("log-group:{}:*", function.log_group);
        Statement {
            sid: "WriteOwnLog".to_owned(),
            effect: Effect::Allow,
            action: vec!["logs:CreateLogStream".to_owned(), "logs:PutLogEvents".to_owned()],
            resource: vec![self.place.arn("logs", &streams)],
            reason: "every function writes its own log; the stack makes the group".to_owned(),
        }
    }

    fn statement(&self, function: &Function, grant: &Grant) -> Statement {
        let one = |action: &str| vec![action.to_owned()];
        let (action, resource) = match grant {
            Grant::Table { verb, table } => (one(verb.action()), self.table_arn(table)),
            Grant::Index { table, index } => {
                (one("dynamodb:Query"), format!("{}/index/{index}", self.table_arn(table)))
            }
            Grant::Connections(verb) => {
                let path =
                    format!("{}/{}/{}/@connections/*", self.api_id, self.name.stage, verb.method());
                (one("execute-api:ManageConnections"), self.place.arn("execute-api", &path))
            }
            Grant::Parameter(name) => {
                let path = format!("parameter/{}/{}/{name}", self.name.project, self.name.stage);
                (one("ssm:GetParameter"), self.place.arn("ssm", &path))
            }
            Grant::Assume(role) => {
                (one("sts:AssumeRole"), self.role_arn(&self.name.physical(role)))
            }
            Grant::Channels(verb) => self.channel_grant(*verb),
            Grant::Invoke(target) => {
                let name = format!("function:{}:{LIVE_ALIAS}", self.name.physical(target));
                (one("lambda:InvokeFunction"), self.place.arn("lambda", &name))
            }
        };
        Statement {
            sid: sid(grant),
            effect: Effect::Allow,
            action,
            resource: vec![resource],
            reason: reason(function, grant),
        }
    }

    /// A stage with a TURN server of its own has credentials made from that server's secret.
    fn channel_grant(&self, verb: ChannelVerb) -> (Vec<String>, String) {
        match (verb, &self.settings.voice.turn) {
            (ChannelVerb::Relay, Some(turn)) => {
                let path = format!("parameter/{}", turn.secret_parameter.trim_start_matches('/'));
                (vec!["ssm:GetParameter".to_owned()], self.place.arn("ssm", &path))
            }
            // IAM knows no resource for a list of channels, so nothing narrower would ever match.
            (ChannelVerb::List, _) => (actions(verb), "*".to_owned()),
            _ => (actions(verb), self.channels_arn()),
        }
    }

    /// The stage's signaling channels; a channel's ARN ends with the time of its making.
    pub(super) fn channels_arn(&self) -> String {
        let channels = format!("channel/{}/*", self.name.channel("*"));
        self.place.arn("kinesisvideo", &channels)
    }

    fn table_arn(&self, logical: &str) -> String {
        self.place.arn("dynamodb", &format!("table/{}", self.name.physical(logical)))
    }
}

fn actions(verb: ChannelVerb) -> Vec<String> {
    verb.actions().iter().map(|action| (*action).to_owned()).collect()
}

/// Why a statement is there.
fn reason(function: &Function, grant: &Grant) -> String {
    let declared = format!("{} declares `{grant}`", function.logical);
    match grant {
        Grant::Channels(ChannelVerb::List) => {
            format!("{declared}; IAM takes no narrower resource for a list of channels")
        }
        _ => declared,
    }
}

/// IAM takes letters and digits only.
fn sid(grant: &Grant) -> String {
    let text = grant.to_string();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}
