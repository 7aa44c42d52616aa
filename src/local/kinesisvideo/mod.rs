//! Kinesis Video Streams with WebRTC: signaling channels, in the REST protocol of AWS.
//!
//! Only what peers need to find each other is served; media never passes here. Nothing of it is
//! opened before it is first used.

mod connect;
mod ice;
mod operations;
mod rates;
mod refusal;
mod request;
mod signaling;
mod store;

pub use connect::is_signaling;
pub use signaling::SignalingLimits;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::Value;

use super::answer::{Answer, Call, json};
use super::credentials::Caller;
use super::iam::Access;
use super::requests::Requests;
use super::turn::Turn;
use crate::stack::Place;
use rates::Rates;
use refusal::Refusal;
use request::read;
use signaling::Signaling;
use store::{Channel, Store};

/// The service of a stage; clones share it.
#[derive(Clone)]
pub struct KinesisVideo(Arc<Inner>);

struct Inner {
    settings: KinesisVideoSettings,
    store: Store,
    /// Held from reading a channel to writing it.
    changing: Mutex<()>,
    access: Access,
    rates: Rates,
    requests: Requests,
    signaling: Signaling,
    turn: Turn,
}

/// Where the service is, and its quotas.
#[derive(Debug, Clone)]
pub struct KinesisVideoSettings {
    /// Region and account, for ARNs.
    pub place: Place,
    /// The loopback port that the host listens on.
    pub port: u16,
    /// How clients are told to connect to channels; the port takes either.
    pub scheme: Scheme,
    /// The quotas in force.
    pub quotas: Quotas,
    /// The limits of signaling connections.
    pub limits: SignalingLimits,
}

/// How a WebSocket is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheme {
    /// `ws`: any browser does it on a loopback address.
    #[default]
    Plain,
    /// `wss`: as on AWS, for clients that insist on it and trust the host's certificate.
    Tls,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "ws",
            Self::Tls => "wss",
        }
    }
}

/// Kinesis Video's quotas; the defaults are AWS's own in us-east-1.
#[derive(Debug, Clone)]
pub struct Quotas {
    /// The most channels of an account.
    pub channels: u64,
    /// Describing channels and asking for endpoints, a second and account.
    pub reads_per_second: u32,
    /// Every other operation of the control plane, a second and account.
    pub changes_per_second: u32,
    /// Any operation of one channel but asking for endpoints, a second.
    pub channel_per_second: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            channels: 10_000,
            reads_per_second: 300,
            changes_per_second: 50,
            channel_per_second: 5,
        }
    }
}

/// The operations, by the paths that they are posted to.
const OPERATIONS: [(&str, &str); 10] = [
    ("/createSignalingChannel", "CreateSignalingChannel"),
    ("/describeSignalingChannel", "DescribeSignalingChannel"),
    ("/listSignalingChannels", "ListSignalingChannels"),
    ("/updateSignalingChannel", "UpdateSignalingChannel"),
    ("/deleteSignalingChannel", "DeleteSignalingChannel"),
    ("/TagResource", "TagResource"),
    ("/UntagResource", "UntagResource"),
    ("/ListTagsForResource", "ListTagsForResource"),
    ("/getSignalingChannelEndpoint", "GetSignalingChannelEndpoint"),
    (ice::PATH, "GetIceServerConfig"),
];

/// The operation that is posted to a path.
pub fn operation(path: &str) -> Option<&'static str> {
    OPERATIONS.iter().find(|(at, _)| *at == path).map(|(_, name)| *name)
}

/// Whether a path is one of the service's, which no other service and no site has.
pub fn is_operation(path: &str) -> bool {
    operation(path).is_some()
}

impl KinesisVideo {
    /// The service on a file of channels. What is billed by connections is counted in `requests`.
    pub fn new(
        path: &Path,
        settings: KinesisVideoSettings,
        access: Access,
        requests: Requests,
    ) -> Self {
        Self(Arc::new(Inner {
            store: Store::new(path),
            changing: Mutex::default(),
            signaling: Signaling::new(settings.limits.clone(), requests.clone()),
            settings,
            access,
            rates: Rates::default(),
            requests,
            turn: Turn::default(),
        }))
    }

    /// How many signaling connections are open.
    pub fn connections(&self) -> usize {
        self.0.signaling.connections()
    }

