//! The channels of voice rooms: Kinesis Video Streams, and STS for what browsers are lent.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use chatctl_domain::{Channel, ChannelAccess, ChannelClient, Channels, Clock, Fault, Ice};
use chatctl_protocol::{ChannelEndpoint, ChannelProtocol, LentCredentials, VoiceRole};
use http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::host::Host;
use crate::http::{Answer, Endpoint, Kind, Outgoing};
use crate::ice;
use crate::settings::{channel_prefix, required};
use crate::sign::{Identity, signed_url};

/// The name that signatures for Kinesis Video Streams carry.
const SERVICE: &str = "kinesisvideo";

/// One call's time.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long what browsers are lent is good for, seconds: the least that STS lends. It need last no longer
/// than until the channel's connection is open.
const LENT_S: u32 = 900;

/// What a channel is tagged with for a membership that has ended, before the membership's own name. A
/// viewer's keys are good for as long as their membership's tag is absent.
const LEFT: &str = "chatctl:left:";

/// How long a signed address is good for, seconds; as the published library signs it.
const SIGNED_S: u32 = 299;

/// How long to wait where many leave at once: a channel is tagged five times a second.
const BAR_PAUSES: [Duration; 3] =
    [Duration::from_millis(300), Duration::from_millis(700), Duration::from_millis(1_500)];

/// What Kinesis Video Streams refuses with, as far as it matters.
#[derive(Debug)]
pub(crate) enum Refused {
    /// There is such a channel already.
    InUse,
    /// There is none.
    NotFound,
    /// It, or the account, was asked too often.
    Throttled(Fault),
    Fault(Fault),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::InUse => Self("the channel exists already".into()),
            Refused::NotFound => Self("there is no such channel".into()),
            Refused::Throttled(fault) | Refused::Fault(fault) => fault,
        }
    }
}

/// Calls an operation of Kinesis Video Streams.
pub(crate) async fn call<T: DeserializeOwned>(
    endpoint: &Endpoint,
    path: &str,
    input: Value,
) -> Result<T, Refused> {
    let outgoing = Outgoing {
        method: Method::POST,
        path,
        kind: Kind::Content("application/json"),
        body: input.to_string().into(),
        timeout: TIMEOUT,
    };
    let answer = endpoint.send(outgoing).await?;
    if answer.status != StatusCode::OK {
        return Err(refused(path, &answer));
    }
    let body = if answer.body.is_empty() { Bytes::from_static(b"{}") } else { answer.body };
    serde_json::from_slice(&body).map_err(|error| Fault(format!("{path}: {error}")).into())
}

fn refused(path: &str, answer: &Answer) -> Refused {
    let Answer { status, refusal, body } = answer;
    let fault = || {
        let said: String = String::from_utf8_lossy(body).chars().take(200).collect();
        Fault(format!("{path}: {} {refusal} {said}", status.as_u16()))
    };
    // Some services add where the kind is defined, after a colon.
    match refusal.split(':').next().unwrap_or_default() {
        "ResourceNotFoundException" => Refused::NotFound,
        "ResourceInUseException" => Refused::InUse,
        "ClientLimitExceededException" | "LimitExceededException" | "ThrottlingException" => {
            Refused::Throttled(fault())
        }
        _ if *status == StatusCode::TOO_MANY_REQUESTS => Refused::Throttled(fault()),
        _ => Refused::Fault(fault()),
    }
}

#[derive(Deserialize)]
struct Made {
    #[serde(rename = "ChannelARN")]
    channel_arn: String,
}

#[derive(Deserialize)]
struct Described {
    #[serde(rename = "ChannelInfo")]
    info: Made,
}

