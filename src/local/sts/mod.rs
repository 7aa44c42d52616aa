//! STS in the query protocol: says who the caller is, and lends roles.
//!
//! A session lives in memory: when the host ends, everybody asks for a new one.

mod assume;
mod form;

use http::StatusCode;
use jiff::Timestamp;

use super::answer::{Answer, Call, answer};
use super::credentials::{Caller, Credentials};
use super::iam::{Access, Denied, Malformed};
use assume::AssumeRole;
use form::Form;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The security token service of an account.
#[derive(Clone)]
pub struct Sts {
    account: std::sync::Arc<str>,
    credentials: Credentials,
    access: Access,
}

/// Why a call is refused.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationError", message)
    }

    fn answer(&self) -> Answer {
        let Self { status, code, message } = self;
        let kind = if status.is_server_error() { "Receiver" } else { "Sender" };
        let message = super::sigv4::escape(message);
        let body = format!(
            "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{kind}</Type><Code>{code}</Code>\
             <Message>{message}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
            ulid::Ulid::new()
        );
        xml(*status, &body)
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        Self { status: StatusCode::FORBIDDEN, code: "AccessDenied", message: denied.message }
    }
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::new("MalformedPolicyDocument", malformed.to_string())
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { status, code: "InternalFailure", message: error.to_string() }
    }
}

impl Sts {
    /// The service of this account; the keys of its sessions become known to `credentials`.
    pub fn new(account: &str, credentials: Credentials, access: Access) -> Self {
        Self { account: account.into(), credentials, access }
    }

    /// Answers a call; whoever signs may ask who they are.
    pub async fn handle(&self, call: Call) -> Answer {
        let body = Form::parse(std::str::from_utf8(&call.body).unwrap_or_default());
        let query = Form::parse(call.parts.uri.query().unwrap_or_default());
        let form = if body.get("Action").is_some() { body } else { query };
        let result = match form.get("Action") {
            Some("GetCallerIdentity") => Ok(self.identity(&call.caller)),
            Some("AssumeRole") => self.assume(&call.caller, &form),
            Some(action) => Err(Refusal::new(
                "InvalidAction",
                format!("Could not find operation {action} for version 2011-06-15"),
            )),
            None => Err(Refusal::new("MissingAction", "Could not find operation in the request")),
        };
        result.map_or_else(|refusal| refusal.answer(), |body| xml(StatusCode::OK, &body))
    }

    fn identity(&self, caller: &Caller) -> String {
        let user = match caller {
            Caller::Operator => "AIDAOPERATOROFTHESTAGE".to_owned(),
            Caller::Function(name) => format!("AROAFUNCTIONOFTHESTAGE:{name}"),
            Caller::Session(session) => format!("{}:{}", role_id(&session.role), session.name),
        };
        let body = format!(
            "<Arn>{}</Arn><UserId>{user}</UserId><Account>{}</Account>",
            caller.arn(&self.account),
            self.account
        );
        response("GetCallerIdentity", &body)
    }

    fn assume(&self, caller: &Caller, form: &Form) -> Result<String, Refusal> {
        let request = AssumeRole::read(form)?;
        let role = self.access.may_assume(caller, request.role_arn)?;
        let packed = request.packed_policy_size();
        let session = request.session(role);
        let id = format!("{}:{}", role_id(role), session.name);
        let arn = format!("arn:aws:sts::{}:assumed-role/{role}/{}", self.account, session.name);
        let expires = Timestamp::from_second(session.expires_s).unwrap_or(Timestamp::MAX);
        let keys = self.credentials.mint_session(session, Timestamp::now().as_second())?;
        let packed = packed
            .map(|percent| format!("<PackedPolicySize>{percent}</PackedPolicySize>"))
            .unwrap_or_default();
        let body = format!(
            "<AssumedRoleUser><AssumedRoleId>{id}</AssumedRoleId><Arn>{arn}</Arn>\
             </AssumedRoleUser><Credentials><AccessKeyId>{}</AccessKeyId>\
             <SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken>\
             <Expiration>{expires}</Expiration></Credentials>{packed}",
            keys.access_key_id,
            keys.secret_access_key,
            keys.session_token.unwrap_or_default()
        );
        Ok(response("AssumeRole", &body))
    }
}

/// A role's id: the same for the same role, and told from another's.
fn role_id(role: &str) -> String {
    let letters = role.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_uppercase());
    let letters: String = letters.map(char::from).collect();
    format!("AROA{}", &letters[letters.len().saturating_sub(16)..])
}

fn response(operation: &str, result: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>{result}\
         </{operation}Result><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata>\
         </{operation}Response>",
        ulid::Ulid::new()
    )
}

fn xml(status: StatusCode, body: &str) -> Answer {
    answer(status, "text/xml", body.to_owned())
}

#[cfg(test)]
mod tests;
