//! What there is of a stage on AWS, asked of each service: what a template owns and what none does.

use serde::Serialize;

use futures_util::future::{try_join, try_join4};

use super::Stage;
use super::artifacts::Artifacts;
use super::prepare::Found;
use super::stage::{PROJECT_TAG, STAGE_TAG};
use super::teardown::Data;
use crate::aws::{
    AwsError, Bucket, Channel, Channels, CloudFormation, Lambda, Logs, Parameters, Tables,
};
use crate::deploy::DeployError;

/// Something of a stage that is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// `stack`, `table`, `function`, `log group`, `parameter`, `bucket`, `artifacts` or
    /// `signaling channel`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

impl Item {
    fn new(kind: &'static str, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }
}

/// What there is of a stage, less what is to be kept.
///
/// # Errors
/// A service refused or does not answer: what cannot be seen may well be there.
pub async fn inventory(stage: &Stage, data: Data) -> Result<Vec<Item>, DeployError> {
    let prefix = stage.prefix();
    let service = CloudFormation::new(&stage.cloud);
    let (tables, lambda) = (Tables::new(&stage.cloud), Lambda::new(&stage.cloud));
    let (logs, parameters) = (Logs::new(&stage.cloud), Parameters::new(&stage.cloud));
    let (groups, path) = (log_prefix(stage), stage.parameter_path());
    let owned = try_join4(
        async { Ok(tables.named(&prefix).await?) },
        async { Ok(lambda.functions(&prefix).await?) },
        async { Ok(logs.groups_named(&groups).await?) },
        async { Ok(parameters.below(&path).await?) },
    );
    let (channels, ((found, buckets), (tables, functions, groups, parameters))) = try_join(
        channels(stage),
        try_join(try_join(Found::look(stage, &service), buckets(stage)), owned),
    )
    .await?;
    let mut items: Vec<Item> =
        found.stack.map(|_| Item::new("stack", stage.stack_name())).into_iter().collect();
    items.extend(buckets);
    items.extend(channels.into_iter().map(|one| Item::new("signaling channel", one.name)));
    items.extend(functions.into_iter().map(|one| Item::new("function", one.name)));
    items.extend(groups.into_iter().map(|name| Item::new("log group", name)));
    if data == Data::Remove {
        items.extend(tables.into_iter().map(|name| Item::new("table", name)));
        items.extend(parameters.into_iter().map(|name| Item::new("parameter", name)));
    }
    items.sort();
    Ok(items)
}

/// What the names of the functions' log groups begin with.
pub(super) fn log_prefix(stage: &Stage) -> String {
    format!("/aws/lambda/{}", stage.prefix())
}

/// The channels of the stage's voice rooms. What stands in for AWS at an address of its own may have
/// no Kinesis Video; then there are none.
pub(super) async fn channels(stage: &Stage) -> Result<Vec<Channel>, DeployError> {
    let tags =
        [(PROJECT_TAG, stage.project.config.project.as_str()), (STAGE_TAG, stage.name.as_str())];
    match Channels::new(&stage.cloud).tagged(&stage.prefix(), &tags).await {
        Err(error)
            if stage.cloud.endpoint().is_some() && !error.is_credentials() && !error.is_away() =>
        {
            Ok(Vec::new())
        }
        channels => Ok(channels?),
    }
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
