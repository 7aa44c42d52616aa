//! The control API's client.

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{HostStatus, PREFIX};
use crate::local::faults::FaultSettings;
use crate::local::state::{Deployment, HostRecord};

/// Talks to one host.
#[derive(Debug, Clone)]
pub struct Client {
    http: HttpClient<HttpConnector, Full<Bytes>>,
    host: HostRecord,
}

/// The host could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nothing answers on the recorded port, or not in the protocol.
    #[error("the local host does not answer on port {port}: {reason}")]
    Unreachable {
        /// The recorded port.
        port: u16,
        /// What went wrong.
        reason: String,
    },
    /// The host answered with an error.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// The host's words.
        message: String,
    },
}

impl Client {
    /// A client of the recorded host.
    pub fn new(host: HostRecord) -> Self {
        Self { http: HttpClient::builder(TokioExecutor::new()).build_http(), host }
    }

    /// The host as it is now.
    ///
    /// # Errors
    /// The host is away or refuses.
    pub async fn status(&self) -> Result<HostStatus, ControlError> {
        self.call(Method::GET, "status", &()).await
    }

    /// Brings up what the deployment describes; what is there already stays.
    ///
    /// # Errors
    /// The host is away, or the deployment cannot be brought up: then its words say why.
    pub async fn deploy(&self, deployment: &Deployment) -> Result<(), ControlError> {
        self.call(Method::PUT, "deployment", deployment).await
    }

    /// Replaces the faults in force.
    ///
    /// # Errors
    /// The host is away or refuses.
    pub async fn set_faults(&self, faults: &FaultSettings) -> Result<(), ControlError> {
        self.call(Method::PUT, "faults", faults).await
    }

    /// Asks the host to end: connections are closed with 1001, functions end, state is flushed.
    ///
    /// # Errors
    /// The host is away or refuses.
    pub async fn shutdown(&self) -> Result<(), ControlError> {
        self.call(Method::POST, "shutdown", &()).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ControlError> {
        let unreachable =
            |reason: String| ControlError::Unreachable { port: self.host.port, reason };
        let body = serde_json::to_vec(body).map_err(|error| unreachable(error.to_string()))?;
        let request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:{}{PREFIX}{path}", self.host.port))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.host.token))
            .body(Full::from(body))
            .map_err(|error| unreachable(error.to_string()))?;
        let answer =
            self.http.request(request).await.map_err(|error| unreachable(error.to_string()))?;
        let status = answer.status();
        let body = answer
            .into_body()
            .collect()
            .await
            .map_err(|error| unreachable(error.to_string()))?
            .to_bytes();
        if !status.is_success() {
            return Err(ControlError::Refused {
                status,
                message: String::from_utf8_lossy(&body).into_owned(),
            });
        }
        serde_json::from_slice(&body)
            .map_err(|error| unreachable(format!("not a host of this version: {error}")))
    }
}
