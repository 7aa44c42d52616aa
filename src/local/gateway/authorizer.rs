//! The Lambda REQUEST authorizer of `$connect`; there is no other kind and no cache.

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::Gateway;
use super::event::{Event, RequestContext};
use super::handshake::{Candidate, refused};
use crate::local::answer::Answer;
use crate::local::iam;
use crate::local::lambda::Invocation;

/// A function that decides on connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorizer {
    /// The physical name of the function.
    pub function: String,
    /// The query parameter without which nobody is even asked: 401.
    pub identity_source: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    principal_id: String,
    policy_document: Document,
    #[serde(default)]
    context: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    statement: OneOrMany<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: String,
    action: OneOrMany<String>,
    resource: OneOrMany<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::Many(many) => many,
            Self::One(one) => std::slice::from_ref(one),
        }
    }
}

impl Gateway {
    /// The context that every later event carries, or the answer that refuses.
    pub(super) async fn authorize(
        &self,
        authorizer: &Authorizer,
        candidate: &Candidate,
    ) -> Result<Value, Answer> {
        let unauthorized = || refused(StatusCode::UNAUTHORIZED, "Unauthorized", Some(candidate));
        let broken =
            || refused(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error", Some(candidate));
        let source = authorizer.identity_source.as_deref();
        if source.is_some_and(|name| candidate.parts.query(name).is_none_or(str::is_empty)) {
            return Err(unauthorized());
        }
        let method_arn = self.method_arn();
        let subject = candidate.subject(None);
        let event = Event {
            kind: Some("REQUEST"),
            method_arn: Some(method_arn.clone()),
            stage_variables: Some(Default::default()),
            http: candidate.parts.http(),
            request_context: RequestContext::new(
                self.settings(),
                &subject,
                "$connect",
                "CONNECT",
                &candidate.request_id,
            ),
            body: None,
            is_base64_encoded: false,
        };
        let limit = self.settings().limits.integration_timeout;
        let invoked = tokio::time::timeout(
            limit,
            self.0.lambda.invoke(&authorizer.function, event.payload()),
        )
        .await;
        let returned = match invoked {
            Ok(Ok(Invocation::Success(body))) => body,
            Ok(Ok(Invocation::FunctionError { payload, .. })) if says_unauthorized(&payload) => {
                return Err(unauthorized());
            }
            _ => return Err(broken()),
        };
        let Ok(verdict) = serde_json::from_slice::<Verdict>(&returned) else {
            return Err(broken());
        };
        if !allows(&verdict.policy_document, &method_arn) {
            return Err(refused(StatusCode::FORBIDDEN, "Forbidden", Some(candidate)));
        }
        let mut context = verdict.context;
        context.insert("principalId".to_owned(), Value::String(verdict.principal_id));
        Ok(Value::Object(context))
    }

    fn method_arn(&self) -> String {
        let settings = self.settings();
        let (region, account) = (&settings.region, &settings.account);
        format!(
            "arn:aws:execute-api:{region}:{account}:{}/{}/$connect",
            settings.api_id, settings.stage
        )
    }
}

/// The one error message that means 401 and not 500.
fn says_unauthorized(payload: &[u8]) -> bool {
    let error: Option<Value> = serde_json::from_slice(payload).ok();
    error.is_some_and(|error| error["errorMessage"] == "Unauthorized")
}

fn allows(document: &Document, method_arn: &str) -> bool {
    let applies = |statement: &&Statement| {
        let invoke = |action: &String| iam::matches(action, "execute-api:Invoke");
        let named = |resource: &String| iam::matches(resource, method_arn);
        statement.action.as_slice().iter().any(invoke)
            && statement.resource.as_slice().iter().any(named)
    };
    let effects: Vec<&str> = document
        .statement
        .as_slice()
        .iter()
        .filter(applies)
        .map(|statement| statement.effect.as_str())
        .collect();
    effects.contains(&"Allow") && !effects.contains(&"Deny")
}