#[derive(Deserialize)]
struct Located {
    #[serde(rename = "ResourceEndpointList")]
    endpoints: Vec<ChannelEndpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    #[serde(default)]
    channel_info_list: Vec<Info>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
struct Info {
    #[serde(rename = "ChannelName")]
    name: String,
    #[serde(rename = "ChannelARN")]
    arn: String,
    /// Seconds, with a fraction.
    #[serde(rename = "CreationTime")]
    created: f64,
}

#[derive(Deserialize)]
struct Nothing {}

/// Where a channel is reached by somebody.
pub(crate) async fn locate(
    endpoint: &Endpoint,
    channel_arn: &str,
    role: VoiceRole,
) -> Result<Vec<ChannelEndpoint>, Fault> {
    let input = json!({
        "ChannelARN": channel_arn,
        "SingleMasterChannelEndpointConfiguration":
            { "Protocols": ["WSS", "HTTPS"], "Role": role.as_str() },
    });
    let located: Located = call(endpoint, "/getSignalingChannelEndpoint", input).await?;
    Ok(located.endpoints)
}

/// The address of one kind.
pub(crate) fn address(
    endpoints: &[ChannelEndpoint],
    protocol: ChannelProtocol,
) -> Result<&str, Fault> {
    let found = endpoints.iter().find(|endpoint| endpoint.protocol == protocol);
    let lacking = || Fault(format!("the channel has no {protocol:?} endpoint"));
    found.map(|endpoint| endpoint.resource_endpoint.as_str()).ok_or_else(lacking)
}

impl Host {
    /// Kinesis Video Streams, asked by the function itself.
    pub(crate) fn kinesis_video(&self) -> Result<Endpoint, Fault> {
        self.service(SERVICE)
    }

    /// Makes a channel of this stage, or finds it made, and tells its ARN.
    pub(crate) async fn channel(&self, own: &str) -> Result<String, Fault> {
        let name = format!("{}{own}", channel_prefix()?);
        let tag = |key: &str, value: String| json!({ "Key": key, "Value": value });
        let input = json!({
            "ChannelName": name,
            "ChannelType": "SINGLE_MASTER",
            "Tags": [
                tag("chatctl:project", required("CHATCTL_PROJECT")?),
                tag("chatctl:stage", self.stage.clone()),
            ],
        });
        let endpoint = self.kinesis_video()?;
        match call::<Made>(&endpoint, "/createSignalingChannel", input).await {
            Ok(made) => Ok(made.channel_arn),
            Err(Refused::InUse) => Ok(self.described(&name).await?),
            Err(refused) => Err(refused.into()),
        }
    }

    async fn described(&self, name: &str) -> Result<String, Refused> {
        let input = json!({ "ChannelName": name });
        let endpoint = self.kinesis_video()?;
        let described: Described = call(&endpoint, "/describeSignalingChannel", input).await?;
        Ok(described.info.channel_arn)
    }

    /// Keys of the voice role for one channel and one role there.
    async fn lend(
        &self,
        channel_arn: &str,
        client: ChannelClient<'_>,
    ) -> Result<LentCredentials, Fault> {
        let session = match client {
            ChannelClient::Master => "master",
            ChannelClient::Viewer { id, .. } => id,
        };
        let fields = [
            ("Action", "AssumeRole"),
            ("Version", "2011-06-15"),
            ("RoleArn", &required("ROLE_VOICEACCESS")?),
            ("RoleSessionName", &session.chars().take(64).collect::<String>()),
            ("DurationSeconds", &LENT_S.to_string()),
            ("Policy", &session_policy(channel_arn, client).to_string()),
        ];
        let pair = |(name, value): &(&str, &str)| {
            format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
        };
        let body = fields.iter().map(pair).collect::<Vec<_>>().join("&");
        let outgoing = Outgoing {
            method: Method::POST,
            path: "/",
            kind: Kind::Content("application/x-www-form-urlencoded"),
            body: body.into(),
            timeout: TIMEOUT,
        };
        let Answer { status, body, .. } = self.service("sts")?.send(outgoing).await?;
        let text = String::from_utf8_lossy(&body);
        if status != StatusCode::OK {
            let code = element(&text, "Code").unwrap_or_default();
            return Err(Fault(format!("AssumeRole: {} {code}", status.as_u16())));
        }
        credentials(&text).ok_or_else(|| Fault("the answer to AssumeRole lacks credentials".into()))
    }
}

impl Channels for Host {
    async fn create_channel(&self, voice_room_id: &str) -> Result<String, Fault> {
        self.channel(voice_room_id).await
    }

