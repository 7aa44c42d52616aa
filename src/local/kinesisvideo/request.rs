//! The requests of the two services, as botocore's models have them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::refusal::Refusal;

/// The most tags of a channel.
pub const MOST_TAGS: usize = 50;

/// `CreateSignalingChannel`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Create {
    pub channel_name: String,
    pub channel_type: Option<String>,
    pub single_master_configuration: Option<SingleMaster>,
    #[serde(default)]
    pub tags: Vec<Tag>,
}

/// How long undelivered messages are kept.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
pub struct SingleMaster {
    pub message_ttl_seconds: Option<u32>,
}

/// A tag of a request.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    pub key: String,
    pub value: String,
}

/// `DescribeSignalingChannel`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Describe {
    pub channel_name: Option<String>,
    #[serde(rename = "ChannelARN")]
    pub channel_arn: Option<String>,
}

/// `ListSignalingChannels`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct List {
    pub max_results: Option<u32>,
    pub next_token: Option<String>,
    pub channel_name_condition: Option<NameCondition>,
}

/// Which names are listed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NameCondition {
    pub comparison_operator: Option<String>,
    pub comparison_value: Option<String>,
}

/// `UpdateSignalingChannel`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Update {
    #[serde(rename = "ChannelARN")]
    pub channel_arn: String,
    pub current_version: String,
    #[serde(default)]
    pub single_master_configuration: SingleMaster,
}

/// `DeleteSignalingChannel`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Delete {
    #[serde(rename = "ChannelARN")]
    pub channel_arn: String,
    pub current_version: Option<String>,
}

/// `TagResource`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TagResource {
    #[serde(rename = "ResourceARN")]
    pub resource_arn: String,
    pub tags: Vec<Tag>,
}

/// `UntagResource`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UntagResource {
    #[serde(rename = "ResourceARN")]
    pub resource_arn: String,
    pub tag_key_list: Vec<String>,
}

/// `ListTagsForResource`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListTags {
    #[serde(rename = "ResourceARN")]
    pub resource_arn: String,
}

/// `GetSignalingChannelEndpoint`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetEndpoint {
    #[serde(rename = "ChannelARN")]
    pub channel_arn: String,
    pub single_master_channel_endpoint_configuration: Option<EndpointConfiguration>,
}

/// Which endpoints are asked for.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EndpointConfiguration {
    pub protocols: Option<Vec<String>>,
    pub role: Option<String>,
}

/// `GetIceServerConfig`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetIceServers {
    #[serde(rename = "ChannelARN")]
    pub channel_arn: String,
    pub client_id: Option<String>,
    pub service: Option<String>,
    pub username: Option<String>,
}

/// Reads a request's body.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Refusal::invalid(error.to_string()))
}

/// A channel's name: 1 to 256 of letters, digits, `_`, `.` and `-`.
pub fn check_name(name: &str) -> Result<(), Refusal> {
    if is_word(name) {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "ChannelName '{name}' must have 1 to 256 characters of [a-zA-Z0-9_.-]"
    )))
}

/// What names and client ids are made of.
pub fn is_word(text: &str) -> bool {
    (1..=256).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// The lifetime of undelivered messages, 60 s unless given.
pub fn message_ttl(configuration: Option<&SingleMaster>) -> Result<u32, Refusal> {
    match configuration.and_then(|configuration| configuration.message_ttl_seconds) {
        None => Ok(60),
        Some(seconds @ 5..=120) => Ok(seconds),
        Some(seconds) => {
            Err(Refusal::invalid(format!("MessageTtlSeconds {seconds} must be between 5 and 120")))
        }
    }
}

/// Tags as a map; keys and values have AWS's lengths and letters.
pub fn tags(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, Refusal> {
    if tags.len() > MOST_TAGS {
        return Err(Refusal::tags(MOST_TAGS));
    }
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    let mut map = BTreeMap::new();
    for Tag { key, value } in tags {
        let (long_key, long_value) = (key.chars().count(), value.chars().count());
        let letters = key.chars().chain(value.chars()).all(allowed);
        if !(1..=128).contains(&long_key) || long_value > 256 || !letters {
            return Err(Refusal::invalid(format!("'{key}' and '{value}' do not make a tag")));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(Refusal::invalid("tag keys that begin with aws: are AWS's own"));
        }
        if map.insert(key.clone(), value).is_some() {
            return Err(Refusal::invalid(format!("the tag {key} is given twice")));
        }
    }
    Ok(map)
}
