//! Who may sign requests to the embedded cloud: the operator, each function as itself, and whoever
//! a function lent a role to.
//!
//! Finds keys; whether a signature is right is decided in `sigv4`, what the caller may do in `iam`.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::iam::SessionPolicy;

/// How long an ended session's keys are still known, in seconds.
const REMEMBERED_S: i64 = 3600;

/// Whose keys signed a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The person or tool that operates the stage; may do everything.
    Operator,
    /// A function, by its physical name; may do what its role's document says.
    Function(Arc<str>),
    /// Whoever holds the credentials of a role that was assumed; may do what both the role's
    /// document and the session's say.
    Session(Arc<Session>),
}

/// A role that was assumed for a while.
#[derive(Debug, PartialEq, Eq)]
pub struct Session {
    /// The role's physical name.
    pub role: String,
    /// What whoever assumed it called the session.
    pub name: String,
    /// The document that narrows the role's own.
    pub policy: Option<SessionPolicy>,
    /// When it ends, in seconds since the epoch.
    pub expires_s: i64,
}

impl Caller {
    /// The caller as IAM and STS write it.
    pub fn arn(&self, account: &str) -> String {
        match self {
            Self::Operator => format!("arn:aws:iam::{account}:user/operator"),
            Self::Function(name) => format!("arn:aws:sts::{account}:assumed-role/{name}/{name}"),
            Self::Session(session) => {
                let Session { role, name, policy: _, expires_s: _ } = &**session;
                format!("arn:aws:sts::{account}:assumed-role/{role}/{name}")
            }
        }
    }

    /// The role that the caller acts in, by its physical name; the operator is a user.
    pub fn role(&self) -> Option<&str> {
        match self {
            Self::Operator => None,
            Self::Function(name) => Some(name),
            Self::Session(session) => Some(&session.role),
        }
    }

    /// Whether the caller's credentials have ended.
    pub fn is_expired(&self, now_s: i64) -> bool {
        matches!(self, Self::Session(session) if session.expires_s <= now_s)
    }
}

/// A key pair, with the session token of temporary ones.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Keys {
    /// The public part.
    pub access_key_id: String,
    /// The secret part; never logged.
    pub secret_access_key: String,
    /// Present on a function's keys, as on a role's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

impl Keys {
    /// Keys of an IAM user (`AKIA…`).
    ///
    /// # Errors
    /// The operating system gave no randomness.
    pub fn generate_user() -> std::io::Result<Self> {
        Ok(Self {
            access_key_id: format!("AKIA{}", id()?),
            secret_access_key: secret(30)?,
            session_token: None,
        })
    }

    /// Temporary keys of a role (`ASIA…`).
    ///
    /// # Errors
    /// The operating system gave no randomness.
    pub fn generate_role() -> std::io::Result<Self> {
        let session_token = Some(secret(96)?);
        Ok(Self {
            access_key_id: format!("ASIA{}", id()?),
            secret_access_key: secret(30)?,
            session_token,
        })
    }
}

/// Sixteen characters of the alphabet of access key ids.
fn id() -> std::io::Result<String> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    Ok(random(16)?.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

fn secret(bytes: usize) -> std::io::Result<String> {
    Ok(STANDARD.encode(random(bytes)?))
}

/// Bytes from the operating system's generator.
///
/// # Errors
/// The operating system gave none.
pub fn random(bytes: usize) -> std::io::Result<Vec<u8>> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer)?;
    Ok(buffer)
}

/// Every key pair that the embedded cloud knows; clones share them.
#[derive(Clone, Debug)]
pub struct Credentials {
    operator: Keys,
    by_id: Arc<RwLock<HashMap<String, (Keys, Caller)>>>,
}

impl Credentials {
    /// Knows the operator's keys and nobody else's.
    pub fn new(operator: Keys) -> Self {
        let known =
            HashMap::from([(operator.access_key_id.clone(), (operator.clone(), Caller::Operator))]);
        Self { operator, by_id: Arc::new(RwLock::new(known)) }
    }

    /// The operator's keys.
    pub fn operator(&self) -> &Keys {
        &self.operator
    }

    /// The keys and their owner, by access key id. Those of an ended session are found for a while,
    /// so that whoever still uses them is told why it does not work.
    pub fn find(&self, access_key_id: &str) -> Option<(Keys, Caller)> {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner).get(access_key_id).cloned()
    }

    /// The function's keys, made when first asked for and the same until the host ends.
    ///
    /// # Errors
    /// The operating system gave no randomness.
    pub fn mint_function(&self, physical: &str) -> std::io::Result<Keys> {
        let caller = Caller::Function(physical.into());
        let mut known = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((keys, _)) = known.values().find(|(_, owner)| *owner == caller) {
            return Ok(keys.clone());
        }
        let keys = Keys::generate_role()?;
        known.insert(keys.access_key_id.clone(), (keys.clone(), caller));
        Ok(keys)
    }

    /// Fresh keys of a session; those of sessions that ended long ago are forgotten.
    ///
    /// # Errors
    /// The operating system gave no randomness.
    pub fn mint_session(&self, session: Session, now_s: i64) -> std::io::Result<Keys> {
        let keys = Keys::generate_role()?;
        let caller = Caller::Session(Arc::new(session));
        let mut known = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, caller)| !caller.is_expired(now_s - REMEMBERED_S));
        known.insert(keys.access_key_id.clone(), (keys.clone(), caller));
        Ok(keys)
    }
}
