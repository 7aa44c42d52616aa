//! The operations of the control plane.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::KinesisVideo;
use super::refusal::Refusal;
use super::request::{
    Create, Delete, Describe, GetEndpoint, List, ListTags, MOST_TAGS, TagResource, UntagResource,
    Update, check_name, message_ttl, tags,
};
use super::store::Channel;
use crate::local::credentials::{Caller, random};

/// The only type of channel that works on AWS, too.
const SINGLE_MASTER: &str = "SINGLE_MASTER";

/// The most that a list holds.
const PAGE: u32 = 10_000;

impl KinesisVideo {
    pub(super) fn create(&self, caller: &Caller, create: Create) -> Result<Value, Refusal> {
        let Create { channel_name, channel_type, single_master_configuration, tags: given } =
            create;
        check_name(&channel_name)?;
        self.admit(caller, "CreateSignalingChannel", &self.any_of(&channel_name))?;
        if let Some(other) = channel_type.filter(|kind| kind != SINGLE_MASTER) {
            return Err(Refusal::invalid(format!(
                "ChannelType {other} is not supported; use {SINGLE_MASTER}"
            )));
        }
        let channel = Channel {
            name: channel_name,
            created_ms: Timestamp::now().as_millisecond(),
            version: version()?,
            message_ttl_s: message_ttl(single_master_configuration.as_ref())?,
            tags: tags(given)?,
        };
        let most = self.0.settings.quotas.channels;
        if self.0.store.count()? >= most {
            return Err(Refusal::channels(most));
        }
        if !self.0.store.add(&channel)? {
            return Err(Refusal::in_use(format!("The channel {} exists already.", channel.name)));
        }
        Ok(json!({"ChannelARN": self.arn(&channel)}))
    }

    pub(super) fn describe(&self, caller: &Caller, describe: &Describe) -> Result<Value, Refusal> {
        const OPERATION: &str = "DescribeSignalingChannel";
        let channel = match (&describe.channel_arn, &describe.channel_name) {
            (Some(arn), _) => {
                self.admit(caller, OPERATION, arn)?;
                self.by_arn(arn)?
            }
            (None, Some(name)) => {
                check_name(name)?;
                let found = self.0.store.get(name)?;
                let arn = found.as_ref().map_or_else(|| self.any_of(name), |one| self.arn(one));
                self.admit(caller, OPERATION, &arn)?;
                found.ok_or_else(|| Refusal::not_found(name))?
            }
            (None, None) => {
                return Err(Refusal::invalid("Either ChannelName or ChannelARN must be given."));
            }
        };
        Ok(json!({"ChannelInfo": self.info(&channel)}))
    }

    pub(super) fn list(&self, caller: &Caller, list: &List) -> Result<Value, Refusal> {
        self.admit(caller, "ListSignalingChannels", "*")?;
        let limit = match list.max_results.unwrap_or(PAGE) {
            limit @ 1..=PAGE => limit as usize,
            other => {
                return Err(Refusal::invalid(format!("MaxResults {other} is not in 1..10000")));
            }
        };
        let condition = list.channel_name_condition.as_ref();
        let operator = condition.and_then(|condition| condition.comparison_operator.as_deref());
        if operator.is_some_and(|operator| operator != "BEGINS_WITH") {
            return Err(Refusal::invalid("ComparisonOperator must be BEGINS_WITH"));
        }
        let prefix = condition.and_then(|condition| condition.comparison_value.as_deref());
        let after = list.next_token.as_deref().map_or_else(|| Ok(String::new()), name_of)?;
        let mut found = self.0.store.list(&after, prefix.unwrap_or_default(), limit + 1)?;
        let more = found.len() > limit;
        found.truncate(limit);
        let infos: Vec<Value> = found.iter().map(|channel| self.info(channel)).collect();
        let mut answer = json!({"ChannelInfoList": infos});
        if let Some(last) = found.last().filter(|_| more) {
            answer["NextToken"] = STANDARD.encode(&last.name).into();
        }
        Ok(answer)
    }

    pub(super) fn update(&self, caller: &Caller, update: &Update) -> Result<Value, Refusal> {
        self.admit(caller, "UpdateSignalingChannel", &update.channel_arn)?;
        let _change = self.change();
        let mut channel = self.by_arn(&update.channel_arn)?;
        if update.current_version != channel.version {
            return Err(Refusal::version(&channel.version));
        }
        let given = &update.single_master_configuration;
        if given.message_ttl_seconds.is_some() {
            channel.message_ttl_s = message_ttl(Some(given))?;
        }
        channel.version = version()?;
        self.0.store.replace(&channel)?;
        Ok(json!({}))
    }

