//! New code for functions without CloudFormation: what a person waits for who tries things out, and
//! how functions get back the code that was deployed.
//!
//! New code is not published as a version, because CloudFormation publishes the next version of it:
//! the alias names the unpublished code until then. Code that is set back is what a version has
//! already, so the alias names that version again.

use std::collections::BTreeMap;
use std::time::Instant;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::pace::Pace;
use super::prepare::Prepared;
use super::{Stage, artifacts::Artifacts};
use crate::aws::{AwsError, CloudFormation, Lambda, NewCode, StackDescription};
use crate::deploy::{DeployError, Event, OnEvent, build, millis};
use crate::package::Bundle;
use crate::stack::{Function, LIVE_ALIAS};

/// How many functions are changed at once; Lambda takes 15 such calls a second.
const PARALLEL: usize = 8;
/// The alias names code that is no version.
const UNPUBLISHED: &str = "$LATEST";

/// Gives new code to the functions of a deployed stage. Returns those that got it, by logical name.
///
/// # Errors
/// Nothing is deployed, the build failed, or Lambda refused.
pub async fn code_only(
    stage: &Stage,
    colour: bool,
    on_event: OnEvent<'_>,
) -> Result<Vec<String>, DeployError> {
    let stack = stage.stack()?;
    let lambda = Lambda::new(&stage.cloud);
    let prefix = stage.prefix();
    let live = async { Ok(lambda.functions(&prefix).await?) };
    let (root, architecture) = (&stage.project.root, stage.config.settings.architecture);
    let built = build::bundle(root, architecture, colour, on_event);
    let (live, code) = futures_util::future::try_join(live, built).await?;
    let there = |one: &&Function| live.iter().any(|state| state.name == one.physical);
    if stack.functions.iter().any(|one| !there(&one)) {
        return Err(DeployError::NoStack { stack: stage.stack_name() });
    }
    let built = code.sha256.base64();
    let same =
        |one: &Function| live.iter().any(|s| s.name == one.physical && s.code_sha256 == built);
    let (same, mut changed): (Vec<&Function>, Vec<&Function>) =
        stack.functions.iter().partition(|one| same(one));
    changed.extend(behind(&lambda, &same, &built).await?);
    if !changed.is_empty() {
        let started = Instant::now();
        let versions = BTreeMap::new();
        replace(stage, &changed, &code, &versions, on_event).await?;
        on_event(Event::CodeReplaced { functions: changed.len(), millis: millis(started) });
    }
    Ok(changed.into_iter().map(|one| one.logical.clone()).collect())
}

/// The functions whose alias names other code than they have: an earlier run ended between the two.
async fn behind<'a>(
    lambda: &Lambda,
    functions: &[&'a Function],
    built: &str,
) -> Result<Vec<&'a Function>, AwsError> {
    let each = functions.iter().map(|&function| async move {
        let live = lambda.live(&function.physical).await?;
        Ok(live.is_none_or(|live| live.code_sha256 != built).then_some(function))
    });
    let behind = stream::iter(each).buffer_unordered(PARALLEL);
    behind.try_filter_map(|one| async move { Ok(one) }).try_collect().await
}

/// Sets the functions that drifted back to what was deployed.
pub(super) async fn set_back(
    prepared: &Prepared,
    stack: &StackDescription,
    code: &Bundle,
    on_event: OnEvent<'_>,
) -> Result<(), DeployError> {
    let started = Instant::now();
    let Prepared { stage, stack: described, drifted, service, .. } = prepared;
    let versions = versions(service, &stack.id).await?;
    let changed: Vec<&Function> =
        described.functions.iter().filter(|one| drifted.contains(&one.logical)).collect();
    replace(stage, &changed, code, &versions, on_event).await?;
    on_event(Event::CodeReplaced { functions: changed.len(), millis: millis(started) });
    Ok(())
}

/// The versions that the stack published, by the function's physical name.
async fn versions(
    service: &CloudFormation,
    stack: &str,
) -> Result<BTreeMap<String, String>, AwsError> {
    let resources = service.resources(stack).await?;
    let versions = resources.iter().filter(|one| one.kind == "AWS::Lambda::Version");
    // arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION
    let parts = versions.filter_map(|one| {
        let mut parts = one.physical.as_deref()?.rsplit(':');
        let version = parts.next()?;
        Some((parts.next()?.to_owned(), version.to_owned()))
    });
    Ok(parts.collect())
}

async fn replace(
    stage: &Stage,
    functions: &[&Function],
    code: &Bundle,
    versions: &BTreeMap<String, String>,
    on_event: OnEvent<'_>,
) -> Result<(), DeployError> {
    let artifacts = Artifacts::of(stage);
    let (bucket, key) = (stage.artifact_bucket(), artifacts.code_key(&code.sha256.hex()));
    artifacts.put(&key, "application/zip", code.read()?.into(), on_event).await?;
    let lambda = Lambda::new(&stage.cloud);
    let architecture = stage.config.settings.architecture.as_str();
    let new = NewCode { bucket: &bucket, key: &key, architecture };
    let each = functions.iter().map(|function| {
        let version = versions.get(&function.physical).map_or(UNPUBLISHED, String::as_str);
        one(&lambda, function, new, version, on_event)
    });
    stream::iter(each).buffer_unordered(PARALLEL).try_collect::<()>().await
}

async fn one(
    lambda: &Lambda,
    function: &Function,
    code: NewCode<'_>,
    version: &str,
    on_event: OnEvent<'_>,
) -> Result<(), DeployError> {
    let mut state = lambda.set_code(&function.physical, code).await?;
    let mut pace = Pace::new();
    while state.updating {
        pace.wait().await;
        state = lambda.function(&function.physical).await?;
    }
    if let Some(reason) = state.failure {
        return Err(DeployError::Function { name: function.logical.clone(), reason });
    }
    lambda.set_alias(&function.physical, LIVE_ALIAS, version).await?;
    on_event(Event::FunctionReplaced { name: function.logical.clone() });
    Ok(())
}
