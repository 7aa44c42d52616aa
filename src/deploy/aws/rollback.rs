//! Back to an earlier deployment: its template, with its code, once more through a change set. Rows
//! stay as they are.

use super::artifacts::Artifacts;
use super::change_set::ChangeSets;
use super::history::{self, Deployed};
use super::prepare::{Found, Prepared, Target};
use super::publish::Published;
use super::{Stage, reading};
use crate::aws::CloudFormation;
use crate::cloudformation::Template;
use crate::deploy::plan::Plan;
use crate::deploy::{DeployError, Event, OnEvent};

/// Plans the way back to a version: one that `to` begins the name of, or the one before.
///
/// # Errors
/// There is no such version, the stack takes no deployment, or data would be lost.
pub async fn prepare_rollback(
    stage: Stage,
    to: Option<&str>,
    allow_data_loss: &[String],
    on_event: OnEvent<'_>,
) -> Result<Prepared, DeployError> {
    let stack = stage.stack()?;
    let service = CloudFormation::new(&stage.cloud);
    let artifacts = Artifacts::of(&stage);
    let found = Found::look(&stage, &service).await?;
    found.check(&stage)?;
    let before = found.template.as_deref().and_then(|text| Template::parse(text).ok());
    let Some(before) = before else {
        return Err(DeployError::NoStack { stack: stage.stack_name() });
    };
    let versions = history::all(&artifacts).await?;
    let serving = artifacts.template_key(found.template.as_deref().unwrap_or_default());
    let chosen = choose(&versions, to, &serving);
    let Some(chosen) = chosen else {
        let versions = versions.iter().map(ToString::to_string).collect();
        return Err(DeployError::NoVersion { versions });
    };
    let text = artifacts.bucket().get(&chosen.template).await?;
    let template = text.and_then(|text| String::from_utf8(text).ok()).unwrap_or_default();
    if template.is_empty() {
        let versions = versions.iter().map(ToString::to_string).collect();
        return Err(DeployError::NoVersion { versions });
    }
    let sets = ChangeSets { stage: &stage, service: &service, artifacts: &artifacts };
    let set = sets.ask(&template, on_event).await?;
    let mut plan = Plan::default();
    let mut change_set = None;
    if let Some((id, changes)) = set {
        plan.changes = reading::changes(&changes, &before);
        plan.monthly_usd = Template::parse(&template)
            .ok()
            .map(|after| reading::monthly_usd(Some(&before), &after));
        change_set = Some(id);
    }
    let differs = change_set.is_some();
    let code_sha256 = chosen.code_sha256.clone();
    let target = Target { code: None, code_sha256, template, differs, change_set };
    on_event(Event::Planned { plan: plan.clone() });
    let prepared = Prepared {
        stage,
        service,
        artifacts,
        stack,
        found,
        target: Some(target),
        drifted: Vec::new(),
        site: Vec::new(),
        published: Published::default(),
        plan,
    };
    prepared.gate(allow_data_loss).await
}

/// A version by the beginning of its name, or the last one that is not what serves.
fn choose<'a>(versions: &'a [Deployed], to: Option<&str>, serving: &str) -> Option<&'a Deployed> {
    match to {
        Some(name) => versions.iter().find(|one| one.name().starts_with(name)),
        None => versions
            .iter()
            .skip_while(|one| one.template == serving)
            .find(|one| one.template != serving),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(template: &str, code: &str) -> Deployed {
        Deployed {
            at: "2026-11-21T12:00:00Z".parse().unwrap(),
            version: "0.1.0".into(),
            template: template.into(),
            code_sha256: code.into(),
        }
    }

    #[test]
    fn the_one_before_is_the_last_that_does_not_serve() {
        let all = [version("c", "cc00"), version("b", "bb00"), version("a", "aa00")];
        assert_eq!(choose(&all, None, "c").unwrap().template, "b");
        assert_eq!(choose(&all, None, "elsewhere").unwrap().template, "c");
        assert_eq!(choose(&all, Some("aa"), "c").unwrap().template, "a");
        assert_eq!(choose(&all, Some("zz"), "c"), None);
        assert_eq!(choose(&all[..1], None, "c"), None);
    }
}