    /// Forgets undelivered messages in time, for as long as it is polled.
    pub async fn sweep_every(&self, pause: Duration) {
        loop {
            tokio::time::sleep(pause).await;
            self.0.signaling.sweep();
        }
    }

    /// Ends every connection, and the relay.
    pub async fn shutdown(&self) {
        self.0.signaling.shut_down();
        self.0.turn.shutdown().await;
    }

    /// Answers a verified request.
    pub async fn handle(&self, call: Call) -> Answer {
        match self.run(&call).await {
            Ok(body) => json(StatusCode::OK, &body),
            Err(refusal) => refusal.answer(),
        }
    }

    async fn run(&self, call: &Call) -> Result<Value, Refusal> {
        let Call { caller, parts, body } = call;
        let operation = operation(parts.uri.path()).filter(|_| parts.method == http::Method::POST);
        match operation {
            Some("CreateSignalingChannel") => self.create(caller, read(body)?),
            Some("DescribeSignalingChannel") => self.describe(caller, &read(body)?),
            Some("ListSignalingChannels") => self.list(caller, &read(body)?),
            Some("UpdateSignalingChannel") => self.update(caller, &read(body)?),
            Some("DeleteSignalingChannel") => self.delete(caller, &read(body)?),
            Some("TagResource") => self.tag(caller, read(body)?),
            Some("UntagResource") => self.untag(caller, &read(body)?),
            Some("ListTagsForResource") => self.list_tags(caller, &read(body)?),
            Some("GetSignalingChannelEndpoint") => self.endpoint(caller, &read(body)?),
            Some("GetIceServerConfig") => self.ice_servers(caller, &read(body)?).await,
            _ => Err(Refusal::unknown_operation()),
        }
    }

    /// Whether the caller may ask for this, and not too often.
    fn admit(
        &self,
        caller: &Caller,
        operation: &'static str,
        resource: &str,
    ) -> Result<(), Refusal> {
        self.check(caller, operation, resource)?;
        let quotas = &self.0.settings.quotas;
        let account = match operation {
            "GetIceServerConfig" => None,
            "GetSignalingChannelEndpoint" | "DescribeSignalingChannel" => {
                Some(quotas.reads_per_second)
            }
            _ => Some(quotas.changes_per_second),
        };
        let one = resource.contains(":channel/") && !resource.ends_with("/*");
        let one = (one && operation != "GetSignalingChannelEndpoint").then_some(resource);
        let each = one.map(|channel| (Some(channel), quotas.channel_per_second));
        for (channel, rate) in account.map(|rate| (None, rate)).into_iter().chain(each) {
            if !self.0.rates.take(operation, channel, rate, Instant::now()) {
                return Err(Refusal::too_often(operation, rate));
            }
        }
        Ok(())
    }

    /// Lets nobody else change a channel meanwhile.
    fn change(&self) -> MutexGuard<'_, ()> {
        self.0.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the caller may do this, as the channel is tagged now.
    fn check(&self, caller: &Caller, operation: &str, resource: &str) -> Result<(), Refusal> {
        let tags = self.by_arn(resource).map(|channel| channel.tags).unwrap_or_default();
        let action = format!("kinesisvideo:{operation}");
        Ok(self.0.access.check_tagged(caller, &action, resource, &tags)?)
    }

    fn arn(&self, channel: &Channel) -> String {
        let Channel { name, created_ms, .. } = channel;
        self.0.settings.place.arn("kinesisvideo", &format!("channel/{name}/{created_ms}"))
    }

    /// The channel of an ARN.
    fn by_arn(&self, arn: &str) -> Result<Channel, Refusal> {
        let prefix = self.0.settings.place.arn("kinesisvideo", "channel/");
        let named = arn.strip_prefix(&prefix).and_then(|rest| rest.split_once('/'));
        let Some((name, created)) = named else {
            let own = arn.starts_with("arn:") && arn.contains(":kinesisvideo:");
            let form = "arn:aws:kinesisvideo:REGION:ACCOUNT:channel/NAME/TIME";
            return Err(if own {
                Refusal::not_found(arn)
            } else {
                Refusal::invalid(format!("'{arn}' must be of the form {form}"))
            });
        };
        let found = self.0.store.get(name)?;
        let found = found.filter(|channel| created.parse() == Ok(channel.created_ms));
        found.ok_or_else(|| Refusal::not_found(arn))
    }
}

#[cfg(test)]
mod tests;
