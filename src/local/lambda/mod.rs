//! Lambda of the stage `local`: runs the very executable that AWS would run, as processes by demand.
//!
//! An instance serves one invocation at a time over the Runtime API; a crash or a timeout costs that
//! invocation and nothing else. What a function does is not known here, nor who may call the host.

mod api;
mod environment;
mod events;
mod ids;
mod instance;
mod invocation;
mod nursery;
mod pool;
mod report;
mod runtime_api;
mod scribe;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, oneshot};

use super::credentials::Credentials;
use super::faults::Faults;
use super::iam::Access;
use super::logs::LogStore;
use invocation::{Done, Job};
pub use invocation::{Invocation, InvokeError};
use nursery::Nursery;
use pool::{Pool, Submitted, Ticket};

/// Where the functions live and what they are told about it.
#[derive(Debug, Clone)]
pub struct LambdaSettings {
    /// The endpoint of every AWS service, for `AWS_ENDPOINT_URL`.
    pub endpoint: String,
    /// The endpoint of the connections that functions post to, for `CONNECTIONS_ENDPOINT`.
    pub connections_endpoint: String,
    /// The region.
    pub region: String,
    /// The account.
    pub account: String,
}

/// How much and how long.
#[derive(Debug, Clone)]
pub struct LambdaLimits {
    /// Instances of one function at most.
    pub instances: usize,
    /// Invocations of one function that may wait; beyond them callers are throttled.
    pub waiting: usize,
    /// How long an invocation waits for a busy instance before another one is started. About what
    /// a cold start takes: waiting less would start processes that come too late to help, waiting
    /// longer leaves callers in line who could have been served.
    pub patience: Duration,
    /// After so long without an invocation an instance ends, unless it is the function's last.
    pub idle: Duration,
    /// How long a process may take until it asks for its first invocation.
    pub init: Duration,
    /// The waits before an event that failed is tried again.
    pub event_retries: Vec<Duration>,
}

impl Default for LambdaLimits {
    fn default() -> Self {
        Self {
            instances: 10,
            waiting: 10_000,
            patience: Duration::from_millis(5),
            idle: Duration::from_secs(300),
            init: Duration::from_secs(10),
            event_retries: vec![Duration::from_secs(60), Duration::from_secs(120)],
        }
    }
}

/// A function's code and configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionConfig {
    /// The function's name.
    pub physical: String,
    /// What `bootstrap` picks its handler by; the logical name.
    pub handler: String,
    /// The executable.
    pub bootstrap: PathBuf,
    /// The digest of the code, by which a new version is told from the old one.
    pub code_sha256: String,
    /// The memory that is configured, in MB; reported, not enforced.
    pub memory_mb: u32,
    /// The longest invocation, in seconds.
    pub timeout_s: u32,
    /// The function's own variables.
    pub environment: BTreeMap<String, String>,
    /// Where its lines go.
    pub log_group: String,
}

/// How a function fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionStatus {
    /// The function's name.
    pub name: String,
    /// Its logical name.
    pub handler: String,
    /// Processes, busy or not.
    pub instances: usize,
    /// Processes at work.
    pub busy: usize,
    /// Invocations that wait for a process.
    pub waiting: usize,
    /// Invocations that began.
    pub invocations: u64,
    /// Invocations that ended in an error.
    pub errors: u64,
    /// Processes that were started.
    pub cold_starts: u64,
    /// The most memory that a process used, in MB; 0 until one reported.
    pub max_memory_mb: u64,
}

/// The functions of the stage; clones share them.
#[derive(Clone)]
pub struct Lambda(Arc<Shared>);

struct Shared {
    settings: LambdaSettings,
    limits: LambdaLimits,
    logs: LogStore,
    credentials: Credentials,
    access: Access,
    faults: Faults,
    nursery: Nursery,
    functions: RwLock<HashMap<Arc<str>, Arc<Function>>>,
    /// Told whenever a process has ended.
    ended: Notify,
    /// Functions that were removed while processes of theirs were at work.
    leaving: Mutex<Vec<Arc<Function>>>,
    events: events::Backlog,
}

/// A function and its processes. The pool's mutex is a std one: no step of it waits.
struct Function {
    name: Arc<str>,
    arn: String,
    pool: Mutex<Pool>,
}

