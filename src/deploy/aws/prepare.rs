//! The first half of a deployment: everything that changes nothing that serves. Builds what is out of
//! date, looks at the stack, and has CloudFormation say what would change.

use futures_util::future::try_join;
use sha2::{Digest, Sha256};

use super::artifacts::Artifacts;
use super::change_set::{CHANGE_SETS, ChangeSets};
use super::follow::Watch;
use super::publish::{self, Published};
use super::status::Condition;
use super::{Stage, reading};
use crate::aws::{ChangeSetId, CloudFormation, Lambda, StackDescription};
use crate::cloudformation::{self, Template};
use crate::deploy::plan::{Action, Change, Kind, Plan};
use crate::deploy::site::SiteFile;
use crate::deploy::{DeployError, Event, OnEvent, build};
use crate::package::fingerprint::hex;
use crate::package::{Bundle, frontend};
use crate::stack::{Protection, Stack};

/// Which parts of a project are deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Parts {
    /// All.
    #[default]
    All,
    /// The stack with its functions; the site stays as it is.
    Functions,
    /// The site; the stack stays as it is.
    Frontend,
}

impl Parts {
    /// Whether the stack is deployed.
    pub fn stack(self) -> bool {
        self != Self::Frontend
    }

    /// Whether the site is deployed.
    pub fn site(self) -> bool {
        self != Self::Functions
    }
}

/// What is to be deployed, and where.
#[derive(Debug, Clone)]
pub struct Request {
    /// The stage.
    pub stage: Stage,
    /// Which parts.
    pub parts: Parts,
    /// Whether compilers may colour what they say.
    pub colour: bool,
}

/// A deployment that is planned and has changed nothing yet.
#[derive(Debug)]
pub struct Prepared {
    pub(super) stage: Stage,
    pub(super) service: CloudFormation,
    pub(super) artifacts: Artifacts,
    pub(super) stack: Stack,
    pub(super) found: Found,
    pub(super) target: Option<Target>,
    pub(super) drifted: Vec<String>,
    pub(super) site: Vec<SiteFile>,
    pub(super) published: Published,
    pub(super) plan: Plan,
}

/// What a deployed stack is to become.
#[derive(Debug)]
pub(super) struct Target {
    /// The code, if it may have to be uploaded.
    pub(super) code: Option<Bundle>,
    /// The code's SHA-256, in hex.
    pub(super) code_sha256: String,
    /// The template's text.
    pub(super) template: String,
    /// Whether it differs from what is deployed.
    pub(super) differs: bool,
    /// The change set that makes it so, where the stack is there.
    pub(super) change_set: Option<ChangeSetId>,
}

/// What is there.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) stack: Option<StackDescription>,
    pub(super) condition: Condition,
    pub(super) template: Option<String>,
}

impl Found {
    /// Looks at a stage's stack.
    pub(super) async fn look(stage: &Stage, service: &CloudFormation) -> Result<Self, DeployError> {
        let name = stage.stack_name();
        let (stack, template) = try_join(service.stack(&name), service.template(&name)).await?;
        let condition = Condition::of(stack.as_ref().map(|stack| stack.status.as_str()));
        if let Some(stack) = &stack
            && !(condition == Condition::Planned && is_own_plan(service, stack).await?)
        {
            stage.check_owner(stack)?;
        }
        let stack = stack.filter(|_| condition != Condition::Absent);
        Ok(Self { stack, condition, template: template.filter(|text| !text.is_empty()) })
    }

    /// Refuses a stack that takes no deployment.
    pub(super) fn check(&self, stage: &Stage) -> Result<(), DeployError> {
        let Some(stack) = &self.stack else { return Ok(()) };
        match self.condition {
            Condition::Absent | Condition::Planned | Condition::Ready | Condition::NeverMade => {
                Ok(())
            }
            Condition::Busy(operation) => {
                Err(DeployError::StackBusy { stack: stage.stack_name(), operation })
            }
            Condition::Halted | Condition::RollbackFailed | Condition::DeleteFailed => {
                Err(DeployError::StackStuck {
                    stack: stage.stack_name(),
                    status: stack.status.clone(),
                    reason: stack.reason.clone(),
                })
            }
        }
    }
}