    pub(super) fn delete(&self, caller: &Caller, delete: &Delete) -> Result<Value, Refusal> {
        self.admit(caller, "DeleteSignalingChannel", &delete.channel_arn)?;
        let channel = self.by_arn(&delete.channel_arn)?;
        if delete.current_version.as_ref().is_some_and(|version| *version != channel.version) {
            return Err(Refusal::version(&channel.version));
        }
        self.0.store.remove(&channel)?;
        self.0.signaling.close(&delete.channel_arn);
        Ok(json!({}))
    }

    pub(super) fn tag(&self, caller: &Caller, tag: TagResource) -> Result<Value, Refusal> {
        self.admit(caller, "TagResource", &tag.resource_arn)?;
        let given = tags(tag.tags)?;
        if given.is_empty() {
            return Err(Refusal::invalid("Tags must have at least one tag."));
        }
        let _change = self.change();
        let mut channel = self.by_arn(&tag.resource_arn)?;
        channel.tags.extend(given);
        if channel.tags.len() > MOST_TAGS {
            return Err(Refusal::tags(MOST_TAGS));
        }
        self.0.store.replace(&channel)?;
        Ok(json!({}))
    }

    pub(super) fn untag(&self, caller: &Caller, untag: &UntagResource) -> Result<Value, Refusal> {
        self.admit(caller, "UntagResource", &untag.resource_arn)?;
        if untag.tag_key_list.is_empty() {
            return Err(Refusal::invalid("TagKeyList must have at least one key."));
        }
        let _change = self.change();
        let mut channel = self.by_arn(&untag.resource_arn)?;
        channel.tags.retain(|key, _| !untag.tag_key_list.contains(key));
        self.0.store.replace(&channel)?;
        Ok(json!({}))
    }

    pub(super) fn list_tags(&self, caller: &Caller, list: &ListTags) -> Result<Value, Refusal> {
        self.admit(caller, "ListTagsForResource", &list.resource_arn)?;
        Ok(json!({"Tags": self.by_arn(&list.resource_arn)?.tags}))
    }

    pub(super) fn endpoint(&self, caller: &Caller, get: &GetEndpoint) -> Result<Value, Refusal> {
        self.admit(caller, "GetSignalingChannelEndpoint", &get.channel_arn)?;
        let asked = get.single_master_channel_endpoint_configuration.as_ref();
        let role = asked.and_then(|asked| asked.role.as_deref()).unwrap_or("MASTER");
        if !["MASTER", "VIEWER"].contains(&role) {
            return Err(Refusal::invalid(format!("Role {role} must be MASTER or VIEWER")));
        }
        self.by_arn(&get.channel_arn)?;
        let usual = ["WSS", "HTTPS"].map(str::to_owned).to_vec();
        let protocols = asked.and_then(|asked| asked.protocols.clone()).unwrap_or(usual);
        let (port, scheme) = (self.0.settings.port, self.0.settings.scheme.name());
        let item = |protocol: &String| match protocol.as_str() {
            "WSS" => Ok(json!({"Protocol": "WSS",
                "ResourceEndpoint": format!("{scheme}://127.0.0.1:{port}")})),
            "HTTPS" => Ok(json!({"Protocol": "HTTPS",
                "ResourceEndpoint": format!("http://127.0.0.1:{port}")})),
            other => {
                Err(Refusal::invalid(format!("Protocol {other} is not served; WSS and HTTPS are")))
            }
        };
        if protocols.is_empty() || protocols.len() > 5 {
            return Err(Refusal::invalid("Protocols must have 1 to 5 members"));
        }
        let endpoints = protocols.iter().map(item).collect::<Result<Vec<Value>, Refusal>>()?;
        Ok(json!({"ResourceEndpointList": endpoints}))
    }

    /// What stands for a channel in documents before it is there: the time of its making is open.
    fn any_of(&self, name: &str) -> String {
        self.0.settings.place.arn("kinesisvideo", &format!("channel/{name}/*"))
    }

    fn info(&self, channel: &Channel) -> Value {
        // Timestamps are seconds with a fraction in this protocol.
        let created = channel.created_ms as f64 / 1000.0;
        json!({
            "ChannelName": channel.name,
            "ChannelARN": self.arn(channel),
            "ChannelType": SINGLE_MASTER,
            "ChannelStatus": "ACTIVE",
            "CreationTime": created,
            "SingleMasterConfiguration": {"MessageTtlSeconds": channel.message_ttl_s},
            "Version": channel.version,
        })
    }
}

/// The name in a token of [`KinesisVideo::list`].
fn name_of(token: &str) -> Result<String, Refusal> {
    let name = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| Refusal::invalid("NextToken is not one that a list gave"))
}

/// Twenty letters and digits.
fn version() -> Result<String, Refusal> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHJKMNPQRSTUVWXYZ234567890";
    let letters = random(20)?.into_iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    Ok(letters.collect())
}
