//! The stack as a type: what every host, AWS or this machine, must bring up.
//!
//! [`Manifest`] is the text that people edit (`templates/stack.yaml`); [`lower`] turns it into a
//! [`Stack`] with physical names, routes and grants checked. Nothing here knows CloudFormation, an
//! SDK or the terminal.

mod environment;
mod grant;
mod http;
mod lower;
mod manifest;
mod policy;
mod role;
mod routes;
mod settings;

pub use grant::{ChannelVerb, ConnectionVerb, Grant, GrantError, TableVerb};
pub use http::{HttpMethod, HttpRoute, HttpRouteError};
pub use lower::{LowerError, lower};
pub use manifest::{Manifest, ManifestError};
pub use policy::{Effect, PolicyDocument, Statement};
pub use role::{MOST_SESSION_SECONDS, Principal, Role, RolePurpose, TrustDocument, TrustStatement};
pub use settings::{
    AccessLogs, Architecture, Domain, Endpoints, LogRetention, Protection, SettingError, Settings,
    Throttle, Transport, Turn, Voice,
};

/// The manifest that ships with the program.
pub const BUILT_IN_MANIFEST: &str = include_str!("../../templates/stack.yaml");

/// What tells one deployed stack from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackName {
    /// The project, from `chatctl.yaml`.
    pub project: String,
    /// The stage: `local`, or one of the project's own.
    pub stage: String,
}

impl StackName {
    /// The physical name of a resource: `project-stage-Logical`.
    pub fn physical(&self, logical: &str) -> String {
        format!("{}-{}-{logical}", self.project, self.stage)
    }

    /// The name of one of the stack's signaling channels. Channels are made while the stage runs, and
    /// IAM opens them by what their names begin with: what follows the stage is a character that no
    /// stage has in its name, so that the roles of `prod` do not reach the channels of `prod-eu`.
    pub fn channel(&self, own: &str) -> String {
        format!("{}-{}_{own}", self.project, self.stage)
    }

    /// Whether a physical name is one of the stack's own. The stage `prod` is not `prod-eu`, whose names
    /// begin alike: logical names begin with a capital letter, projects and stages have none.
    pub fn owns(&self, physical: &str) -> bool {
        let logical = physical.strip_prefix(&self.physical(""));
        logical.is_some_and(|logical| logical.starts_with(|c: char| c.is_ascii_uppercase()))
    }
}

/// Where a stack lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The AWS region.
    pub region: String,
    /// The twelve-digit account id.
    pub account: String,
}

impl Place {
    /// The place of the stage `local`: a region that every SDK accepts and the account of no one.
    pub fn local() -> Self {
        Self { region: "us-east-1".to_owned(), account: "000000000000".to_owned() }
    }

    /// The place that CloudFormation fills in when it makes the stack: any account and region.
    pub fn of_template() -> Self {
        Self { region: "${AWS::Region}".to_owned(), account: "${AWS::AccountId}".to_owned() }
    }

    /// The part of AWS that the region belongs to, as ARNs name it.
    pub fn partition(&self) -> &'static str {
        match self.region.as_str() {
            region if region.starts_with("${") => "${AWS::Partition}",
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    /// The ARN of a resource here.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let Self { region, account } = self;
        format!("arn:{}:{service}:{region}:{account}:{resource}", self.partition())
    }
}

/// The alias of each function's version that serves; whoever calls a function calls this.
pub const LIVE_ALIAS: &str = "live";

/// The API id of the stage `local`; on AWS the service chooses one.
pub const LOCAL_API_ID: &str = "local";

/// The API id as a template says it: that of its own WebSocket API.
pub const TEMPLATE_API_ID: &str = "${WebSocketApi}";

/// Everything that a deployment brings up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// Project and stage.
    pub name: StackName,
    /// Region and account.
    pub place: Place,
    /// The WebSocket API's id, as far as it is known before a deployment.
    pub api_id: String,
    /// The stage's settings.
    pub settings: Settings,
    /// The tables, in the manifest's order.
    pub tables: Vec<Table>,
    /// The parameters.
    pub parameters: Vec<Parameter>,
    /// The buckets.
    pub buckets: Vec<Bucket>,
    /// The roles that functions may assume.
    pub roles: Vec<Role>,
    /// The functions.
    pub functions: Vec<Function>,
    /// The functions that run by the clock.
    pub schedules: Vec<Schedule>,
}

