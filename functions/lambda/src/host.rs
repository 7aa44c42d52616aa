//! Everything that a function reaches from where it runs. Nothing is opened before it is used, so
//! that each function pays only for what it does.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chatctl_domain::{Chance, Clock, Fault};
use tokio::sync::OnceCell;

use crate::dynamo::Dynamo;
use crate::http::{Endpoint, Network, Speech};
use crate::ice::RelayChannel;
use crate::settings::{connections_speech, endpoint, required};
use crate::sign::Identity;

/// The adapters to AWS, or to what stands in for it.
#[derive(Debug)]
pub(crate) struct Host {
    network: Arc<Network>,
    dynamo: OnceLock<Dynamo>,
    gateway: OnceLock<Endpoint>,
    pub(crate) session_key: OnceCell<Vec<u8>>,
    pub(crate) relay: OnceCell<RelayChannel>,
    /// The stage, which salts the hashes in logs.
    pub(crate) stage: String,
}

impl Host {
    pub(crate) fn from_env() -> Result<Self, Fault> {
        Ok(Self {
            network: Arc::new(Network::new(Identity::from_env()?)),
            dynamo: OnceLock::new(),
            gateway: OnceLock::new(),
            session_key: OnceCell::new(),
            relay: OnceCell::new(),
            stage: required("CHATCTL_STAGE")?,
        })
    }

    /// The database.
    pub(crate) fn dynamo(&self) -> Result<&Dynamo, Fault> {
        if let Some(dynamo) = self.dynamo.get() {
            return Ok(dynamo);
        }
        let dynamo = Dynamo::new(self.service("dynamodb")?);
        Ok(self.dynamo.get_or_init(|| dynamo))
    }

    /// The open connections.
    pub(crate) fn gateway(&self) -> Result<&Endpoint, Fault> {
        if let Some(gateway) = self.gateway.get() {
            return Ok(gateway);
        }
        let base = required("CONNECTIONS_ENDPOINT")?;
        let network = Arc::clone(&self.network);
        let gateway = Endpoint::new(network, "execute-api", &base, connections_speech())?;
        Ok(self.gateway.get_or_init(|| gateway))
    }

    /// A service of AWS in this region.
    pub(crate) fn service(&self, name: &'static str) -> Result<Endpoint, Fault> {
        let base = endpoint(name, self.network.region());
        self.service_at(name, &base)
    }

    /// A service of AWS at an address that it gave out.
    pub(crate) fn service_at(&self, name: &'static str, base: &str) -> Result<Endpoint, Fault> {
        Endpoint::new(Arc::clone(&self.network), name, base, Speech::Http1)
    }

    /// The region that the function runs in.
    pub(crate) fn region(&self) -> &str {
        self.network.region()
    }
}

impl Clock for Host {
    fn now(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

impl Chance for Host {
    fn bits(&self) -> u128 {
        bits()
    }
}

/// 128 bits from the kernel. Without them there are no safe ids, so there is no way on.
pub(crate) fn bits() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
    u128::from_le_bytes(bytes)
}

/// How long to wait after a failed attempt (1, 2, …): full jitter below 50, 100, 200, 400, 800, 800 … ms.
pub(crate) fn jitter(attempt: u32) -> Duration {
    let ceiling = 50_u64 << (attempt.clamp(1, 5) - 1);
    Duration::from_millis((bits() % u128::from(ceiling)) as u64 + 1)
}
