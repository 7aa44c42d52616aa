//! What a stage on AWS needs: a region, credentials, the account that it belongs in.

use super::Check;
use crate::context::{AwsTarget, Context};

/// The checks, against AWS itself.
pub fn checks(target: &AwsTarget, context: &Context) -> Vec<Check> {
    let AwsTarget { project, stage, config, cloud } = target;
    let architecture = config.settings.architecture;
    let name = format!("{}-{stage}, functions for {architecture}", project.config.project);
    let mut checks = vec![Check::pass("stage", name), Check::pass("region", cloud.region())];
    if let Some(endpoint) = cloud.endpoint() {
        checks.push(Check::pass("endpoint", endpoint));
    }
    let identity = context.block_on(target.identity()).map_err(|error| context.explain(error));
    checks.push(Check::of(
        "credentials",
        identity.map(|who| format!("{} in {}", who.arn, who.account)),
    ));
    checks
}