impl Stack {
    /// The functions that a person means: the one of this name, else all whose names begin so, in any
    /// case (`send` is SendMessageHandler).
    pub fn functions_meant(&self, name: &str) -> Vec<&Function> {
        let named = |f: &&Function| f.logical.eq_ignore_ascii_case(name) || f.physical == name;
        let begins = |f: &&Function| {
            f.logical.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        match self.functions.iter().find(named) {
            Some(function) => vec![function],
            None => self.functions.iter().filter(begins).collect(),
        }
    }

    /// The function of a logical name.
    pub fn function(&self, logical: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.logical == logical)
    }

    /// The table of a logical name.
    pub fn table(&self, logical: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.logical == logical)
    }

    /// The functions of the HTTP API, with their routes.
    pub fn http_routes(&self) -> impl Iterator<Item = (&Function, &HttpRoute)> {
        self.functions.iter().filter_map(|one| Some((one, one.route.as_ref()?.http()?)))
    }

    /// The bucket of a purpose.
    pub fn bucket(&self, purpose: BucketPurpose) -> Option<&Bucket> {
        self.buckets.iter().find(|bucket| bucket.purpose == purpose)
    }
}

/// A DynamoDB table; every key attribute is a string, billing is on demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The name that people use.
    pub logical: String,
    /// The name in DynamoDB.
    pub physical: String,
    /// The partition key's attribute.
    pub partition: String,
    /// The sort key's attribute.
    pub sort: Option<String>,
    /// Global secondary indexes; each projects all attributes.
    pub indexes: Vec<Index>,
    /// The attribute with the time of expiry, in seconds since the epoch.
    pub ttl: Option<String>,
}

impl Table {
    /// The table's ARN.
    pub fn arn(&self, place: &Place) -> String {
        place.arn("dynamodb", &format!("table/{}", self.physical))
    }
}

/// A global secondary index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The partition key's attribute.
    pub partition: String,
    /// The sort key's attribute.
    pub sort: Option<String>,
}

/// A secret in the parameter store, made of random bytes on the first deployment and kept after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The name that people use.
    pub logical: String,
    /// The name in the parameter store: `/project/stage/logical`.
    pub physical: String,
    /// How many random bytes; stored in base64.
    pub bytes: u16,
}

/// What a bucket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketPurpose {
    /// The web app's files.
    Site,
}

/// An S3 bucket; private, encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// The name that people use.
    pub logical: String,
    /// The globally unique name.
    pub physical: String,
    /// What it is for.
    pub purpose: BucketPurpose,
}

/// What of the stage's two APIs runs a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// A route of the WebSocket API.
    WebSocket(RouteKey),
    /// A route of the HTTP API.
    Http(HttpRoute),
}

impl Route {
    /// The route of the HTTP API, if it is one.
    pub fn http(&self) -> Option<&HttpRoute> {
        match self {
            Self::WebSocket(_) => None,
            Self::Http(route) => Some(route),
        }
    }

    /// The route of the WebSocket API, if it is one.
    pub fn web_socket(&self) -> Option<&RouteKey> {
        match self {
            Self::WebSocket(key) => Some(key),
            Self::Http(_) => None,
        }
    }
}

/// The route key as API Gateway writes it.
impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WebSocket(key) => f.write_str(key.as_str()),
            Self::Http(route) => route.fmt(f),
        }
    }
}

/// Which WebSocket route runs a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteKey {
    /// A client connects.
    Connect,
    /// A client is gone.
    Disconnect,
    /// A message that no other route takes.
    Default,
    /// A message with this `action`.
    Action(chatctl_protocol::Action),
}

impl RouteKey {
    /// The route key as API Gateway writes it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Connect => "$connect",
            Self::Disconnect => "$disconnect",
            Self::Default => "$default",
            Self::Action(action) => action.name(),
        }
    }
}

/// A function that runs by the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The name that people use.
    pub logical: String,
    /// The rule's name in EventBridge.
    pub physical: String,
    /// The function's logical name.
    pub function: String,
    /// Minutes from one run to the next.
    pub minutes: u32,
}

/// A Lambda function with a role of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The name that on-call people know, and the `Handler` setting.
    pub logical: String,
    /// The name in Lambda.
    pub physical: String,
    /// Its route; none for functions that other functions invoke.
    pub route: Option<Route>,
    /// Memory in MB.
    pub memory_mb: u32,
    /// Timeout in seconds.
    pub timeout_s: u32,
    /// Its log group.
    pub log_group: String,
    /// What it may do.
    pub grants: Vec<Grant>,
}

impl Function {
    /// The function's ARN.
    pub fn arn(&self, place: &Place) -> String {
        place.arn("lambda", &format!("function:{}", self.physical))
    }
}
