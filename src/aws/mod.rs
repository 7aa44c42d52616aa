//! AWS's services as this program uses them: one file a service, the only place that sees an SDK.
//!
//! SDK types never leave it. A stage on a loopback address is plain HTTP, so no TLS roots are ever
//! loaded for it.

mod api_gateway;
mod cloud;
mod cloudformation;
mod cloudfront;
mod credentials;
mod dynamodb;
mod error;
mod http;
mod iam;
mod identity;
mod kinesisvideo;
mod lambda;
mod logs;
mod metrics;
mod s3;
mod source;
mod ssm;

pub use api_gateway::ApiGateway;
pub use cloud::{Access, AccessError, Cloud};
pub use cloudformation::{
    ChangeSetId, ChangeSetState, CloudFormation, Deletion, EventPage, Finding, NewChangeSet,
    Resource, Source, StackChoice, StackDescription, StackEvent, Validated,
};
pub use cloudfront::CloudFront;
pub use dynamodb::{Condition, Cursor, Row, ScanPage, ScanRequest, TableState, Tables};
pub use error::AwsError;
pub use iam::Iam;
pub use identity::Identity;
pub use kinesisvideo::{Channel, Channels};
pub use lambda::{FunctionState, Lambda, LiveFunction, NewCode};
pub use logs::{LiveEvent, LiveTail, LiveUpdate, LogEvent, LogPage, Logs};
pub use metrics::{Alarm, Figure, Metrics, Question};
pub use s3::{Bucket, Made, Object, Standing};
pub use source::{Ambient, KeySource, Origin, Way, ambient};
pub use ssm::Parameters;

use error::failure;