impl Function {
    fn pool(&self) -> std::sync::MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lambda {
    /// A host without functions.
    pub fn new(
        settings: LambdaSettings,
        logs: LogStore,
        credentials: Credentials,
        access: Access,
        faults: Faults,
    ) -> Self {
        Self::with_limits(settings, LambdaLimits::default(), logs, credentials, access, faults)
    }

    /// A host without functions and with limits of its own.
    pub fn with_limits(
        settings: LambdaSettings,
        limits: LambdaLimits,
        logs: LogStore,
        credentials: Credentials,
        access: Access,
        faults: Faults,
    ) -> Self {
        Self(Arc::new(Shared {
            settings,
            limits,
            logs,
            credentials,
            access,
            faults,
            nursery: Nursery::new(),
            functions: RwLock::default(),
            ended: Notify::new(),
            leaving: Mutex::default(),
            events: events::Backlog::default(),
        }))
    }

    /// Puts these functions in force and no others. Idle processes of what changed end now, busy
    /// ones when they are done.
    pub async fn configure(&self, configs: Vec<FunctionConfig>) {
        let mut functions = self.0.functions.write().unwrap_or_else(PoisonError::into_inner);
        let mut kept = HashMap::new();
        for config in configs {
            let name: Arc<str> = config.physical.as_str().into();
            let function = match functions.remove(&name) {
                Some(function) => {
                    function.pool().reconfigure(config);
                    function
                }
                None => Arc::new(self.0.function(name.clone(), config)),
            };
            kept.insert(name, function);
        }
        let removed = std::mem::replace(&mut *functions, kept);
        drop(functions);
        let mut leaving = self.0.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        leaving.retain(|function| !function.pool().is_empty());
        for (_, function) in removed {
            function.pool().retire();
            leaving.push(function);
        }
    }

    /// Invokes a function and waits for what it answers.
    ///
    /// # Errors
    /// There is no such function, too many invocations wait, or its process does not start.
    pub async fn invoke(&self, name: &str, payload: Bytes) -> Result<Invocation, InvokeError> {
        let id = ids::request_id()?;
        Ok(self.run(name, id, payload, false).await?.invocation)
    }

    async fn run(
        &self,
        name: &str,
        id: Arc<str>,
        payload: Bytes,
        tail: bool,
    ) -> Result<Done, InvokeError> {
        let function = self.0.find(name).ok_or(InvokeError::NotFound)?;
        let (reply, mut answer) = oneshot::channel();
        let job = Job { id, payload, tail, reply };
        let submitted = function.pool().submit(job, Instant::now())?;
        match submitted {
            Submitted::Delivered => {}
            Submitted::Starting(ticket) => self.0.start(&function, ticket),
            Submitted::Waiting => {
                let patience = self.0.limits.patience;
                if let Ok(done) = tokio::time::timeout(patience, &mut answer).await {
                    return done.unwrap_or(Err(InvokeError::closing()));
                }
                let ticket = function.pool().grow(Instant::now());
                if let Some(ticket) = ticket {
                    self.0.start(&function, ticket);
                }
            }
        }
        answer.await.unwrap_or(Err(InvokeError::closing()))
    }

    /// How every function fares, by name.
    pub fn status(&self) -> Vec<FunctionStatus> {
        let functions = self.0.functions.read().unwrap_or_else(PoisonError::into_inner);
        let mut status: Vec<_> = functions.values().map(|one| one.pool().status()).collect();
        status.sort_by(|one, other| one.name.cmp(&other.name));
        status
    }

    /// Ends every process and returns when they are gone. Invocations that wait fail.
    pub async fn shutdown(&self) {
        let functions: Vec<_> = {
            let mut map = self.0.functions.write().unwrap_or_else(PoisonError::into_inner);
            let mut leaving = self.0.leaving.lock().unwrap_or_else(PoisonError::into_inner);
            map.drain().map(|(_, function)| function).chain(leaving.drain(..)).collect()
        };
        for function in &functions {
            function.pool().close();
        }
        loop {
            let ended = self.0.ended.notified();
            tokio::pin!(ended);
            // Listen before looking, so that no end falls between the two.
            ended.as_mut().enable();
            if functions.iter().all(|function| function.pool().is_empty()) {
                return;
            }
            ended.await;
        }
    }
}

impl Shared {
    fn function(&self, name: Arc<str>, config: FunctionConfig) -> Function {
        let LambdaSettings { region, account, .. } = &self.settings;
        let arn = format!("arn:aws:lambda:{region}:{account}:function:{name}");
        Function { name, arn, pool: Mutex::new(Pool::new(config, &self.limits)) }
    }

    fn find(&self, name: &str) -> Option<Arc<Function>> {
        self.functions.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Starts a process in a task of its own, which ends with the process.
    fn start(self: &Arc<Self>, function: &Arc<Function>, ticket: Ticket) {
        tokio::spawn(instance::run(self.clone(), function.clone(), ticket));
    }
}
