//! What a deployment or a teardown failed by, as a person sees it.

use super::{CliError, Kind};
use crate::deploy::DeployError;
use crate::deploy::aws::Cause;

impl From<DeployError> for CliError {
    fn from(error: DeployError) -> Self {
        let message = error.to_string();
        match error {
            DeployError::Build(error) => error.into(),
            DeployError::State(error) => error.into(),
            DeployError::Control(error) => error.into(),
            DeployError::Aws(error) => error.into(),
            DeployError::Project(error) => error.into(),
            DeployError::Busy { .. } => Self::new(Kind::Busy, "stage-busy", message)
                .hint("wait for it to end, then run the command again"),
            DeployError::PortTaken { .. } => Self::failed("port-taken", message)
                .hint("choose another port: `chatctl deploy --port N`, CHATCTL_PORT=N, or stages.local.port in chatctl.yaml"),
            DeployError::DataLoss { at_stake } => {
                let flags: Vec<_> = at_stake.iter().map(|t| format!("--allow-data-loss {}", t.logical)).collect();
                let mut refused = Self::new(Kind::Confirmation, "data-loss", message);
                refused.details = at_stake.iter().map(ToString::to_string).collect();
                refused.hint(format!("nothing was changed; if that is meant, add {}", flags.join(" ")))
            }
            DeployError::NoTable { known, .. } => Self::new(Kind::Usage, "table-unknown", message)
                .hint(format!("--allow-data-loss takes one of {}", known.join(", "))),
            DeployError::HostStart { log, output } => {
                let mut failed = Self::failed("host-start", message);
                failed.details = output;
                failed.hint(format!("its log is {}", log.display())).renewing_all_but_data().hint(
                    "where tables.db or parameters.json is damaged itself, restore it from a backup; \
                     `chatctl teardown --yes` removes it, with every room and message",
                )
            }
            DeployError::HostStuck { .. } => Self::failed("host-stuck", message)
                .hint("end that process, then run the command again"),
            DeployError::Template(error) => {
                let mut refused = Self::failed("template-refused", "CloudFormation would refuse the template");
                refused.details = error.0.iter().map(ToString::to_string).collect();
                refused.hint("templates/stack.yaml describes it; `chatctl synth` shows it")
            }
            DeployError::Foreign { .. } => Self::failed("stack-foreign", message)
                .hint("choose another `project` or another stage's name in chatctl.yaml")
                .hint("or, if it is yours, remove it by the tool that made it"),
            DeployError::NoFrontend => Self::new(Kind::Usage, "no-frontend", message)
                .hint("`chatctl deploy --only functions` deploys the rest"),
            DeployError::NoStack { .. } => Self::failed("not-deployed", message).hint("`chatctl deploy` deploys it"),
            DeployError::StackBusy { .. } => Self::new(Kind::Busy, "stage-busy", message)
                .hint("`chatctl attach` follows it to its end; `chatctl attach --cancel` cancels an update"),
            DeployError::StackStuck { .. } => Self::failed("stack-stuck", message)
                .hint("`chatctl recover` finds the way out; `chatctl diagnose` shows what failed"),
            DeployError::Refused { findings, .. } => {
                Self::failed("change-refused", message).caused(findings.iter()).hint("nothing was changed")
            }
            DeployError::OtherKey { .. } => Self::failed("table-key", message)
                .hint("nothing was changed; describe it in templates/stack.yaml with that key, or another table under another name"),
            DeployError::RolledBack { cause, others, .. } => Self::new(Kind::RolledBack, "rolled-back", message)
                .caused(cause.iter())
                .folded(others)
                .hint("what served before serves still; `chatctl diagnose` shows every event"),
            DeployError::Unfinished { cause, others, .. } => Self::failed("stack-stuck", message)
                .caused(cause.iter())
                .folded(others)
                .hint("`chatctl recover` finds the way out"),
            DeployError::LostSight { source, .. } => {
                let kind = if source.is_credentials() { Kind::Credentials } else { Kind::Failed };
                Self::new(kind, "detached", message)
                    .hint("`chatctl attach` follows it again, from any machine, with valid credentials")
            }
            DeployError::ArtifactBucket { source, name } => {
                let error = Self::from(source);
                Self::new(error.kind, "artifact-bucket", format!("the artifact bucket {name} cannot be used: {}", error.message))
                    .hint("its name is the project's, the account's and the region's: if somebody else has it, choose another `project` in chatctl.yaml")
            }
            DeployError::Blocked { blocking, cause, .. } => {
                let flags: Vec<_> = blocking.iter().map(|id| format!("--skip {id}")).collect();
                Self::failed("rollback-blocked", message).caused(cause.iter()).hint(format!(
                    "mend what blocks them and run `chatctl recover` again, or leave them as they are: chatctl recover {}",
                    flags.join(" ")
                ))
            }
            DeployError::NoVersion { versions } => {
                let mut failed = Self::failed("version-missing", message);
                failed.details = versions;
                failed.hint("name one of these by its beginning: chatctl rollback --to NAME")
            }
            DeployError::WouldNotKeep { .. } => Self::new(Kind::Confirmation, "data-loss", message)
                .hint("nothing was changed; to keep them: set `protected: true` for the stage in chatctl.yaml, deploy, then tear down"),
            DeployError::NotCancelled { .. } => Self::new(Kind::Busy, "not-cancelled", message)
                .hint("`chatctl attach` follows it to its end"),
            DeployError::Function { .. } => Self::failed("function-failed", message)
                .hint("`chatctl deploy` sets every function to what was deployed"),
            DeployError::Io { ref source, .. } => {
                let full = source.kind() == std::io::ErrorKind::StorageFull;
                let failed = Self::failed(if full { "disk-full" } else { "io" }, message);
                if full { failed.hint("free some disk space, then run the command again") } else { failed }
            }
        }
    }
}

impl CliError {
    /// Adds causes, each with what to do about it.
    fn caused<'a>(mut self, causes: impl Iterator<Item = &'a Cause>) -> Self {
        for cause in causes {
            self.details.push(cause.to_string());
            self.hints.extend(cause.advice.clone());
        }
        self
    }

    /// Adds how many other failures there were.
    fn folded(self, others: usize) -> Self {
        match others {
            0 => self,
            1 => self.detail("1 other resource failed after it"),
            _ => self.detail(format!("{others} other resources failed after it")),
        }
    }
}
