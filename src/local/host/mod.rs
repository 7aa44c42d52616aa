//! The host: one process that is the whole embedded cloud of a stage.
//!
//! It owns the services, brings up what is deployed, and ends in order. Listening is in `serve`,
//! telling one protocol from another in `dispatch`.

mod apply;
mod clock;
mod dispatch;
mod open;
mod serve;
mod tls;

pub use apply::ApplyError;
pub use serve::{HostError, HostSettings, run};

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::control::HostStatus;
use super::dynamodb::DynamoDb;
use super::faults::Faults;
use super::gateway::{Gateway, HttpApi};
use super::iam::Access;
use super::kinesisvideo::KinesisVideo;
use super::lambda::Lambda;
use super::logs::{LogStore, LogsApi};
use super::requests::Requests;
use super::s3::S3;
use super::sigv4::Verifier;
use super::site::Site;
use super::ssm::Ssm;
use super::state::{Deployment, HostRecord, StateDir};
use super::sts::Sts;
use clock::Clock;
use tls::Tls;

/// The running host; clones share it.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    state: StateDir,
    record: HostRecord,
    faults: Faults,
    access: Access,
    requests: Requests,
    verifier: Verifier,
    tables: DynamoDb,
    buckets: S3,
    parameters: Ssm,
    identity: Sts,
    voice: KinesisVideo,
    tls: Tls,
    logs: LogStore,
    logs_api: LogsApi,
    lambda: Lambda,
    gateway: Gateway,
    http_api: HttpApi,
    clock: Clock,
    /// The web app, once one is deployed.
    site: Mutex<Option<Site>>,
    deployment: Mutex<Option<Deployment>>,
    /// What was not as it should be when the host started.
    warnings: Vec<String>,
    /// One deployment at a time; held across the awaits of bringing it up.
    applying: tokio::sync::Mutex<()>,
    stop: watch::Sender<bool>,
}

impl Host {
    /// What the host says of itself.
    pub fn status(&self) -> HostStatus {
        let inner = &self.0;
        HostStatus {
            version: inner.record.version.clone(),
            pid: inner.record.pid,
            started_at: inner.record.started_at,
            connections: inner.gateway.connections(),
            signaling_connections: inner.voice.connections(),
            resident_bytes: resident_bytes(),
            functions: inner.lambda.status(),
            deployment: inner.deployment.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            requests: inner.requests.counts(),
            faults: inner.faults.get(),
            warnings: inner.warnings.clone(),
        }
    }

    /// The faults in force.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// What authorises the control API.
    pub fn token(&self) -> &str {
        &self.0.record.token
    }

    /// Asks the host to end; returns at once.
    pub fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    /// Waits until somebody asked the host to end.
    async fn stopped(&self) {
        let mut stop = self.0.stop.subscribe();
        // An error means that the sender is gone, which is an end as well.
        let _ = stop.wait_for(|asked| *asked).await;
    }

    /// Ends the services in the order in which they need one another.
    async fn shut_down(&self) {
        self.0.clock.stop();
        self.0.gateway.shutdown().await;
        self.0.voice.shutdown().await;
        self.0.lambda.shutdown().await;
        self.0.logs.flush().await;
    }
}

/// This process's resident memory; 0 where the kernel does not tell.
fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}
