//! The functions of the HTTP API: which there are, and how an answer is handed to API Gateway.

use chatctl_domain::health::{self, About};
use chatctl_domain::{HttpAnswer, Report};
use serde_json::{Value, json};

use crate::host::Host;

/// What a function of the HTTP API does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HttpRole {
    Health,
}

impl HttpRole {
    /// Its route, by which logs name what it did.
    pub(crate) fn route(self) -> &'static str {
        match self {
            Self::Health => "GET /healthz",
        }
    }

    /// Serves one request. Whatever happens is answered, and no error of the function.
    pub(crate) async fn serve(self, host: &Host) -> (Report, Value) {
        let (report, answer) = match self {
            Self::Health => {
                let about = About { stage: &host.stage, version: env!("CARGO_PKG_VERSION") };
                health::handle(host, about).await
            }
        };
        (report, handed(answer))
    }
}

/// An answer in payload format 2.0. None is good for longer than the moment.
fn handed(answer: HttpAnswer) -> Value {
    let HttpAnswer { status, body } = answer;
    json!({
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": body,
    })
}
