//! What a stage's configuration says about its resources, beyond what the manifest describes.
//!
//! Every field has a default, so that a stage of nothing but a name is a good one.

use std::fmt;
use std::str::FromStr;

/// The settings of one stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The processor that the functions are built for.
    pub architecture: Architecture,
    /// How long log events are kept.
    pub log_retention: LogRetention,
    /// Who is told of alarms and of the budget; nobody if none.
    pub alarms_email: Option<String>,
    /// What the account may cost a month, in USD, before that person is told; no budget if none.
    pub monthly_budget_usd: Option<u32>,
    /// The site's own domain; the distribution's generated name if none.
    pub domain: Option<Domain>,
    /// Whether tables and the stack refuse to be deleted.
    pub protection: Protection,
    /// Whether the APIs write a line for each request.
    pub access_logs: AccessLogs,
    /// How many requests each API takes.
    pub throttle: Throttle,
    /// How people talk.
    pub voice: Voice,
    /// Addresses that differ from those that AWS gives out.
    pub endpoints: Endpoints,
}

impl Settings {
    /// The settings of the stage `local`, which are the defaults as well.
    pub fn local() -> Self {
        Self::default()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            architecture: Architecture::default(),
            log_retention: LogRetention::default(),
            alarms_email: None,
            monthly_budget_usd: None,
            domain: None,
            protection: Protection::On,
            access_logs: AccessLogs::Off,
            throttle: Throttle::default(),
            voice: Voice::default(),
            endpoints: Endpoints::default(),
        }
    }
}

/// A processor that Lambda offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Architecture {
    /// Graviton: a fifth cheaper.
    #[default]
    Arm64,
    /// Intel and AMD.
    X86_64,
}

impl Architecture {
    /// Lambda's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Architecture {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        match text {
            "arm64" => Ok(Self::Arm64),
            "x86_64" => Ok(Self::X86_64),
            _ => Err(SettingError(format!("`{text}` is no architecture: arm64 or x86_64"))),
        }
    }
}

/// Days that CloudWatch Logs can be told to keep events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRetention(u16);

impl LogRetention {
    /// Every number of days that CloudWatch Logs takes.
    pub const DAYS: [u16; 22] = [
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557,
        2922, 3288, 3653,
    ];

    /// The number of days.
    pub fn days(self) -> u16 {
        self.0
    }
}

impl Default for LogRetention {
    fn default() -> Self {
        Self(14)
    }
}

impl TryFrom<u16> for LogRetention {
    type Error = SettingError;

    fn try_from(days: u16) -> Result<Self, SettingError> {
        if Self::DAYS.contains(&days) {
            return Ok(Self(days));
        }
        let known: Vec<String> = Self::DAYS.iter().map(u16::to_string).collect();
        let known = known.join(", ");
        Err(SettingError(format!("CloudWatch Logs keeps no {days} days: take one of {known}")))
    }
}

/// A domain of one's own for the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// The host name, such as `chat.example.org`.
    pub name: String,
    /// The ARN of its certificate in Certificate Manager, which CloudFront takes from us-east-1 only.
    pub certificate_arn: String,
}

/// Whether data refuses to be deleted by accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protection {
    /// Tables and the stack refuse to be deleted until somebody takes the protection away.
    #[default]
    On,
    /// A stage that comes and goes.
    Off,
}

/// Whether the APIs write a line for each request.
///
/// Off unless asked for: API Gateway writes those of the WebSocket API by a role that is set once for the whole account
/// and region, and a stage that nobody told to does not touch what other stages share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccessLogs {
    /// A line a request, and the account's role for them.
    On,
    /// None; the functions' own logs have a line an invocation.
    #[default]
    Off,
}

/// How many requests each of the stage's APIs takes; of the WebSocket API connects, messages and
/// disconnects together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// Requests a second, sustained.
    pub rate: u32,
    /// Requests at once.
    pub burst: u32,
}

impl Default for Throttle {
    /// A tenth of what an account has (10,000 a second, shared with every post to a client), so that
    /// one stage under attack leaves room for its own answers and for its neighbours.
    fn default() -> Self {
        Self { rate: 1_000, burst: 500 }
    }
}

/// How people talk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Voice {
    /// What the web app talks over.
    pub transport: Transport,
    /// A TURN server of the stage's own; Kinesis Video Streams' if none.
    pub turn: Option<Turn>,
}

/// What the web app talks over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// Everybody to everybody, signaled over the chat's own WebSocket.
    #[default]
    Mesh,
    /// Everybody to the one who started it, signaled over a channel of Kinesis Video Streams.
    Kinesis,
}

impl Transport {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mesh => "mesh",
            Self::Kinesis => "kinesis",
        }
    }
}

impl FromStr for Transport {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        match text {
            "mesh" => Ok(Self::Mesh),
            "kinesis" => Ok(Self::Kinesis),
            _ => Err(SettingError(format!("`{text}` is no transport: mesh or kinesis"))),
        }
    }
}

/// A TURN server that takes credentials which end by themselves, made from a secret that it shares
/// (coturn's `use-auth-secret`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Its addresses, such as `turn:turn.example.org:3478?transport=udp`.
    pub urls: Vec<String>,
    /// The parameter in the parameter store with the secret.
    pub secret_parameter: String,
}

/// Addresses that differ from those that AWS gives out: custom domains and emulators. In each,
/// `{api}` stands for the WebSocket API's id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Endpoints {
    /// Where functions post to connections, without `/@connections`.
    pub connections: Option<String>,
    /// Where browsers connect.
    pub web_socket: Option<String>,
    /// Where browsers find the site.
    pub site: Option<String>,
}

/// A value that a setting does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingError(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_cloudwatch_takes_are_a_retention() {
        assert_eq!(LogRetention::try_from(30).map(LogRetention::days), Ok(30));
        assert_eq!(LogRetention::try_from(LogRetention::default().days()), Ok(LogRetention(14)));
        let error = LogRetention::try_from(10).unwrap_err().to_string();
        assert!(error.contains("10 days") && error.contains("14"), "{error}");
    }

    #[test]
    fn an_architecture_reads_as_it_is_written() {
        for one in [Architecture::Arm64, Architecture::X86_64] {
            assert_eq!(one.to_string().parse(), Ok(one));
        }
        assert!("mips".parse::<Architecture>().is_err());
    }
}
