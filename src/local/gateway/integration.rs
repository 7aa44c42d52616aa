//! Running functions for an API: within the integration's timeout, and after faults.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use ulid::Ulid;

use super::Gateway;
use crate::local::faults::Faults;
use crate::local::lambda::{Invocation, InvokeError, Lambda};

/// What an invocation came to.
pub enum Outcome {
    /// The function returned this.
    Returned(Bytes),
    /// The function failed, with this error object; it is empty where the function did not even start.
    Failed(Bytes),
    /// There was no answer: too many waited for one already, or it took too long.
    Silent,
}

/// What a function returns to a Lambda proxy integration.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proxy {
    /// The HTTP status.
    pub status_code: u16,
    /// The headers.
    #[serde(default)]
    headers: Option<HashMap<String, Value>>,
    /// The body.
    #[serde(default)]
    pub body: Option<String>,
}

impl Proxy {
    /// Reads what a function returned. None where API Gateway calls the answer malformed: it is no
    /// object, has no status of three digits, or a body that is no text.
    pub fn read(returned: &[u8]) -> Option<Self> {
        let proxy: Self = serde_json::from_slice(returned).ok()?;
        (200..600).contains(&proxy.status_code).then_some(proxy)
    }

    /// Whether the status is one of success.
    pub fn succeeded(&self) -> bool {
        self.status_code < 300
    }

    /// A header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter().flatten();
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name))?.1.as_str()
    }
}

/// The functions behind an API's routes.
#[derive(Clone)]
pub struct Integration {
    lambda: Lambda,
    faults: Faults,
    timeout: Duration,
}

impl Integration {
    /// Functions that the API waits for no longer than this.
    pub fn new(lambda: Lambda, faults: Faults, timeout: Duration) -> Self {
        Self { lambda, faults, timeout }
    }

    /// Invokes a function. One that takes longer than the integration's timeout goes on, but
    /// nobody waits for it any more.
    pub async fn run(&self, function: &str, payload: Bytes) -> Outcome {
        let latency = Duration::from_millis(self.faults.get().latency_ms);
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let invocation = self.lambda.invoke(function, payload);
        match tokio::time::timeout(self.timeout, invocation).await {
            Ok(Ok(Invocation::Success(body))) => Outcome::Returned(body),
            Ok(Ok(Invocation::FunctionError { payload, kind: _ })) => Outcome::Failed(payload),
            Ok(Err(error)) => {
                tracing::warn!(function, %error, "a function could not be invoked");
                match error {
                    InvokeError::Throttled => Outcome::Silent,
                    InvokeError::NotFound | InvokeError::Start(_) => Outcome::Failed(Bytes::new()),
                }
            }
            Err(_) => {
                tracing::warn!(function, "a function took longer than the integration's timeout");
                Outcome::Silent
            }
        }
    }
}

impl Gateway {
    /// Invokes a function of the WebSocket API.
    pub(super) async fn run(&self, function: &str, payload: Bytes) -> Outcome {
        self.0.integration.run(function, payload).await
    }
}

/// Whether a fault of this share strikes now.
pub fn strikes(share: f64) -> bool {
    share > 0.0 && sample() < share
}

/// How long a message is held back so that later ones overtake it.
pub fn held_back() -> Duration {
    Duration::from_secs_f64(0.005 + 0.045 * sample())
}

/// A number from 0 up to 1, from a ULID's random part.
fn sample() -> f64 {
    let random = (Ulid::new().random() & u128::from(u32::MAX)) as u32;
    f64::from(random) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_needs_a_status() {
        let good =
            br#"{"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"chat","n":1},"body":"b"}"#;
        let proxy = Proxy::read(good).unwrap();
        assert!(proxy.succeeded());
        assert_eq!(proxy.header("sec-websocket-protocol"), Some("chat"));
        assert_eq!(proxy.header("n"), None);
        assert_eq!(proxy.body.as_deref(), Some("b"));
        let malformed: [&[u8]; 7] = [
            b"null",
            b"\"text\"",
            b"{}",
            b"",
            br#"{"statusCode":101}"#,
            br#"{"statusCode":99999}"#,
            br#"{"statusCode":200,"body":{}}"#,
        ];
        for returned in malformed {
            assert!(Proxy::read(returned).is_none(), "{}", String::from_utf8_lossy(returned));
        }
    }

    #[test]
    fn faults_strike_by_their_share() {
        assert!((0..1000).all(|_| strikes(1.0) && !strikes(0.0)));
        let struck = (0..10_000).filter(|_| strikes(0.5)).count();
        assert!((4_000..6_000).contains(&struck), "{struck} of 10000");
        let held: Vec<_> = (0..1000).map(|_| held_back().as_millis()).collect();
        assert!(held.iter().all(|ms| (5..=50).contains(ms)));
    }
}
