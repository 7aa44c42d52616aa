//! Lambda's REST API: Invoke in its three types, ListFunctions, GetFunction,
//! GetFunctionConfiguration. Errors are named as AWS names them.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::{Function, Invocation, InvokeError, Lambda, ids};
use crate::local::answer::{self, Answer, Call};
use crate::local::credentials::Caller;
use crate::stack::LIVE_ALIAS;

const VERSION: &str = "/2015-03-31/functions";
/// The only version there is here; the alias `live` leads to it.
const LATEST: &str = "$LATEST";
/// The largest payloads, of a request that waits for its answer and of an event.
const REQUEST_BYTES: usize = 6 * 1024 * 1024;
const EVENT_BYTES: usize = 1024 * 1024;

/// An error as the service names it.
struct Fault {
    status: StatusCode,
    name: &'static str,
    /// Whose fault, the member `Type` of most errors.
    sender: &'static str,
    message: String,
}

impl Fault {
    fn new(status: StatusCode, name: &'static str, message: impl Into<String>) -> Self {
        Self { status, name, sender: "User", message: message.into() }
    }

    fn answer(self) -> Answer {
        // Errors differ in how they write the member; clients read either.
        let body = json!({"Type": self.sender, "Message": self.message, "message": self.message});
        let mut answer = answer::json(self.status, &body);
        set(&mut answer, "x-amzn-errortype", self.name);
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            set(&mut answer, "retry-after", "1");
        }
        answer
    }
}

impl Lambda {
    /// Answers a verified request.
    pub async fn handle(&self, call: Call) -> Answer {
        let id = match ids::request_id() {
            Ok(id) => id,
            Err(error) => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                return Fault::new(status, "ServiceException", error.to_string()).answer();
            }
        };
        let mut answer = self.dispatch(call, id.clone()).await.unwrap_or_else(Fault::answer);
        set(&mut answer, "x-amzn-requestid", &id);
        answer
    }

    async fn dispatch(&self, call: Call, id: Arc<str>) -> Result<Answer, Fault> {
        let path = call.parts.uri.path().strip_prefix(VERSION).map(|path| path.trim_matches('/'));
        let Some(path) = path.map(str::to_owned) else { return Err(unknown(&call)) };
        let (name, operation) = path.split_once('/').unwrap_or((&path, ""));
        match (call.parts.method.clone(), name, operation) {
            (Method::GET, "", "") => self.list(&call.caller, call.parts.uri.query()),
            (Method::POST, name, "invocations") => self.invoke_call(call, &decode(name), id).await,
            (Method::GET, name, "") => {
                let function = self.found(&call.caller, "GetFunction", &decode(name))?;
                let code = json!({"RepositoryType": "S3"});
                let body = json!({"Configuration": self.described(&function), "Code": code});
                Ok(answer::json(StatusCode::OK, &body))
            }
            (Method::GET, name, "configuration") => {
                let name = decode(name);
                let function = self.found(&call.caller, "GetFunctionConfiguration", &name)?;
                Ok(answer::json(StatusCode::OK, &self.described(&function)))
            }
            _ => Err(unknown(&call)),
        }
    }

    fn allow(&self, caller: &Caller, operation: &str, resource: &str) -> Result<(), Fault> {
        let checked = self.0.access.check(caller, &format!("lambda:{operation}"), resource);
        checked.map_err(|denied| {
            Fault::new(StatusCode::FORBIDDEN, "AccessDeniedException", denied.to_string())
        })
    }

    fn arn(&self, named: Named<'_>) -> String {
        let settings = &self.0.settings;
        let qualifier = named.qualifier.map(|one| format!(":{one}")).unwrap_or_default();
        format!(
            "arn:aws:lambda:{}:{}:function:{}{qualifier}",
            settings.region, settings.account, named.name
        )
    }

    /// The function, if the caller may do this to it under the qualifier that it named.
    fn found(&self, caller: &Caller, operation: &str, name: &str) -> Result<Arc<Function>, Fault> {
        let named = Named::of(name);
        let arn = self.arn(named);
        self.allow(caller, operation, &arn)?;
        let known = named.qualifier.is_none_or(|one| [LATEST, LIVE_ALIAS].contains(&one));
        let function = known.then(|| self.0.find(named.name)).flatten();
        function.ok_or_else(|| not_found(&arn))
    }

    async fn invoke_call(&self, call: Call, named: &str, id: Arc<str>) -> Result<Answer, Fault> {
        self.found(&call.caller, "InvokeFunction", named)?;
        let name = Named::of(named).name;
        let headers = &call.parts.headers;
        let kind = header(headers, "x-amz-invocation-type").unwrap_or("RequestResponse");
        let most = if kind == "Event" { EVENT_BYTES } else { REQUEST_BYTES };
        let payload = checked(call.body, most)?;
        let tail = header(headers, "x-amz-log-type") == Some("Tail");
        match kind {
            "RequestResponse" => {
                let run = self.run(name, id.clone(), payload, tail).await;
                match run {
                    Ok(done) => Ok(answered(done.invocation, done.tail)),
                    Err(error) => self.not_run(name, &id, error),
                }
            }
            "Event" => match self.enqueue(name, id.clone(), payload) {
                Ok(()) => Ok(answer::empty(StatusCode::ACCEPTED)),
                Err(error) => self.not_run(name, &id, error),
            },
            "DryRun" => Ok(answer::empty(StatusCode::NO_CONTENT)),
            other => Err(Fault::new(
                StatusCode::BAD_REQUEST,
                "InvalidParameterValueException",
                format!(
                    "Value '{other}' at 'invocationType' is none of Event, RequestResponse, DryRun"
                ),
            )),
        }
    }

    /// A process that does not start is the function's own error, as on AWS.
    fn not_run(&self, name: &str, id: &str, error: InvokeError) -> Result<Answer, Fault> {
        match error {
            InvokeError::NotFound => Err(not_found(&self.arn(Named::of(name)))),
            InvokeError::Throttled => Err(Fault::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyRequestsException",
                "Rate Exceeded.",
            )),
            InvokeError::Start(reason) => {
                let message = format!("RequestId: {id} Error: {reason}");
                Ok(answered(Invocation::failed("Runtime.ExitError", &message), None))
            }
        }
    }

    fn list(&self, caller: &Caller, query: Option<&str>) -> Result<Answer, Fault> {
        self.allow(caller, "ListFunctions", "*")?;
        let parameter = |name: &str| {
            let pairs =
                query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
            pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| decode(value))
        };
        let most = match parameter("MaxItems") {
            None => 50,
            Some(text) => {
                text.parse().ok().filter(|n| (1..=10_000).contains(n)).ok_or_else(|| {
                    let message =
                        format!("Value '{text}' at 'maxItems' is not between 1 and 10000");
                    Fault::new(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message)
                })?
            }
        };
        let after = parameter("Marker").unwrap_or_default();
        let mut names: Vec<String> = self.status().into_iter().map(|one| one.name).collect();
        names.retain(|name| *name > after);
        let marker = (names.len() > most).then(|| names[most - 1].clone());
        let functions = names.iter().take(most).filter_map(|name| self.0.find(name));
        let functions: Vec<Value> = functions.map(|one| self.described(&one)).collect();
        let mut body = json!({"Functions": functions});
        if let Some(marker) = marker {
            body["NextMarker"] = marker.into();
        }
        Ok(answer::json(StatusCode::OK, &body))
    }

    fn described(&self, function: &Function) -> Value {
        let config = function.pool().config();
        json!({
            "FunctionName": config.physical,
            "FunctionArn": function.arn,
            "Runtime": "provided.al2023",
            "Role": format!("arn:aws:iam::{}:role/{}", self.0.settings.account, config.physical),
            "Handler": config.handler,
            "CodeSize": std::fs::metadata(&config.bootstrap).map_or(0, |file| file.len()),
            "Description": "",
            "Timeout": config.timeout_s,
            "MemorySize": config.memory_mb,
            "CodeSha256": config.code_sha256,
            "Version": LATEST,
            "Environment": {"Variables": config.environment},
            "TracingConfig": {"Mode": "PassThrough"},
            "PackageType": "Zip",
            "Architectures": [if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }],
            "EphemeralStorage": {"Size": 512},
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "LoggingConfig": {"LogFormat": "JSON", "LogGroup": config.log_group},
        })
    }
}