/// Whether a stack that was never made is one of chatctl's: it gets its tags only when it is made, and
/// until then its change sets' names tell who plans it.
async fn is_own_plan(
    service: &CloudFormation,
    stack: &StackDescription,
) -> Result<bool, DeployError> {
    Ok(stack.tags.is_empty() && !service.change_sets(&stack.id, CHANGE_SETS).await?.is_empty())
}

impl Prepared {
    /// What will change.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The stage.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// What tells this plan from another: the hash of what it deploys and of what that changes.
    pub fn seal(&self) -> String {
        let mut hash = Sha256::new();
        if let Some(target) = &self.target {
            hash.update(&target.template);
        }
        hash.update(serde_json::to_vec(&self.plan).unwrap_or_default());
        hex(&hash.finalize())
    }

    /// Refuses what would lose data that nobody allowed to be lost, and drops the change set then.
    ///
    /// # Errors
    /// Data is at stake.
    pub async fn gate(self, allowed: &[String]) -> Result<Self, DeployError> {
        let at_stake = self.plan.at_stake(allowed);
        if at_stake.is_empty() {
            return Ok(self);
        }
        self.discard().await?;
        Err(DeployError::DataLoss { at_stake })
    }

    /// The change sets of its stack.
    pub(super) fn change_sets(&self) -> ChangeSets<'_> {
        let Self { stage, service, artifacts, .. } = self;
        ChangeSets { stage, service, artifacts }
    }

    /// Drops what was made to find out what would change.
    ///
    /// # Errors
    /// CloudFormation refused or does not answer.
    pub async fn discard(self) -> Result<(), DeployError> {
        if let Some(set) = self.target.and_then(|target| target.change_set) {
            self.service.drop_change_set(&set.id).await?;
        }
        Ok(())
    }

    /// What an operation that this deployment begins is followed by.
    pub(super) fn watch(stack: &str, token: &str, meant: super::status::Meant) -> Watch {
        Watch { stack: stack.to_owned(), token: Some(token.to_owned()), meant }
    }
}

/// Builds and plans.
///
/// # Errors
/// The project is wrong, a build fails, the stack takes no deployment, or CloudFormation refuses the
/// template. Nothing has changed then.
pub async fn prepare(request: Request, on_event: OnEvent<'_>) -> Result<Prepared, DeployError> {
    let Request { stage, parts, colour } = request;
    if parts == Parts::Frontend && !frontend::exists(&stage.project.root) {
        return Err(DeployError::NoFrontend);
    }
    let stack = stage.stack()?;
    let service = CloudFormation::new(&stage.cloud);
    let artifacts = Artifacts::of(&stage);
    let looked = async {
        let found = Found::look(&stage, &service).await?;
        found.check(&stage)?;
        Ok(found)
    };
    let built = build_parts(&stage, parts, colour, on_event);
    let (found, code) = try_join(looked, built).await?;
    let stack_id = found.stack.as_ref().map(|stack| stack.id.as_str());
    let look_at_site = publish::published(&artifacts, stack_id, parts);
    let plan_stack = plan_stack(&stage, &service, &artifacts, &stack, &found, code, on_event);
    let (published, (target, mut plan, drifted)) = try_join(look_at_site, plan_stack).await?;
    let outputs = found.stack.as_ref().map(|stack| stack.outputs.clone()).unwrap_or_default();
    let mut site = Vec::new();
    if parts.site() && frontend::exists(&stage.project.root) {
        site = publish::files(&stage, &outputs)?;
        plan.changes.extend(publish::changes(&site, &published));
    }
    let prepared = Prepared {
        stage,
        service,
        artifacts,
        stack,
        found,
        target,
        drifted,
        site,
        published,
        plan,
    };
    on_event(Event::Planned { plan: prepared.plan.clone() });
    Ok(prepared)
}

async fn build_parts(
    stage: &Stage,
    parts: Parts,
    colour: bool,
    on_event: OnEvent<'_>,
) -> Result<Option<Bundle>, DeployError> {
    let root = &stage.project.root;
    let code = if parts.stack() {
        Some(build::bundle(root, stage.config.settings.architecture, colour, on_event).await?)
    } else {
        None
    };
    if parts.site() && frontend::exists(root) {
        build::frontend(root, on_event).await?;
    }
    Ok(code)
}

