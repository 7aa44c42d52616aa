//! Decides what a caller may do, by the very documents that AWS would be given.
//!
//! The operator may do everything. A function may do what its document allows and does not deny;
//! a session of a role may do what both the role's document and the session's own allow. A refusal
//! carries the statement that was missing, and is told to the sink that the host gave.

mod document;
mod pattern;

pub use document::{Malformed, SessionPolicy, parse};
pub use pattern::matches;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Value, json};

use super::credentials::Caller;
use crate::stack::{Effect, PolicyDocument, Principal, Statement, TrustDocument};
use document::TagCondition;

/// A resource's tags.
pub type Tags = BTreeMap<String, String>;

/// A refusal, as the caller is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Denied {
    /// AWS's sentence.
    pub message: String,
    /// The statement that would allow it, unless a statement denies it outright.
    pub missing_statement: Option<Value>,
}

/// A refusal, as the people who mend it are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The physical name of the function that was refused.
    pub function: Arc<str>,
    /// What it was told, and the missing statement.
    pub denied: Denied,
}

type Sink = Box<dyn Fn(Denial) + Send + Sync>;

/// A role that can be assumed: who may, and what it may do.
#[derive(Debug, Clone)]
pub struct AssumableRole {
    /// Who may assume it.
    pub trust: TrustDocument,
    /// What it may do.
    pub policy: PolicyDocument,
}

struct Inner {
    account: String,
    policies: RwLock<HashMap<String, PolicyDocument>>,
    roles: RwLock<HashMap<String, AssumableRole>>,
    denials: Sink,
}

/// The documents in force; clones share them.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

impl Access {
    /// Nobody but the operator may do anything yet. `denials` hears of every refusal; it runs on
    /// the refused request's own thread and must not block.
    pub fn new(account: &str, denials: impl Fn(Denial) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            account: account.to_owned(),
            policies: RwLock::default(),
            roles: RwLock::default(),
            denials: Box::new(denials),
        }))
    }

    /// Puts the documents in force, by the functions' physical names.
    pub fn set_policies(&self, policies: HashMap<String, PolicyDocument>) {
        *self.0.policies.write().unwrap_or_else(PoisonError::into_inner) = policies;
    }

    /// Puts the roles in force that can be assumed, by their physical names.
    pub fn set_roles(&self, roles: HashMap<String, AssumableRole>) {
        *self.0.roles.write().unwrap_or_else(PoisonError::into_inner) = roles;
    }

    /// Whether the caller may do this, such as `dynamodb:GetItem` on a table's ARN.
    ///
    /// # Errors
    /// It may not.
    pub fn check(&self, caller: &Caller, action: &str, resource: &str) -> Result<(), Denied> {
        self.check_tagged(caller, action, resource, &Tags::new())
    }

    /// Whether the caller may do this to a resource that has tags.
    ///
    /// # Errors
    /// It may not.
    pub fn check_tagged(
        &self,
        caller: &Caller,
        action: &str,
        resource: &str,
        tags: &Tags,
    ) -> Result<(), Denied> {
        let (verdict, policy) = self.verdict(caller, action, resource, tags);
        if verdict == Verdict::Allowed {
            return Ok(());
        }
        Err(self.told(caller, self.denied(caller, action, resource, verdict, policy)))
    }

    /// Whether the caller may assume a role: its own document and the role's trust must both say
    /// so. Returns the role's physical name.
    ///
    /// # Errors
    /// It may not, or there is no such role, which is not told apart.
    pub fn may_assume<'a>(&self, caller: &Caller, role_arn: &'a str) -> Result<&'a str, Denied> {
        const ASSUME: &str = "sts:AssumeRole";
        let prefix = format!("arn:aws:iam::{}:role/", self.0.account);
        let name = role_arn.strip_prefix(&prefix).unwrap_or_default();
        let trusted = {
            let roles = self.0.roles.read().unwrap_or_else(PoisonError::into_inner);
            let by = caller.role().map(|role| format!("{prefix}{role}"));
            roles.get(name).is_some_and(|role| trusts(&role.trust, by.as_deref()))
        };
        if !trusted {
            let message = self.subject(caller, ASSUME, role_arn);
            return Err(self.told(caller, Denied { message, missing_statement: None }));
        }
        self.check(caller, ASSUME, role_arn).map(|()| name)
    }

    /// The verdict and the kind of document that it is by.
    fn verdict(
        &self,
        caller: &Caller,
        action: &str,
        resource: &str,
        tags: &Tags,
    ) -> (Verdict, &'static str) {
        const IDENTITY: &str = "identity-based";
        let by = |document: Option<&PolicyDocument>| {
            document.map_or(Verdict::Silent, |it| evaluate(&it.statement, action, resource))
        };
        let narrowed = |policy: &SessionPolicy| {
            let met = policy.statements.iter().filter(|one| are_met(&one.conditions, tags));
            evaluate(met.map(|one| &one.statement), action, resource)
        };
        match caller {
            Caller::Operator => (Verdict::Allowed, IDENTITY),
            Caller::Function(function) => {
                let policies = self.0.policies.read().unwrap_or_else(PoisonError::into_inner);
                (by(policies.get(&**function)), IDENTITY)
            }
            Caller::Session(session) => {
                let roles = self.0.roles.read().unwrap_or_else(PoisonError::into_inner);
                let role = by(roles.get(&session.role).map(|role| &role.policy));
                let own = session.policy.as_ref().map(narrowed);
                match (role, own) {
                    (Verdict::Allowed, Some(own)) => (own, "session"),
                    (role, _) => (role, IDENTITY),
                }
            }
        }
    }

    /// Tells the people who can mend it, where the caller is a function.
    fn told(&self, caller: &Caller, denied: Denied) -> Denied {
        if let Caller::Function(function) = caller {
            (self.0.denials)(Denial { function: function.clone(), denied: denied.clone() });
        }
        denied
    }

    fn denied(
        &self,
        caller: &Caller,
        action: &str,
        resource: &str,
        verdict: Verdict,
        policy: &str,
    ) -> Denied {
        let subject = self.subject(caller, action, resource);
        if verdict == Verdict::Denied {
            let article = if policy == "session" { "a" } else { "an" };
            let message = format!("{subject} with an explicit deny in {article} {policy} policy");
            return Denied { message, missing_statement: None };
        }
        Denied {
            message: format!("{subject} because no {policy} policy allows the {action} action"),
            missing_statement: Some(missing_statement(action, resource)),
        }
    }

    fn subject(&self, caller: &Caller, action: &str, resource: &str) -> String {
        let arn = caller.arn(&self.0.account);
        format!("User: {arn} is not authorized to perform: {action} on resource: {resource}")
    }
}

