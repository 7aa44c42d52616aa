//! What there is of a stage on AWS, asked of each service: what a template owns and what none does.

use serde::Serialize;

use futures_util::future::{try_join, try_join3, try_join4, try_join5};

use super::Stage;
use super::artifacts::Artifacts;
use super::prepare::Found;
use super::stage::{PROJECT_TAG, STAGE_TAG};
use super::teardown::Data;
use crate::aws::{
    ApiGateway, AwsError, Bucket, Channel, Channels, CloudFormation, CloudFront, Iam, Lambda, Logs,
    Metrics, Parameters, Resource, Tables,
};
use crate::cloudformation::ACCESS_LOGS_ROLE;
use crate::deploy::DeployError;

/// What the names of log groups of functions begin with.
const LAMBDA_LOGS: &str = "/aws/lambda/";

/// Something of a stage that is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// `stack`, `table`, `function`, `role`, `API`, `distribution`, `alarm`, `dashboard`, `log group`,
    /// `signaling channel`, `parameter`, `bucket`, `artifacts` or `resource`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

impl Item {
    fn new(kind: &'static str, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    /// A resource that its stack let go of when it could not be deleted with it, unless [`inventory`] or
    /// the teardown itself looks for its kind.
    pub(super) fn let_go(resource: &Resource) -> Option<Self> {
        const LOOKED_FOR: [&str; 9] = [
            "AWS::ApiGatewayV2::Api",
            "AWS::CloudFront::Distribution",
            "AWS::CloudWatch::Alarm",
            "AWS::CloudWatch::Dashboard",
            "AWS::DynamoDB::Table",
            "AWS::IAM::Role",
            "AWS::Lambda::Function",
            "AWS::Logs::LogGroup",
            "AWS::S3::Bucket",
        ];
        let Resource { kind, physical, logical, .. } = resource;
        let name = physical.as_deref().filter(|name| !name.is_empty()).unwrap_or(logical);
        (!LOOKED_FOR.contains(&kind.as_str()))
            .then(|| Self::new("resource", format!("{kind} {name}")))
    }
}

/// What there is of a stage, less what is to be kept.
///
/// # Errors
/// A service refused or does not answer: what cannot be seen may well be there.
pub async fn inventory(stage: &Stage, data: Data) -> Result<Vec<Item>, DeployError> {
    let service = CloudFormation::new(&stage.cloud);
    let stack = async {
        let found = Found::look(stage, &service).await?;
        Ok(found.stack.map(|_| Item::new("stack", stage.stack_name())).into_iter().collect())
    };
    let parts = try_join5(stack, buckets(stage), named(stage), served(stage), async {
        if data == Data::Remove { kept(stage).await } else { Ok(Vec::new()) }
    });
    let (stack, buckets, named, served, kept) = parts.await?;
    let mut items: Vec<Item> = [stack, buckets, named, served, kept].concat();
    items.sort();
    Ok(items)
}

/// What is the stage's by its name.
async fn named(stage: &Stage) -> Result<Vec<Item>, DeployError> {
    let (prefix, groups) = (stage.prefix(), log_prefix(stage));
    let (lambda, logs) = (Lambda::new(&stage.cloud), Logs::new(&stage.cloud));
    let (iam, metrics) = (Iam::new(&stage.cloud), Metrics::new(&stage.cloud));
    let owned = try_join4(
        lambda.functions(&prefix),
        logs.groups_named(&groups),
        iam.roles_named(&prefix),
        metrics.alarms(&prefix),
    );
    let (channels, (functions, groups, roles, alarms)) =
        try_join(channels(stage), async { Ok(owned.await?) }).await?;
    let channels = channels.into_iter().map(|one| Item::new("signaling channel", one.name));
    let groups = groups.into_iter().filter(|name| is_log_group(stage, name));
    let groups = groups.map(|name| Item::new("log group", name));
    let functions = functions.into_iter().map(|one| Item::new("function", one.name));
    // By one of them API Gateway writes the whole account's access logs; it stays.
    let shared = stage.prefix() + ACCESS_LOGS_ROLE;
    let roles = roles.into_iter().filter(|name| !name.starts_with(&shared));
    let roles = roles.map(|name| Item::new("role", name));
    let alarms = alarms.into_iter().map(|one| Item::new("alarm", one.name));
    let by_name = functions.chain(roles).chain(alarms).filter(|item| stage.owns(&item.name));
    Ok(by_name.chain(groups).chain(channels).collect())
}

/// What the stage is reached and looked at by.
async fn served(stage: &Stage) -> Result<Vec<Item>, DeployError> {
    let (apis, metrics) = (ApiGateway::new(&stage.cloud), Metrics::new(&stage.cloud));
    let (edge, name) = (CloudFront::new(&stage.cloud), stage.stack_name());
    let distributions = async {
        match stage.site_bucket() {
            Some(bucket) => edge.distributions_of(&bucket).await,
            None => Ok(Vec::new()),
        }
    };
    let (apis, distributions, dashboard) =
        try_join3(apis.apis_named(&name), distributions, metrics.has_dashboard(&name)).await?;
    let apis = apis.into_iter().map(|id| Item::new("API", id));
    let distributions = distributions.into_iter().map(|id| Item::new("distribution", id));
    let dashboard = dashboard.then(|| Item::new("dashboard", name));
    Ok(apis.chain(distributions).chain(dashboard).collect())
}

/// What stays where data is kept.
async fn kept(stage: &Stage) -> Result<Vec<Item>, DeployError> {
    let (tables, parameters) = (Tables::new(&stage.cloud), Parameters::new(&stage.cloud));
    let (prefix, path) = (stage.prefix(), stage.parameter_path());
    let (tables, parameters) = try_join(tables.named(&prefix), parameters.below(&path)).await?;
    let tables = tables.into_iter().filter(|name| stage.owns(name));
    let tables = tables.map(|name| Item::new("table", name));
    Ok(tables.chain(parameters.into_iter().map(|name| Item::new("parameter", name))).collect())
}

/// Whether a log group is of one of the stage's functions.
pub(super) fn is_log_group(stage: &Stage, name: &str) -> bool {
    name.strip_prefix(LAMBDA_LOGS).is_some_and(|function| stage.owns(function))
}

/// What the names of the functions' log groups begin with.
pub(super) fn log_prefix(stage: &Stage) -> String {
    format!("{LAMBDA_LOGS}{}", stage.prefix())
}

/// The channels of the stage's voice rooms. What stands in for AWS at an address of its own may have
/// no Kinesis Video; then there are none.
pub(super) async fn channels(stage: &Stage) -> Result<Vec<Channel>, DeployError> {
    let tags =
        [(PROJECT_TAG, stage.project.config.project.as_str()), (STAGE_TAG, stage.name.as_str())];
    match Channels::new(&stage.cloud).tagged(&stage.channel_prefix(), &tags).await {
        Err(error)
            if stage.cloud.endpoint().is_some() && !error.is_credentials() && !error.is_away() =>
        {
            Ok(Vec::new())
        }
        Err(error) if error.is_away() && lacks_kinesis_video(stage).await? => Ok(Vec::new()),
        channels => Ok(channels?),
    }
}

/// Whether AWS says that the stage's region has no Kinesis Video Streams.
async fn lacks_kinesis_video(stage: &Stage) -> Result<bool, AwsError> {
    let region = stage.cloud.region();
    let listed =
        format!("/aws/service/global-infrastructure/regions/{region}/services/kinesisvideo");
    Ok(stage.cloud.endpoint().is_none()
        && !Parameters::new(&stage.cloud).missing(&[listed]).await?.is_empty())
}

async fn buckets(stage: &Stage) -> Result<Vec<Item>, DeployError> {
    let mut items = Vec::new();
    if let Some(site) = stage.site_bucket()
        && Bucket::new(&stage.cloud, &site).exists(&stage.account).await?
    {
        items.push(Item::new("bucket", site));
    }
    let artifacts = Artifacts::of(stage);
    let left: Result<bool, AwsError> = async {
        Ok(artifacts.bucket().exists(&stage.account).await?
            && !artifacts.bucket().is_empty(&artifacts.folder()).await?)
    }
    .await;
    if left? {
        items.push(Item::new("artifacts", format!("{}/{}", stage.artifact_bucket(), stage.name)));
    }
    Ok(items)
}
