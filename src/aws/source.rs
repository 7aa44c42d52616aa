//! Where AWS's own tools would take a region, an endpoint and credentials from, told without asking
//! anybody: the environment and AWS's files are read, nothing is signed.

use std::fmt;

use super::AccessError;
use super::cloud::profiles;

/// What AWS's tools find on this machine, for a profile or for whatever they use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambient {
    /// The region, and who names it.
    pub region: Option<(String, Origin)>,
    /// One address for all services, and who names it.
    pub endpoint: Option<(String, Origin)>,
    /// Where the credentials come from.
    pub credentials: KeySource,
    /// The profiles that AWS's files have, in order.
    pub profiles: Vec<String>,
}

/// Who names a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A variable of the environment.
    Variable(&'static str),
    /// A profile in AWS's files.
    Profile(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => f.write_str(name),
            Self::Profile(name) => write!(f, "profile {name} in ~/.aws/config"),
        }
    }
}

/// Where credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// `AWS_ACCESS_KEY_ID` and its companions.
    Environment,
    /// A profile that has a way to credentials.
    Profile {
        /// Its name.
        name: String,
        /// The way.
        way: Way,
    },
    /// A token of a web identity, as CI systems and Kubernetes give it.
    WebIdentity,
    /// What the machine itself has: a container's or an instance's role.
    Machine,
}

/// How a profile comes to credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// IAM Identity Center.
    Sso,
    /// `aws login`.
    Login,
    /// A program that prints them.
    Process(String),
    /// A role, by another profile's or the machine's credentials.
    Role,
    /// Keys in AWS's files.
    Keys,
    /// None that its keys tell.
    Nothing,
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("keys in the environment"),
            Self::WebIdentity => f.write_str("a web identity's token"),
            Self::Machine => f.write_str("the role of this container or instance, if it has one"),
            Self::Profile { name, way } => match way {
                Way::Sso => write!(f, "profile {name}, by IAM Identity Center"),
                Way::Login => write!(f, "profile {name}, by `aws login`"),
                Way::Process(command) => write!(f, "profile {name}, by the program `{command}`"),
                Way::Role => write!(f, "profile {name}, by its role"),
                Way::Keys => write!(f, "profile {name}, by its keys"),
                Way::Nothing => write!(f, "profile {name}, which names none"),
            },
        }
    }
}

impl KeySource {
    /// What to run, or do, to get valid credentials.
    pub fn mend(&self) -> String {
        let name = match self {
            Self::Profile { name, .. } if name != DEFAULT => Some(name),
            _ => None,
        };
        let flag = name.map(|name| format!(" --profile {name}")).unwrap_or_default();
        match self {
            Self::Environment => {
                "the keys come from AWS_ACCESS_KEY_ID in the environment: set new \
                                  ones, or unset them and name a profile (--profile NAME)"
                    .to_owned()
            }
            Self::WebIdentity => "the token comes from AWS_WEB_IDENTITY_TOKEN_FILE, for the role \
                                  AWS_ROLE_ARN: see that the role trusts the token's issuer"
                .to_owned(),
            Self::Profile { way: Way::Sso, .. } => format!("run: aws sso login{flag}"),
            Self::Profile { way: Way::Login, .. } => format!("run: aws login{flag}"),
            Self::Profile { way: Way::Process(command), .. } => {
                format!(
                    "the profile's credential_process gives the keys; see what it says: {command}"
                )
            }
            Self::Profile { way: Way::Role, name } => format!(
                "see that the credentials behind the profile may assume its role: aws sts get-caller-identity --profile {name}"
            ),
            Self::Profile { way: Way::Keys, .. } => {
                format!(
                    "the profile's keys are in ~/.aws/credentials; replace them: aws configure{flag}"
                )
            }
            Self::Profile { way: Way::Nothing, .. } | Self::Machine => format!(
                "run: aws configure sso{flag} (or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"
            ),
        }
    }
}

/// The profile that AWS's tools take where none is named.
const DEFAULT: &str = "default";

/// What AWS's tools find for a profile that was named, or for what they use themselves.
///
/// # Errors
/// AWS's files cannot be read.
pub fn ambient(named: Option<&str>) -> Result<Ambient, AccessError> {
    let chosen = named.map(str::to_owned).or_else(|| variable("AWS_PROFILE"));
    let profile = chosen.clone().unwrap_or_else(|| DEFAULT.to_owned());
    let files = pollster::block_on(profiles(Some(&profile)))?;
    let key = |key| files.get(key).map(str::to_owned);
    let of_variable = |name| Some((variable(name)?, Origin::Variable(name)));
    let of_profile = |name| Some((key(name)?, Origin::Profile(profile.clone())));
    let way = if key("sso_session").or_else(|| key("sso_start_url")).is_some() {
        Way::Sso
    } else if key("login_session").is_some() {
        Way::Login
    } else if let Some(command) = key("credential_process") {
        Way::Process(command)
    } else if key("role_arn").is_some() {
        Way::Role
    } else if key("aws_access_key_id").is_some() {
        Way::Keys
    } else {
        Way::Nothing
    };
    let credentials = if named.is_none() && variable("AWS_ACCESS_KEY_ID").is_some() {
        KeySource::Environment
    } else if chosen.is_some() || way != Way::Nothing {
        KeySource::Profile { name: profile.clone(), way }
    } else if variable("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() {
        KeySource::WebIdentity
    } else {
        KeySource::Machine
    };
    let mut known: Vec<String> = files.profiles().map(str::to_owned).collect();
    known.sort_unstable();
    Ok(Ambient {
        region: of_variable("AWS_REGION")
            .or_else(|| of_variable("AWS_DEFAULT_REGION"))
            .or_else(|| of_profile("region")),
        endpoint: of_variable("AWS_ENDPOINT_URL").or_else(|| of_profile("endpoint_url")),
        credentials,
        profiles: known,
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