/// Whether a trust document lets a role, by its ARN, assume what it belongs to; a denial outweighs.
fn trusts(document: &TrustDocument, role_arn: Option<&str>) -> bool {
    let mut trusted = false;
    for statement in &document.statement {
        let applies = match &statement.principal {
            // Services do not call from within a stage.
            Principal::Service(_) => false,
            Principal::Roles { account: _, roles } => {
                role_arn.is_some_and(|arn| roles.iter().any(|one| one == arn))
            }
            Principal::Everyone => true,
        };
        match (applies, statement.effect) {
            (true, Effect::Deny) => return false,
            (true, Effect::Allow) => trusted = true,
            (false, _) => {}
        }
    }
    trusted
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allowed,
    Denied,
    Silent,
}

/// A statement that denies outweighs every one that allows; silence is a refusal.
fn evaluate<'a>(
    statements: impl IntoIterator<Item = &'a Statement>,
    action: &str,
    resource: &str,
) -> Verdict {
    let mut verdict = Verdict::Silent;
    for statement in statements {
        let applies = statement.action.iter().any(|one| pattern::matches_any_case(one, action))
            && statement.resource.iter().any(|one| pattern::matches(one, resource));
        match (applies, statement.effect) {
            (true, Effect::Deny) => return Verdict::Denied,
            (true, Effect::Allow) => verdict = Verdict::Allowed,
            (false, _) => {}
        }
    }
    verdict
}

fn are_met(conditions: &[TagCondition], tags: &Tags) -> bool {
    conditions.iter().all(|condition| tags.contains_key(&condition.key) != condition.is_absent)
}

/// One connection's ARN is of no use in a document: the statement names them all.
fn missing_statement(action: &str, resource: &str) -> Value {
    const CONNECTIONS: &str = "/@connections/";
    let resource = match resource.find(CONNECTIONS) {
        Some(at) => format!("{}*", &resource[..at + CONNECTIONS.len()]),
        None => resource.to_owned(),
    };
    json!({"Effect": "Allow", "Action": [action], "Resource": [resource]})
}

#[cfg(test)]
mod tests;
