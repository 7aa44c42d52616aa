//! Decides what a caller may do, by the very documents that AWS would be given.
//!
//! The operator may do everything. A function may do what its document allows and does not deny;
//! a refusal carries the statement that was missing, and is told to the sink that the host gave.

mod pattern;

pub use pattern::matches;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Value, json};

use super::credentials::Caller;
use crate::stack::{Effect, PolicyDocument};

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

struct Inner {
    account: String,
    policies: RwLock<HashMap<String, PolicyDocument>>,
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
            denials: Box::new(denials),
        }))
    }

    /// Puts the documents in force, by the functions' physical names.
    pub fn set_policies(&self, policies: HashMap<String, PolicyDocument>) {
        *self.0.policies.write().unwrap_or_else(PoisonError::into_inner) = policies;
    }

    /// Whether the caller may do this, such as `dynamodb:GetItem` on a table's ARN.
    ///
    /// # Errors
    /// It may not.
    pub fn check(&self, caller: &Caller, action: &str, resource: &str) -> Result<(), Denied> {
        let Caller::Function(function) = caller else { return Ok(()) };
        let verdict = {
            let policies = self.0.policies.read().unwrap_or_else(PoisonError::into_inner);
            policies
                .get(&**function)
                .map_or(Verdict::Silent, |document| evaluate(document, action, resource))
        };
        if verdict == Verdict::Allowed {
            return Ok(());
        }
        let denied = self.denied(caller, action, resource, verdict);
        (self.0.denials)(Denial { function: function.clone(), denied: denied.clone() });
        Err(denied)
    }

    fn denied(&self, caller: &Caller, action: &str, resource: &str, verdict: Verdict) -> Denied {
        let arn = caller.arn(&self.0.account);
        let subject =
            format!("User: {arn} is not authorized to perform: {action} on resource: {resource}");
        if verdict == Verdict::Denied {
            let message = format!("{subject} with an explicit deny in an identity-based policy");
            return Denied { message, missing_statement: None };
        }
        Denied {
            message: format!(
                "{subject} because no identity-based policy allows the {action} action"
            ),
            missing_statement: Some(missing_statement(action, resource)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allowed,
    Denied,
    Silent,
}

/// A statement that denies outweighs every one that allows; silence is a refusal.
fn evaluate(document: &PolicyDocument, action: &str, resource: &str) -> Verdict {
    let mut verdict = Verdict::Silent;
    for statement in &document.statement {
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