    async fn delete_channel(&self, channel_arn: &str) -> Result<(), Fault> {
        let input = json!({ "ChannelARN": channel_arn });
        match call::<Nothing>(&self.kinesis_video()?, "/deleteSignalingChannel", input).await {
            Ok(Nothing {}) | Err(Refused::NotFound) => Ok(()),
            Err(refused) => Err(refused.into()),
        }
    }

    async fn find_channel(&self, voice_room_id: &str) -> Result<Option<String>, Fault> {
        let name = format!("{}{voice_room_id}", channel_prefix()?);
        match self.described(&name).await {
            Ok(arn) => Ok(Some(arn)),
            Err(Refused::NotFound) => Ok(None),
            Err(refused) => Err(refused.into()),
        }
    }

    async fn all_channels(&self) -> Result<Vec<Channel>, Fault> {
        let (prefix, endpoint) = (channel_prefix()?, self.kinesis_video()?);
        let condition = json!({ "ComparisonOperator": "BEGINS_WITH", "ComparisonValue": prefix });
        let mut input = json!({ "ChannelNameCondition": condition });
        let mut channels = Vec::new();
        loop {
            let page: Listed = call(&endpoint, "/listSignalingChannels", input.clone()).await?;
            channels.extend(page.channel_info_list.into_iter().filter_map(|info| {
                let own = info.name.strip_prefix(&prefix)?.to_owned();
                let created_at = (info.created * 1000.0) as u64;
                Some(Channel { arn: info.arn, own, created_at })
            }));
            match page.next_token {
                Some(token) => input["NextToken"] = token.into(),
                None => return Ok(channels),
            }
        }
    }

    async fn lend_channel(
        &self,
        channel_arn: &str,
        client: ChannelClient<'_>,
    ) -> Result<ChannelAccess, Fault> {
        let credentials = self.lend(channel_arn, client).await?;
        let region = self.region().to_owned();
        // From here on as the browser: what it could not do, the function does not find out either.
        let identity = Arc::new(Identity::lent(&credentials, &region));
        let control = self.kinesis_video()?.acting(Arc::clone(&identity));
        let endpoints = locate(&control, channel_arn, client.role()).await?;
        let mut parameters = vec![("X-Amz-ChannelARN", channel_arn)];
        let client_id = match client {
            ChannelClient::Master => None,
            ChannelClient::Viewer { id, .. } => Some(id),
        };
        parameters.extend(client_id.map(|id| ("X-Amz-ClientId", id)));
        let wss = address(&endpoints, ChannelProtocol::Wss)?;
        let now = SystemTime::now();
        let signaling_url = signed_url(&identity, SERVICE, wss, &parameters, SIGNED_S, now)?;
        let https = address(&endpoints, ChannelProtocol::Https)?;
        let relay = self.service_at(SERVICE, https)?.acting(identity);
        // Without a relay those still reach each other who need none.
        let ice = ice::configuration(&relay, channel_arn, client_id, &region, self.now()).await;
        let ice = ice.unwrap_or_else(|fault| {
            tracing::warn!(error = %fault, "no TURN servers");
            Ice::makeshift(ice::stun(&region), self.now())
        });
        Ok(ChannelAccess { region, endpoints, credentials, ice, signaling_url })
    }

