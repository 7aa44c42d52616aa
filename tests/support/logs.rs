//! The logs API over a store in a temporary folder.

use bytes::Bytes;
use chatctl::local::answer::Call;
use chatctl::local::credentials::Caller;
use chatctl::local::iam::Access;
use chatctl::local::logs::{LogStore, LogsApi};
use chatctl::stack::Place;
use http_body_util::BodyExt;
use serde_json::Value;
use tempfile::TempDir;

/// The API and its store.
pub struct Api {
    folder: TempDir,
    pub store: LogStore,
    api: LogsApi,
}

impl Api {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, api) = open(&folder);
        Self { folder, store, api }
    }

    /// Opens the same file again, as a host that starts anew does.
    pub fn reopen(&mut self) {
        (self.store, self.api) = open(&self.folder);
    }

    /// The status and the body of an answer.
    pub async fn call(&self, caller: Caller, operation: &str, body: Value) -> (u16, Value) {
        let target = format!("Logs_20140328.{operation}");
        let request = http::Request::post("/").header("x-amz-target", target).body(()).unwrap();
        let (parts, ()) = request.into_parts();
        let call = Call { caller, parts, body: Bytes::from(body.to_string()) };
        let answer = self.api.handle(call).await;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// What the operator is answered.
    pub async fn ok(&self, operation: &str, body: Value) -> Value {
        let (status, answer) = self.call(Caller::Operator, operation, body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// The operator is refused by this name.
    pub async fn refused(&self, operation: &str, body: Value, name: &str) {
        let (status, answer) = self.call(Caller::Operator, operation, body).await;
        assert_eq!((status, &answer["__type"]), (400, &Value::from(name)), "{answer}");
    }
}

fn open(folder: &TempDir) -> (LogStore, LogsApi) {
    let store = LogStore::open(&folder.path().join("logs.sqlite")).unwrap();
    let api = LogsApi::new(store.clone(), Access::new("000000000000", |_| {}), Place::local());
    (store, api)
}

/// This moment, in milliseconds since the epoch.
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