/// What becomes of the stack, and which functions run other code than was deployed.
async fn plan_stack(
    stage: &Stage,
    service: &CloudFormation,
    artifacts: &Artifacts,
    stack: &Stack,
    found: &Found,
    code: Option<Bundle>,
    on_event: OnEvent<'_>,
) -> Result<(Option<Target>, Plan, Vec<String>), DeployError> {
    let Some(code) = code else { return Ok((None, Plan::default(), Vec::new())) };
    let sha256 = code.sha256.hex();
    let (bucket, key) = (stage.artifact_bucket(), artifacts.code_key(&sha256));
    let lambda_sha256 = code.sha256.base64();
    let location = cloudformation::Code {
        bucket: &bucket,
        key: &key,
        sha256: &sha256,
        lambda_sha256: Some(&lambda_sha256),
    };
    let template = cloudformation::render(stack, location);
    template.check()?;
    let before = found.template.as_deref().and_then(|text| Template::parse(text).ok());
    let serving = before.as_ref().filter(|_| found.condition == Condition::Ready);
    let text = template.to_json();
    let mut target = Target {
        code: Some(code.clone()),
        code_sha256: sha256.clone(),
        template: text,
        differs: true,
        change_set: None,
    };
    let Some(serving) = serving else {
        let empty = Template { resources: Default::default(), ..template.clone() };
        let monthly_usd = Some(reading::monthly_usd(None, &template));
        let mut plan = Plan { changes: replaced_stack(found), monthly_usd };
        plan.changes.extend(reading::differences(&cloudformation::diff(&empty, &template)));
        return Ok((Some(target), plan, Vec::new()));
    };
    if *serving == template {
        target.differs = false;
        let drifted = drifted(stage, stack, &code).await?;
        let changes = drifted.iter().map(|name| set_back(name)).chain(protection(stage, found));
        let plan = Plan { changes: changes.collect(), monthly_usd: None };
        return Ok((Some(target), plan, drifted));
    }
    let sets = ChangeSets { stage, service, artifacts };
    let set = sets.ask(&target.template, on_event).await?;
    let mut plan = Plan::default();
    match set {
        Some((id, changes)) => {
            plan.changes = reading::changes(&changes, serving);
            plan.monthly_usd = Some(reading::monthly_usd(Some(serving), &template));
            target.change_set = Some(id);
        }
        None => target.differs = false,
    }
    // An update publishes whatever code a function has, so what was changed beside the stack goes first.
    let is_deployed = serving.outputs.get("CodeHash").is_some_and(|hash| hash.value == sha256);
    let drifted = if is_deployed { drifted(stage, stack, &code).await? } else { Vec::new() };
    plan.changes.extend(drifted.iter().map(|name| set_back(name)));
    Ok((Some(target), plan, drifted))
}

/// A stack that was never made goes before it is made again.
fn replaced_stack(found: &Found) -> Vec<Change> {
    let Some(stack) = found.stack.as_ref().filter(|_| found.condition == Condition::NeverMade)
    else {
        return Vec::new();
    };
    vec![Change {
        action: Action::Remove,
        kind: Kind::Other("stack"),
        name: stack.id.clone(),
        detail: format!("its creation failed ({}), so it is made again", stack.status),
        loses_data: false,
    }]
}

/// A stack that is protected from deletion and is not to be, or the other way round.
fn protection(stage: &Stage, found: &Found) -> Option<Change> {
    let wanted = stage.config.settings.protection == Protection::On;
    let stack = found.stack.as_ref().filter(|stack| stack.protected != wanted)?;
    Some(Change {
        action: Action::Change,
        kind: Kind::Other("stack"),
        name: stage.stack_name(),
        detail: format!("protected from deletion: {wanted}, not {}", stack.protected),
        loses_data: false,
    })
}

fn set_back(function: &str) -> Change {
    Change {
        action: Action::Change,
        kind: Kind::Function,
        name: function.to_owned(),
        detail: "its code is not what was deployed, and is set back".to_owned(),
        loses_data: false,
    }
}

/// The functions, by logical name, whose code is not the zip's.
async fn drifted(stage: &Stage, stack: &Stack, code: &Bundle) -> Result<Vec<String>, DeployError> {
    let live = Lambda::new(&stage.cloud).functions(&stage.prefix()).await?;
    let deployed = code.sha256.base64();
    let differs =
        |physical: &str| live.iter().any(|one| one.name == physical && one.code_sha256 != deployed);
    let drifted = stack.functions.iter().filter(|function| differs(&function.physical));
    Ok(drifted.map(|function| function.logical.clone()).collect())
}
