//! What `chatctl.yaml` says of one stage on AWS.

use super::text::{DomainText, EndpointsText, StageText, ThrottleText, TurnText, VoiceText};
use crate::stack::{
    AccessLogs, Domain, Endpoints, LogRetention, Protection, Settings, Throttle, Turn, Voice,
};

/// A stage on AWS as the file describes it; what is left out has its default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StageConfig {
    /// The region.
    pub region: Option<String>,
    /// The account that the stage belongs in.
    pub account: Option<String>,
    /// The AWS profile.
    pub profile: Option<String>,
    /// Where AWS's APIs are, if not at AWS.
    pub endpoint: Option<String>,
    /// What shapes the stage's resources.
    pub settings: Settings,
}

impl From<StageText> for StageConfig {
    fn from(text: StageText) -> Self {
        let StageText {
            region,
            account,
            profile,
            architecture,
            domain,
            log_retention_days,
            alarms_email,
            monthly_budget_usd,
            protected,
            access_logs,
            throttle,
            voice,
            endpoints,
        } = text;
        let EndpointsText { aws, connections, web_socket, site } = endpoints.unwrap_or_default();
        let default = Settings::default();
        // The parser has checked every value by the same rules that parse them here.
        let architecture = architecture.and_then(|name| name.0.parse().ok());
        let retention = log_retention_days.and_then(|days| u16::try_from(days.0).ok());
        let retention = retention.and_then(|days| LogRetention::try_from(days).ok());
        Self {
            region: region.map(|text| text.0),
            account: account.map(|text| text.0),
            profile: profile.map(|text| text.0),
            endpoint: aws.map(|text| text.0),
            settings: Settings {
                architecture: architecture.unwrap_or(default.architecture),
                log_retention: retention.unwrap_or(default.log_retention),
                alarms_email: alarms_email.map(|text| text.0),
                monthly_budget_usd: monthly_budget_usd.map(|number| number.get()),
                domain: domain.map(|DomainText { name, certificate }| Domain {
                    name: name.0,
                    certificate_arn: certificate.0,
                }),
                protection: protected.map_or(default.protection, |on| match on {
                    true => Protection::On,
                    false => Protection::Off,
                }),
                access_logs: access_logs.map_or(default.access_logs, |on| match on {
                    true => AccessLogs::On,
                    false => AccessLogs::Off,
                }),
                throttle: throttle.map_or(default.throttle, |ThrottleText { rate, burst }| {
                    Throttle { rate: rate.get(), burst: burst.get() }
                }),
                voice: voice.map(Voice::from).unwrap_or_default(),
                endpoints: Endpoints {
                    connections: connections.map(|text| text.0),
                    web_socket: web_socket.map(|text| text.0),
                    site: site.map(|text| text.0),
                },
            },
        }
    }
}

impl From<VoiceText> for Voice {
    fn from(text: VoiceText) -> Self {
        let VoiceText { transport, turn } = text;
        Self {
            transport: transport.and_then(|name| name.0.parse().ok()).unwrap_or_default(),
            turn: turn.map(|TurnText { urls, secret_parameter }| Turn {
                urls: urls.into_iter().map(|url| url.0).collect(),
                secret_parameter: secret_parameter.0,
            }),
        }
    }
}