fn answered(invocation: Invocation, tail: Option<String>) -> Answer {
    let (body, error) = match invocation {
        Invocation::Success(body) => (body, None),
        Invocation::FunctionError { kind, payload } => (payload, Some(kind)),
    };
    let mut answer = answer::answer(StatusCode::OK, "application/json", body);
    set(&mut answer, "x-amz-executed-version", LATEST);
    if let Some(kind) = error {
        set(&mut answer, "x-amz-function-error", &kind);
    }
    if let Some(tail) = tail {
        set(&mut answer, "x-amz-log-result", &STANDARD.encode(tail));
    }
    answer
}

/// The payload if it is JSON and not too large; none is an empty object.
fn checked(body: Bytes, most: usize) -> Result<Bytes, Fault> {
    if body.len() > most {
        return Err(Fault::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTooLargeException",
            format!("Request must be smaller than {most} bytes for the InvokeFunction operation"),
        ));
    }
    if body.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<IgnoredAny>(&body) {
        Ok(_) => Ok(body),
        Err(error) => Err(Fault::new(
            StatusCode::BAD_REQUEST,
            "InvalidRequestContentException",
            format!("Could not parse request body into json: {error}"),
        )),
    }
}

/// A function as a caller names it: by a name, an ARN or a part of one, each with a qualifier or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Named<'a> {
    name: &'a str,
    qualifier: Option<&'a str>,
}

impl<'a> Named<'a> {
    fn of(text: &'a str) -> Self {
        let text = text.rsplit_once("function:").map_or(text, |(_, name)| name);
        match text.split_once(':') {
            Some((name, qualifier)) => Self { name, qualifier: Some(qualifier) },
            None => Self { name: text, qualifier: None },
        }
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A value that a header cannot carry is left out; none of ours is such.
fn set(answer: &mut Answer, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

fn not_found(arn: &str) -> Fault {
    let message = format!("Function not found: {arn}");
    Fault::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
}

fn unknown(call: &Call) -> Fault {
    let message =
        format!("{} {} is not part of the stage `local`", call.parts.method, call.parts.uri.path());
    Fault::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_in_several_ways() {
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:chat-local-Send";
        for (text, qualifier) in [
            ("chat-local-Send", None),
            ("chat-local-Send:$LATEST", Some(LATEST)),
            (arn, None),
            ("000000000000:function:chat-local-Send", None),
            (&decode(&format!("{arn}:live").replace(':', "%3A")), Some("live")),
        ] {
            assert_eq!(Named::of(text), Named { name: "chat-local-Send", qualifier }, "{text}");
        }
    }

    #[test]
    fn a_payload_is_json_and_not_too_large() {
        assert_eq!(checked(Bytes::new(), 9).map_err(|f| f.name).unwrap(), "{}");
        let name = |body: &'static str, most| checked(body.into(), most).map_err(|f| f.name).err();
        assert_eq!(name("[1]", 3), None);
        assert_eq!(name("[1 ]", 3), Some("RequestTooLargeException"));
        assert_eq!(name("{,", 9), Some("InvalidRequestContentException"));
    }
}
