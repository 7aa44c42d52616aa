//! Kinesis Video Streams with WebRTC: signaling channels, in the REST protocol of AWS.
//!
//! Only what peers need to find each other is served; media never passes here. Nothing of it is
//! opened before it is first used.

mod operations;
mod rates;
mod refusal;
mod request;
mod store;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use http::StatusCode;
use serde_json::Value;

use super::answer::{Answer, Call, json};
use super::credentials::Caller;
use super::iam::Access;
use crate::stack::Place;
use rates::Rates;
use refusal::Refusal;
use request::read;
use store::{Channel, Store};

/// The service of a stage; clones share it.
#[derive(Clone)]
pub struct KinesisVideo(Arc<Inner>);

struct Inner {
    settings: KinesisVideoSettings,
    store: Store,
    access: Access,
    rates: Rates,
}

/// Where the service is, and its quotas.
#[derive(Debug, Clone)]
pub struct KinesisVideoSettings {
    /// Region and account, for ARNs.
    pub place: Place,
    /// The loopback port that the host listens on.
    pub port: u16,
    /// The quotas in force.
    pub quotas: Quotas,
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
const OPERATIONS: [(&str, &str); 9] = [
    ("/createSignalingChannel", "CreateSignalingChannel"),
    ("/describeSignalingChannel", "DescribeSignalingChannel"),
    ("/listSignalingChannels", "ListSignalingChannels"),
    ("/updateSignalingChannel", "UpdateSignalingChannel"),
    ("/deleteSignalingChannel", "DeleteSignalingChannel"),
    ("/TagResource", "TagResource"),
    ("/UntagResource", "UntagResource"),
    ("/ListTagsForResource", "ListTagsForResource"),
    ("/getSignalingChannelEndpoint", "GetSignalingChannelEndpoint"),
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
    /// The service on a file of channels.
    pub fn new(path: &Path, settings: KinesisVideoSettings, access: Access) -> Self {
        let store = Store::new(path);
        Self(Arc::new(Inner { settings, store, access, rates: Rates::default() }))
    }

    /// Answers a verified request.
    pub async fn handle(&self, call: Call) -> Answer {
        match self.run(&call) {
            Ok(body) => json(StatusCode::OK, &body),
            Err(refusal) => refusal.answer(),
        }
    }

    fn run(&self, call: &Call) -> Result<Value, Refusal> {
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
        self.0.access.check(caller, &format!("kinesisvideo:{operation}"), resource)?;
        let quotas = &self.0.settings.quotas;
        let endpoint = operation == "GetSignalingChannelEndpoint";
        let read = endpoint || operation == "DescribeSignalingChannel";
        let account = if read { quotas.reads_per_second } else { quotas.changes_per_second };
        let one_channel = !endpoint && resource.contains(":channel/") && !resource.ends_with("/*");
        let channel = one_channel.then_some(resource);
        let now = Instant::now();
        let rates = &self.0.rates;
        let within = rates.take(operation, None, account, now)
            && channel.is_none_or(|channel| {
                rates.take(operation, Some(channel), quotas.channel_per_second, now)
            });
        if within {
            return Ok(());
        }
        let each = if channel.is_some() { quotas.channel_per_second } else { account };
        Err(Refusal::too_many(format!(
            "{operation} was called more often than {each} times a second; try again later."
        )))
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
