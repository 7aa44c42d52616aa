//! A Lambda host with one function, the Python bootstrap, and a log store in a temporary folder.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use bytes::Bytes;
use chatctl::local::answer::Call;
use chatctl::local::credentials::{Caller, Credentials, Keys};
use chatctl::local::faults::Faults;
use chatctl::local::iam::Access;
use chatctl::local::lambda::{
    FunctionConfig, Invocation, InvokeError, Lambda, LambdaLimits, LambdaSettings,
};
use chatctl::local::logs::{LogStore, LogsApi};
use chatctl::stack::Place;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The function's physical name.
pub const NAME: &str = "chat-local-Echo";

/// A host and what it needs.
pub struct Stage {
    pub folder: TempDir,
    pub lambda: Lambda,
    pub credentials: Credentials,
    pub access: Access,
    pub faults: Faults,
    pub logs: LogsApi,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(LambdaLimits::default(), &[]).await
    }

    pub async fn with(limits: LambdaLimits, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        install(&folder);
        let store = LogStore::open(&folder.path().join("logs.sqlite")).unwrap();
        let credentials = Credentials::new(Keys::generate_user().unwrap());
        let access = Access::new("000000000000", |_| {});
        let faults = Faults::default();
        let settings = LambdaSettings {
            endpoint: "http://127.0.0.1:1".into(),
            connections_endpoint: "http://127.0.0.1:1/local".into(),
            region: "us-east-1".into(),
            account: "000000000000".into(),
        };
        let lambda = Lambda::with_limits(
            settings,
            limits,
            store.clone(),
            credentials.clone(),
            access.clone(),
            faults.clone(),
        );
        let logs = LogsApi::new(store, access.clone(), Place::local());
        let stage = Self { folder, lambda, credentials, access, faults, logs };
        stage.lambda.configure(vec![stage.config("first", variables)]).await;
        stage
    }

    pub fn config(&self, code: &str, variables: &[(&str, &str)]) -> FunctionConfig {
        let own = [("OWN", "variable"), ("AWS_REGION", "is reserved")];
        let variables = own.iter().chain(variables);
        FunctionConfig {
            physical: NAME.into(),
            handler: "EchoHandler".into(),
            bootstrap: self.folder.path().join("bootstrap"),
            code_sha256: code.into(),
            memory_mb: 128,
            timeout_s: 2,
            environment: variables.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            log_group: format!("/aws/lambda/{NAME}"),
        }
    }

    pub async fn invoke(&self, event: Value) -> Result<Invocation, InvokeError> {
        self.lambda.invoke(NAME, Bytes::from(event.to_string())).await
    }

    /// Posts to Lambda's API as somebody whose signature was verified.
    pub async fn post(
        &self,
        caller: Caller,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answered {
        let mut request = http::Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.call(caller, request, body.to_owned()).await
    }

    /// Gets from Lambda's API as the operator.
    pub async fn get(&self, path: &str) -> Answered {
        self.call(Caller::Operator, http::Request::get(path), String::new()).await
    }

    async fn call(
        &self,
        caller: Caller,
        request: http::request::Builder,
        body: String,
    ) -> Answered {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let answer = self.lambda.handle(Call { caller, parts, body: Bytes::from(body) }).await;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Answered { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// The function's lines, as the operator reads them.
    pub async fn log(&self) -> Vec<String> {
        let answer = logs_call(
            &self.logs,
            "FilterLogEvents",
            json!({"logGroupName": format!("/aws/lambda/{NAME}")}),
        )
        .await;
        let events = answer.1["events"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
        events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
    }
}

/// An answer of Lambda's API.
pub struct Answered {
    pub status: u16,
    headers: http::HeaderMap,
    pub body: Value,
}

impl Answered {
    /// A header, empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Calls an operation of the logs API as the operator.
pub async fn logs_call(api: &LogsApi, operation: &str, body: Value) -> (u16, Value) {
    let request = http::Request::post("/")
        .header("x-amz-target", format!("Logs_20140328.{operation}"))
        .body(())
        .unwrap();
    let (parts, ()) = request.into_parts();
    let call = Call { caller: Caller::Operator, parts, body: Bytes::from(body.to_string()) };
    let answer = api.handle(call).await;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// Puts the bootstrap there, for the Python that is on this machine: its environment will be clean.
fn install(folder: &TempDir) {
    let found = std::process::Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .expect("python3 runs");
    let python = String::from_utf8(found.stdout).unwrap();
    let script = include_str!("../fixtures/lambda/bootstrap.py");
    let path = folder.path().join("bootstrap");
    std::fs::write(&path, format!("#!{} -S\n{script}", python.trim())).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The answer of an invocation that went well.
pub fn success(invocation: Result<Invocation, InvokeError>) -> Value {
    match invocation {
        Ok(Invocation::Success(body)) => serde_json::from_slice(&body).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The error of an invocation that did not.
pub fn error(invocation: Result<Invocation, InvokeError>) -> Value {
    match invocation {
        Ok(Invocation::FunctionError { kind, payload }) if kind == "Unhandled" => {
            serde_json::from_slice(&payload).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

/// Whether a process runs; one that only waits to be buried does not.
pub fn alive(pid: u64) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
}

/// Waits until something holds, ten seconds at most.
pub async fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come to hold within ten seconds");
}