    async fn bar(&self, channel_arn: &str, membership: &str) -> Result<(), Fault> {
        let tag = json!({ "Key": format!("{LEFT}{membership}"), "Value": "" });
        let input = json!({ "ResourceARN": channel_arn, "Tags": [tag] });
        let endpoint = self.kinesis_video()?;
        let mut pauses = BAR_PAUSES.iter();
        loop {
            match call::<Nothing>(&endpoint, "/TagResource", input.clone()).await {
                Ok(Nothing {}) | Err(Refused::NotFound) => return Ok(()),
                Err(Refused::Throttled(fault)) => match pauses.next() {
                    Some(pause) => self.pause(*pause).await,
                    None => return Err(fault),
                },
                Err(refused) => return Err(refused.into()),
            }
        }
    }
}

/// What a session of the voice role is narrowed to: one channel, one role there, and for a viewer the
/// time of their membership.
fn session_policy(channel_arn: &str, client: ChannelClient<'_>) -> Value {
    let connect = match client.role() {
        VoiceRole::Master => "kinesisvideo:ConnectAsMaster",
        VoiceRole::Viewer => "kinesisvideo:ConnectAsViewer",
    };
    let mut statement = json!({
        "Effect": "Allow",
        "Action": [
            connect,
            "kinesisvideo:DescribeSignalingChannel",
            "kinesisvideo:GetIceServerConfig",
            "kinesisvideo:GetSignalingChannelEndpoint",
        ],
        "Resource": channel_arn,
    });
    if let ChannelClient::Viewer { membership, .. } = client {
        let absent = json!({ format!("aws:ResourceTag/{LEFT}{membership}"): "true" });
        statement["Condition"] = json!({ "Null": absent });
    }
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// The credentials in STS's answer.
fn credentials(xml: &str) -> Option<LentCredentials> {
    Some(LentCredentials {
        access_key_id: element(xml, "AccessKeyId")?,
        secret_access_key: element(xml, "SecretAccessKey")?,
        session_token: element(xml, "SessionToken")?,
        expiration: element(xml, "Expiration")?,
    })
}

/// The text of an element that occurs once and whose text is of base64, digits or names: nothing in
/// it is ever escaped.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_from_the_answer_of_sts() {
        let xml = "<AssumeRoleResponse><AssumeRoleResult><Credentials>\
                   <AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>a/b+c</SecretAccessKey>\
                   <SessionToken>\n t==\n</SessionToken><Expiration>2026-01-01T00:00:00Z</Expiration>\
                   </Credentials></AssumeRoleResult></AssumeRoleResponse>";
        let found = credentials(xml).unwrap();
        assert_eq!((found.access_key_id.as_str(), found.session_token.as_str()), ("ASIA1", "t=="));
        assert_eq!(credentials("<Credentials/>"), None);
    }

    #[test]
    fn who_is_asked_too_often_is_told_from_who_refuses() {
        let answered = |status: u16, refusal: &str| {
            let (status, refusal) = (StatusCode::from_u16(status).unwrap(), refusal.to_owned());
            refused("/path", &Answer { status, refusal, body: Bytes::new() })
        };
        for (status, kind) in [
            (400, "ClientLimitExceededException"),
            (400, "LimitExceededException:http://internal.amazon.com/"),
            (429, ""),
        ] {
            assert!(matches!(answered(status, kind), Refused::Throttled(_)), "{status} {kind}");
        }
        assert!(matches!(answered(403, "AccessDeniedException"), Refused::Fault(_)));
        assert!(matches!(answered(404, "ResourceNotFoundException"), Refused::NotFound));
    }

    #[test]
    fn a_session_reaches_one_channel_in_one_role() {
        let viewer = ChannelClient::Viewer { id: "c-1", membership: "ann-7" };
        let policy = session_policy("arn:x", viewer);
        let statement = &policy["Statement"][0];
        assert_eq!(statement["Resource"], "arn:x");
        assert_eq!(statement["Action"][0], "kinesisvideo:ConnectAsViewer");
        assert!(!policy.to_string().contains("Master") && !policy.to_string().contains('*'));
        let condition = json!({"Null": {"aws:ResourceTag/chatctl:left:ann-7": "true"}});
        assert_eq!(statement["Condition"], condition);
        let master = session_policy("arn:x", ChannelClient::Master);
        assert_eq!(master["Statement"][0]["Condition"], Value::Null);
    }
}
