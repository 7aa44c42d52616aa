//! Makes the services of a host on the state that it finds.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::watch;

use super::clock::Clock;
use super::tls::Tls;
use super::{Host, HostError, HostSettings, Inner};
use crate::local::credentials::{Credentials, random};
use crate::local::dynamodb::DynamoDb;
use crate::local::faults::Faults;
use crate::local::gateway::{Gateway, GatewayLimits, GatewaySettings, HttpApi, HttpLimits};
use crate::local::iam::{Access, Denial};
use crate::local::kinesisvideo::{
    KinesisVideo, KinesisVideoSettings, Quotas, Scheme, SignalingLimits,
};
use crate::local::lambda::{Lambda, LambdaSettings};
use crate::local::logs::{LogLine, LogStore, LogsApi};
use crate::local::requests::Requests;
use crate::local::s3::S3;
use crate::local::sigv4::Verifier;
use crate::local::ssm::Ssm;
use crate::local::state::{HostRecord, StateDir};
use crate::local::sts::Sts;
use crate::stack::{LOCAL_API_ID, Place};

/// The stage that the embedded cloud runs.
const STAGE: &str = "local";

/// The log stream of a function's denials.
const DENIALS: &str = "access-denied";

impl Host {
    /// A host on a state folder, to listen on a port.
    ///
    /// # Errors
    /// A service cannot use the state that it finds.
    pub(super) fn open(
        state: StateDir,
        port: u16,
        settings: HostSettings,
    ) -> Result<Self, HostError> {
        let place = Place::local();
        let credentials = Credentials::new(state.operator()?);
        let unusable =
            |what, path: PathBuf, reason: String| HostError::Service { what, path, reason };
        let (logs, damaged) = LogStore::open_or_replace(&state.logs())
            .map_err(|e| unusable("the log store", state.logs(), e.to_string()))?;
        let access = Access::new(&place.account, denials_to(logs.clone()));
        let tables = DynamoDb::open(&state.tables(), &place, access.clone())
            .map_err(|e| unusable("the tables", state.tables(), e.to_string()))?;
        let buckets = S3::open(&state.buckets(), credentials.clone(), access.clone())
            .map_err(|e| unusable("the buckets", state.buckets(), e.to_string()))?;
        let parameters = Ssm::open(&state.parameters(), &place, access.clone())
            .map_err(|e| unusable("the parameters", state.parameters(), e.to_string()))?;
        let faults = Faults::default();
        let lambda = Lambda::new(
            lambda_settings(&place, port),
            logs.clone(),
            credentials.clone(),
            access.clone(),
            faults.clone(),
        );
        let requests = Requests::default();
        let HostSettings { state_dir: _, port: _, limits, signaling, scheme } = settings;
        let voice = voice_settings(&place, (port, scheme), signaling);
        let voice = KinesisVideo::new(&state.channels(), voice, access.clone(), requests.clone());
        let gateway = gateway_settings(&place, limits);
        let http = HttpLimits::default();
        Ok(Self(Arc::new(Inner {
            gateway: Gateway::new(gateway, lambda.clone(), access.clone(), faults.clone()),
            http_api: HttpApi::new(&place.account, lambda.clone(), faults.clone(), http),
            logs_api: LogsApi::new(logs.clone(), access.clone(), place.clone()),
            identity: Sts::new(&place.account, credentials.clone(), access.clone()),
            verifier: Verifier::new(credentials, &place.region),
            voice,
            requests,
            tls: Tls::default(),
            state,
            record: record(port)?,
            faults,
            access,
            tables,
            buckets,
            parameters,
            logs,
            lambda,
            clock: Clock::default(),
            site: Mutex::new(None),
            deployment: Mutex::new(None),
            warnings: damaged.map(|aside| lost_logs(&aside)).into_iter().collect(),
            applying: tokio::sync::Mutex::new(()),
            stop: watch::Sender::new(false),
        })))
    }
}

fn lost_logs(aside: &Path) -> String {
    let warning = format!("the log store was damaged; it lies in {} now", aside.display());
    tracing::warn!("{warning}");
    warning
}

fn lambda_settings(place: &Place, port: u16) -> LambdaSettings {
    let endpoint = format!("http://127.0.0.1:{port}");
    LambdaSettings {
        connections_endpoint: format!("{endpoint}/{STAGE}"),
        endpoint,
        region: place.region.clone(),
        account: place.account.clone(),
    }
}

fn gateway_settings(place: &Place, limits: GatewayLimits) -> GatewaySettings {
    GatewaySettings {
        api_id: LOCAL_API_ID.to_owned(),
        stage: STAGE.to_owned(),
        region: place.region.clone(),
        account: place.account.clone(),
        limits,
    }
}

fn voice_settings(
    place: &Place,
    (port, scheme): (u16, Scheme),
    limits: SignalingLimits,
) -> KinesisVideoSettings {
    let quotas = Quotas::default();
    KinesisVideoSettings { place: place.clone(), port, scheme, quotas, limits }
}

fn record(port: u16) -> io::Result<HostRecord> {
    Ok(HostRecord {
        pid: std::process::id(),
        port,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        token: random(32)?.iter().map(|byte| format!("{byte:02x}")).collect(),
        started_at: Timestamp::now().as_millisecond(),
    })
}

/// A denied function finds the denial, with the statement that it lacks, in its own log.
fn denials_to(logs: LogStore) -> impl Fn(Denial) + Send + Sync + 'static {
    move |Denial { function, denied }| {
        let message = json!({
            "level": "ERROR",
            "message": denied.message,
            "missingStatement": denied.missing_statement,
        });
        let line = LogLine {
            timestamp_ms: Timestamp::now().as_millisecond(),
            message: message.to_string(),
        };
        logs.put(format!("/aws/lambda/{function}"), DENIALS, vec![line]);
    }
}
