//! The Lambda REQUEST authorizer of `$connect`: WebSocket APIs have no other kind, and no cache.

use std::time::Instant;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Gateway;
use super::event::{Event, HandshakeParts};
use super::handshake::{Candidate, Refusal};
use super::integration::Outcome;
use super::routes::CONNECT;
use crate::local::iam;

/// A function that decides on connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorizer {
    /// The physical name of the function.
    pub function: String,
    /// What a request must have before the function is even asked, as API Gateway writes it:
    /// `route.request.querystring.NAME` or `route.request.header.NAME`.
    pub identity_sources: Vec<String>,
}

impl Authorizer {
    /// Whether the request has everything that the function is to judge by.
    fn identifies(&self, parts: &HandshakeParts) -> bool {
        self.identity_sources.iter().all(|source| {
            let value = match source.strip_prefix("route.request.querystring.") {
                Some(name) => parts.query(name),
                None => {
                    source.strip_prefix("route.request.header.").and_then(|name| parts.header(name))
                }
            };
            value.is_some_and(|value| !value.is_empty())
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    principal_id: String,
    policy_document: Document,
    #[serde(default)]
    context: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    statement: OneOrMany<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: Effect,
    action: OneOrMany<String>,
    resource: OneOrMany<String>,
}

#[derive(Deserialize, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
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
    /// The context that every later event carries.
    pub(super) async fn authorize(
        &self,
        authorizer: &Authorizer,
        candidate: &Candidate,
    ) -> Result<Value, Refusal> {
        if !authorizer.identifies(&candidate.parts) {
            return Err(Refusal::Unauthorized);
        }
        let method_arn = self.settings().arn(CONNECT);
        let context = self.handshake_context(candidate, None);
        let event = Event::to_authorize(&method_arn, candidate.parts.http(), context);
        let began = Instant::now();
        let returned = match self.run(&authorizer.function, event.payload()).await {
            Outcome::Returned(body) if body.len() <= self.limits().authorizer_bytes => body,
            Outcome::Failed(error) if says_unauthorized(&error) => {
                return Err(Refusal::Unauthorized);
            }
            Outcome::Returned(_) | Outcome::Failed(_) | Outcome::Silent => {
                return Err(Refusal::AuthorizerFailed);
            }
        };
        judge(&returned, &method_arn, began.elapsed().as_millis())
    }
}

/// The one error message that means 401 and not 500.
fn says_unauthorized(error: &[u8]) -> bool {
    let error: Option<Value> = serde_json::from_slice(error).ok();
    error.is_some_and(|error| error["errorMessage"] == "Unauthorized")
}

/// What an authorizer's answer comes to.
fn judge(returned: &[u8], method_arn: &str, latency_ms: u128) -> Result<Value, Refusal> {
    let verdict: Verdict =
        serde_json::from_slice(returned).map_err(|_| Refusal::AuthorizerFailed)?;
    let context = context(verdict.context.unwrap_or_default()).ok_or(Refusal::AuthorizerFailed)?;
    if !allows(&verdict.policy_document, method_arn) {
        return Err(Refusal::Forbidden);
    }
    let mut context = context;
    context.insert("principalId".to_owned(), Value::String(verdict.principal_id));
    let latency = u64::try_from(latency_ms).unwrap_or(u64::MAX);
    context.insert("integrationLatency".to_owned(), latency.into());
    Ok(Value::Object(context))
}

/// The context as events carry it: every value a text. None if one is a list or an object.
fn context(context: Map<String, Value>) -> Option<Map<String, Value>> {
    let texts = context.into_iter().map(|(key, value)| {
        let text = match value {
            Value::String(text) => text,
            scalar @ (Value::Bool(_) | Value::Number(_)) => scalar.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        Some((key, Value::String(text)))
    });
    texts.collect()
}

/// Whether the document allows it and does not deny it.
fn allows(document: &Document, method_arn: &str) -> bool {
    let applies = |statement: &&Statement| {
        let invokes = |action: &String| iam::matches(action, "execute-api:Invoke");
        let names = |resource: &String| iam::matches(resource, method_arn);
        statement.action.as_slice().iter().any(invokes)
            && statement.resource.as_slice().iter().any(names)
    };
    let effects = || document.statement.as_slice().iter().filter(applies).map(|s| &s.effect);
    effects().any(|effect| *effect == Effect::Allow)
        && !effects().any(|effect| *effect == Effect::Deny)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:local/local/$connect";

    fn answer(effect: &str, resource: Value) -> Value {
        json!({
            "principalId": "ann",
            "policyDocument": {"Version": "2012-10-17", "Statement": [
                {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
            ]},
        })
    }

    fn judged(answer: &Value) -> Result<Value, Refusal> {
        judge(answer.to_string().as_bytes(), ARN, 7)
    }

    #[test]
    fn an_allow_policy_names_the_method() {
        let stage = ARN.strip_suffix("/$connect").unwrap();
        for resource in [json!(ARN), json!([ARN]), json!(format!("{stage}/*")), json!("*")] {
            assert!(judged(&answer("Allow", resource.clone())).is_ok(), "{resource}");
        }
        for resource in [json!(format!("{stage}/*/*")), json!(format!("{ARN}x")), json!([])] {
            let judged = judged(&answer("Allow", resource.clone()));
            assert_eq!(judged, Err(Refusal::Forbidden), "{resource}");
        }
        assert_eq!(judged(&answer("Deny", json!(ARN))), Err(Refusal::Forbidden));
        let mut both = answer("Allow", json!(ARN));
        let deny = json!({"Action": ["*"], "Effect": "Deny", "Resource": "*"});
        both["policyDocument"]["Statement"].as_array_mut().unwrap().push(deny);
        assert_eq!(judged(&both), Err(Refusal::Forbidden));
    }

    #[test]
    fn the_context_becomes_texts_beside_the_principal() {
        let mut allowed = answer("Allow", json!(ARN));
        allowed["context"] = json!({"role": "admin", "age": 7, "active": true});
        let expected = json!({
            "principalId": "ann", "integrationLatency": 7,
            "role": "admin", "age": "7", "active": "true",
        });
        assert_eq!(judged(&allowed), Ok(expected));
        allowed["context"] = json!({"nested": {}});
        assert_eq!(judged(&allowed), Err(Refusal::AuthorizerFailed));
    }

    #[test]
    fn an_answer_of_another_shape_is_a_failure() {
        let without_principal = {
            let mut answer = answer("Allow", json!(ARN));
            answer.as_object_mut().unwrap().remove("principalId");
            answer
        };
        for answer in [json!(null), json!({}), json!("Allow"), without_principal] {
            assert_eq!(judged(&answer), Err(Refusal::AuthorizerFailed), "{answer}");
        }
    }
}
