//! What a stage on AWS needs: a way to build for it, a region with its services, credentials of the
//! account that it belongs in.

use super::Check;
use crate::aws::{AwsError, Parameters};
use crate::context::{AwsTarget, Context};
use crate::error::CliError;
use crate::package::cross;
use crate::stack::{Architecture, Transport};

/// AWS's names of the services that a stage lives on and that not every region has.
const SERVICES: [&str; 6] = ["apigateway", "cloudformation", "dynamodb", "lambda", "s3", "sns"];

/// The one that voice goes over where a stage's `voice.transport` is `kinesis`. Elsewhere it gives relays
/// only, and voice goes without them.
const CHANNELS: &str = "kinesisvideo";

/// The checks, against AWS itself.
pub fn checks(target: &AwsTarget, context: &Context) -> Vec<Check> {
    let AwsTarget { project, stage, config, cloud } = target;
    let architecture = config.settings.architecture;
    let name = format!("{}-{stage}, functions for {architecture}", project.config.project);
    let mut checks = vec![
        Check::pass("stage", name),
        builder(architecture),
        Check::pass("region", cloud.region()),
    ];
    if let Some(endpoint) = cloud.endpoint() {
        checks.push(Check::pass("endpoint", endpoint));
    }
    let identity = context.block_on(target.identity()).map_err(|error| context.explain(error));
    let known = identity.is_ok();
    checks.push(Check::of(
        "credentials",
        identity.map(|who| format!("{} in {}", who.arn, who.account)),
    ));
    // Only AWS itself lists what its regions have.
    if known && cloud.endpoint().is_none() {
        checks.push(services(target, context));
    }
    checks
}

/// What builds for the functions' processor.
fn builder(architecture: Architecture) -> Check {
    let tool = || match cross::native() {
        Some(native) if native == architecture => Ok("cargo builds for it".to_owned()),
        _ => cross::zigbuild(),
    };
    let found = cross::check_target(architecture).and_then(|()| tool());
    Check::of("build", found.map_err(CliError::from))
}

/// Whether the region has every service, as AWS's public parameters list them.
fn services(target: &AwsTarget, context: &Context) -> Check {
    let region = target.cloud.region();
    let below = format!("/aws/service/global-infrastructure/regions/{region}/services/");
    let voice = (target.config.settings.voice.transport == Transport::Kinesis).then_some(CHANNELS);
    let services = SERVICES.into_iter().chain(voice);
    let names: Vec<String> = services.map(|service| format!("{below}{service}")).collect();
    let parameters = Parameters::new(&target.cloud);
    let missing = context
        .block_on(async { Ok::<Result<_, AwsError>, CliError>(parameters.missing(&names).await) });
    match missing {
        Ok(Ok(missing)) => lacking(region, &missing, names.len()),
        Ok(Err(error)) => Check::pass("services", format!("not known: {error}")),
        Err(error) => Check::of("services", Err(error)),
    }
}

/// What a region lacks of so many services.
fn lacking(region: &str, missing: &[String], needed: usize) -> Check {
    const MEND: &str = "take another region: --region NAME, or `region:` in chatctl.yaml";
    let names: Vec<&str> = missing.iter().filter_map(|path| path.rsplit('/').next()).collect();
    match names.len() {
        0 => Check::pass("services", format!("{region} has all that are needed")),
        count if count == needed => {
            Check::fail("services", format!("AWS lists no region {region}"), MEND)
        }
        _ => Check::fail("services", format!("{region} lacks {}", names.join(", ")), MEND),
    }
}
