//! `chatctl.yaml` as it is written. Every key is declared here and nowhere else: the parser, the
//! schema for editors and the list of known keys all come from these types.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::LOCAL_STAGE;
use super::value::{
    Account, ArchitectureName, Certificate, Days, Email, HostName, HttpUrl, Number, ParameterName,
    Port, Positive, Profile, ProjectName, Region, Rule, StageName, Text, TransportName, TurnUrl,
    WebSocketUrl,
};

/// The configuration of a chatctl project
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileText {
    /// The first part of every physical name
    pub project: Option<Text<ProjectName>>,
    /// The stages: `local` on this machine, any other on AWS; a name that ends in `*` stands for
    /// every stage that begins so
    #[serde(default)]
    #[schemars(with = "Option<StagesSchema>")]
    pub stages: StagesText,
}

/// The stages in their written order.
#[derive(Debug, Default)]
pub(super) struct StagesText {
    pub local: LocalText,
    pub others: Vec<(String, StageText)>,
}

/// What editors are told of [`StagesText`].
#[derive(JsonSchema)]
#[expect(dead_code, reason = "its fields are read by the schema's generator only")]
struct StagesSchema {
    /// The built-in stage: the whole stack on this machine
    local: Option<LocalText>,
    /// A stage on AWS
    #[schemars(flatten)]
    others: std::collections::BTreeMap<String, StageText>,
}

/// The built-in stage: the whole stack on this machine
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LocalText {
    /// The loopback port of the site, the WebSocket and every AWS API
    pub port: Option<Number<Port>>,
}

/// A stage on AWS
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct StageText {
    /// The region; without it --region, CHATCTL_REGION, AWS_REGION or the profile must name one
    pub region: Option<Text<Region>>,
    /// The account that the stage belongs in: a deployment into any other is refused
    pub account: Option<Text<Account>>,
    /// The AWS profile whose credentials are used
    pub profile: Option<Text<Profile>>,
    /// The processor of the functions: arm64 (cheaper, the default) or x86_64
    pub architecture: Option<Text<ArchitectureName>>,
    /// The site's own domain
    pub domain: Option<DomainText>,
    /// How many days CloudWatch keeps the logs (14 without it)
    pub log_retention_days: Option<Number<Days>>,
    /// Who is told of alarms and of the budget
    pub alarms_email: Option<Text<Email>>,
    /// What the stage's account may cost a month, in USD, before somebody is told
    pub monthly_budget_usd: Option<Number<Positive>>,
    /// Whether the stack and its tables refuse to be deleted (true without it)
    pub protected: Option<bool>,
    /// Whether the APIs write a line for each request (false without it); the role by which they do
    /// is shared by the whole account and region
    pub access_logs: Option<bool>,
    /// How many requests each API takes
    pub throttle: Option<ThrottleText>,
    /// How people talk
    pub voice: Option<VoiceText>,
    /// Addresses other than those that AWS gives out
    pub endpoints: Option<EndpointsText>,
}

/// How people talk
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VoiceText {
    /// What the web app talks over: mesh (everybody to everybody, the default) or kinesis (a star
    /// around whoever started it, over Kinesis Video Streams)
    pub transport: Option<Text<TransportName>>,
    /// A TURN server of one's own, instead of Kinesis Video Streams'
    pub turn: Option<TurnText>,
}

/// A TURN server of one's own, with credentials that end by themselves (coturn's use-auth-secret)
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct TurnText {
    /// Its addresses
    pub urls: Vec<Text<TurnUrl>>,
    /// The parameter in the parameter store that holds the secret it shares
    pub secret_parameter: Text<ParameterName>,
}

/// The site's own domain
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DomainText {
    /// The host name
    pub name: Text<HostName>,
    /// The ARN of its certificate, in us-east-1
    pub certificate: Text<Certificate>,
}

/// How many requests each API takes; of the WebSocket API connects, messages and disconnects together
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ThrottleText {
    /// Requests a second, sustained
    pub rate: Number<Positive>,
    /// Requests at once
    pub burst: Number<Positive>,
}

/// Addresses other than those that AWS gives out: custom domains and emulators. In each, `{api}`
/// stands for the WebSocket API's id
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct EndpointsText {
    /// Where AWS's own APIs are
    pub aws: Option<Text<HttpUrl>>,
    /// Where functions post to connections, without `/@connections`
    pub connections: Option<Text<HttpUrl>>,
    /// Where browsers connect
    pub web_socket: Option<Text<WebSocketUrl>>,
    /// Where browsers find the site
    pub site: Option<Text<HttpUrl>>,
}

/// A visitor of its own, because the built-in stage has other keys than the rest.
impl<'de> Deserialize<'de> for StagesText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Stages;
        impl<'de> Visitor<'de> for Stages {
            type Value = StagesText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of stages, such as `prod: { region: eu-west-1 }`")
            }

            fn visit_unit<E: de::Error>(self) -> Result<StagesText, E> {
                Ok(StagesText::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StagesText, A::Error> {
                let mut stages = StagesText::default();
                let mut seen = Vec::new();
                while let Some(name) = map.next_key_seed(NewName(&seen))? {
                    if name == LOCAL_STAGE {
                        stages.local = map.next_value::<Option<_>>()?.unwrap_or_default();
                    } else {
                        let stage = map.next_value::<Option<_>>()?.unwrap_or_default();
                        stages.others.push((name.clone(), stage));
                    }
                    seen.push(name);
                }
                Ok(stages)
            }
        }
        deserializer.deserialize_any(Stages)
    }
}

/// A stage's name that is not among those seen before.
struct NewName<'a>(&'a [String]);

impl<'de> DeserializeSeed<'de> for NewName<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NewName<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(StageName::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<String, E> {
        StageName::check(name).map_err(E::custom)?;
        if self.0.iter().any(|seen| seen == name) {
            return Err(E::custom(format!("the stage `{name}` is described twice")));
        }
        Ok(name.to_owned())
    }
}
