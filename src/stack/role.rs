//! Roles that are no function's own: what functions take for a while and hand on, narrowed.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::policy::{Effect, PolicyDocument, Statement};
use super::{Function, Grant, Stack};

/// A role that functions may assume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The name that people use.
    pub logical: String,
    /// The name in IAM.
    pub physical: String,
    /// What it is for.
    pub purpose: RolePurpose,
}

/// What a role is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolePurpose {
    /// Reaching a voice room's signaling channel from a browser.
    Voice,
}

/// The longest that credentials of a role live, in seconds.
pub const MOST_SESSION_SECONDS: u32 = 3600;

/// Who may take a role: a resource-based document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TrustDocument {
    /// The policy language's version, always `2012-10-17`.
    pub version: &'static str,
    /// The statements.
    pub statement: Vec<TrustStatement>,
}

/// One statement of a trust document; its action is always `sts:AssumeRole`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustStatement {
    /// The statement's id.
    pub sid: String,
    /// Allow or deny.
    pub effect: Effect,
    /// Whom.
    pub principal: Principal,
    /// Why the statement is there. Not part of the document.
    pub reason: String,
}

/// Whom a trust document speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A service of AWS.
    Service(String),
    /// These roles of the account, by ARN.
    Roles {
        /// The account's root ARN.
        account: String,
        /// The roles' ARNs.
        roles: Vec<String>,
    },
    /// Everybody.
    Everyone,
}

impl Serialize for TrustStatement {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { sid, effect, principal, reason: _ } = self;
        let whom = match principal {
            Principal::Service(service) => json!({"Service": service}),
            Principal::Roles { account, .. } => json!({"AWS": account}),
            Principal::Everyone => json!({"AWS": "*"}),
        };
        let mut fields = Map::from_iter([
            ("Sid".to_owned(), json!(sid)),
            ("Effect".to_owned(), json!(effect)),
            ("Principal".to_owned(), whom),
            ("Action".to_owned(), json!("sts:AssumeRole")),
        ]);
        // Naming roles as principals would tie the document to their ids: one that is made again
        // would be locked out. The account with a condition on the ARN is as narrow and stays true.
        if let Principal::Roles { roles, .. } = principal {
            let condition = json!({"ArnEquals": {"aws:PrincipalArn": roles}});
            fields.insert("Condition".to_owned(), condition);
        }
        Value::Object(fields).serialize(serializer)
    }
}

impl Role {
    /// The role's ARN.
    pub fn arn(&self, stack: &Stack) -> String {
        stack.role_arn(&self.physical)
    }
}

impl Stack {
    /// The ARN of a role of this account; roles have no region.
    pub(super) fn role_arn(&self, physical: &str) -> String {
        format!("arn:{}:iam::{}:role/{physical}", self.place.partition(), self.place.account)
    }

    /// Who may take a function's role: Lambda.
    pub fn function_trust(&self) -> TrustDocument {
        trust(TrustStatement {
            sid: "Lambda".to_owned(),
            effect: Effect::Allow,
            principal: Principal::Service("lambda.amazonaws.com".to_owned()),
            reason: "Lambda runs the function as this role".to_owned(),
        })
    }

    /// Who may take a role: the functions that declare it, and nobody while none does.
    pub fn role_trust(&self, role: &Role) -> TrustDocument {
        let declares =
            |function: &&Function| function.grants.contains(&Grant::Assume(role.logical.clone()));
        let functions: Vec<&Function> = self.functions.iter().filter(declares).collect();
        if functions.is_empty() {
            return trust(TrustStatement {
                sid: "Nobody".to_owned(),
                effect: Effect::Deny,
                principal: Principal::Everyone,
                reason: format!("no function declares `assume {}`", role.logical),
            });
        }
        let names: Vec<&str> = functions.iter().map(|one| one.logical.as_str()).collect();
        trust(TrustStatement {
            sid: "FunctionsThatDeclareIt".to_owned(),
            effect: Effect::Allow,
            principal: Principal::Roles {
                account: self.account_arn(),
                roles: functions.iter().map(|one| self.role_arn(&one.physical)).collect(),
            },
            reason: format!("`assume {}` is declared by {}", role.logical, names.join(", ")),
        })
    }

    fn account_arn(&self) -> String {
        format!("arn:{}:iam::{}:root", self.place.partition(), self.place.account)
    }

    /// What a role may do.
    pub fn role_policy(&self, role: &Role) -> PolicyDocument {
        let Role { logical: _, physical: _, purpose } = role;
        let statement = match purpose {
            RolePurpose::Voice => self.voice_statements(),
        };
        PolicyDocument { version: "2012-10-17", statement }
    }

    /// A channel is made when a room's voice starts, so no document can name it beforehand: this one
    /// holds the stage's channels, and whoever takes the role narrows its session to a single one.
    fn voice_statements(&self) -> Vec<Statement> {
        let channels = self.channels_arn();
        let statement = |sid: &str, actions: &[&str], reason: &str| Statement {
            sid: sid.to_owned(),
            effect: Effect::Allow,
            action: actions.iter().map(|action| format!("kinesisvideo:{action}")).collect(),
            resource: vec![channels.clone()],
            reason: reason.to_owned(),
        };
        vec![
            statement(
                "FindChannel",
                &["DescribeSignalingChannel", "GetSignalingChannelEndpoint"],
                "a browser asks where the channel is before it connects",
            ),
            statement(
                "RelayAddresses",
                &["GetIceServerConfig"],
                "peers that cannot reach each other directly go through TURN",
            ),
            statement("JoinAsMaster", &["ConnectAsMaster"], "whoever starts voice is its master"),
            statement("JoinAsViewer", &["ConnectAsViewer"], "everybody else joins as a viewer"),
        ]
    }
}

fn trust(statement: TrustStatement) -> TrustDocument {
    TrustDocument { version: "2012-10-17", statement: vec![statement] }
}
