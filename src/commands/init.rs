//! `init`: writes `chatctl.yaml`, or adds a stage to it. Every question is a flag as well.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::aws::{Ambient, ambient};
use crate::cli::Globals;
use crate::config::{
    CONFIG_FILE, DraftError, LOCAL_STAGE, SCHEMA_FILE, StageDraft, add_stage, is_stage_name,
    new_file, schema,
};
use crate::context::Context;
use crate::error::CliError;
use crate::stack::Architecture;
use crate::ui::{Output, Ui};

/// What the wizard offers first.
const REGION: &str = "eu-west-1";

/// Write chatctl.yaml, or add a stage on AWS to it
///
/// On a terminal it asks what the flags leave open; elsewhere it takes the defaults. `--stage` names
/// the stage to describe, with --region, --profile and --endpoint-url as they shall be kept. A file
/// that is there keeps everything that it says.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project's name [default: the folder's]
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// The account that the stage belongs in; any other is refused
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// The functions' processor [default: arm64]
    #[arg(long, value_name = "arm64|x86_64")]
    arch: Option<Architecture>,
    /// The site's own domain
    #[arg(long, value_name = "HOST", requires = "certificate")]
    domain: Option<String>,
    /// The ARN of the domain's certificate, in us-east-1
    #[arg(long, value_name = "ARN", requires = "domain")]
    certificate: Option<String>,
    /// How many days CloudWatch keeps the logs [default: 14]
    #[arg(long, value_name = "DAYS")]
    log_retention_days: Option<u16>,
    /// Who is told of alarms and of the budget
    #[arg(long, value_name = "EMAIL")]
    alarms_email: Option<String>,
    /// What the account may cost a month before that person is told
    #[arg(long, value_name = "USD")]
    monthly_budget_usd: Option<u32>,
    /// Whether the stack and its tables refuse to be deleted [default: true]
    #[arg(long, value_name = "BOOL")]
    protected: Option<bool>,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let file = match &context.globals().config {
        Some(file) => file.clone(),
        None => PathBuf::from(CONFIG_FILE),
    };
    let existing = match std::fs::read_to_string(&file) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(&file, &error)),
    };
    let root = file.parent().filter(|root| !root.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let project = match &existing {
        Some(_) => None,
        None => Some(project_name(args, root, &context.ui)?),
    };
    let stage = stage(args, context)?;
    let text = match (&existing, &project, &stage) {
        (Some(_), _, None) => {
            context
                .ui
                .note(&format!("{} is there already; --stage NAME adds a stage", file.display()));
            return finish(false, &file, None, &context.ui);
        }
        (Some(text), _, Some(stage)) => {
            add_stage(text, stage).map_err(|error| refused(error, &file))?
        }
        (None, project, stage) => {
            let project = project.as_deref().unwrap_or_default();
            new_file(project, stage.as_ref())
                .map_err(|error| CliError::usage(error.message.clone()))?
        }
    };
    write(&file, &text)?;
    write_schema(root)?;
    ignore_state(root)?;
    finish(true, &file, stage.as_ref(), &context.ui)
}

/// The project's name: the flag's, the person's, or what the folder's name makes.
fn project_name(args: &Args, root: &Path, ui: &Ui) -> Result<String, CliError> {
    let valid = |name: &str| new_file(name, None).map(drop).map_err(|error| error.message);
    if let Some(name) = &args.project {
        return valid(name).map(|()| name.clone()).map_err(CliError::usage);
    }
    let folder = std::path::absolute(root).ok();
    let folder = folder.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy());
    let lower = folder.unwrap_or_default().to_lowercase().replace([' ', '_', '.'], "-");
    let name: String =
        lower.trim_start_matches(|c: char| !c.is_ascii_lowercase()).chars().take(20).collect();
    let name = if valid(&name).is_ok() { name } else { "chat".to_owned() };
    if ui.asks() {
        ui.ask("Project (the first part of every name)", &name, &valid)
    } else {
        Ok(name)
    }
}

/// The stage to describe, if one is wanted; every value is one that the parser takes.
fn stage(args: &Args, context: &Context) -> Result<Option<StageDraft>, CliError> {
    let ui = &context.ui;
    let Globals { stage, region, profile, endpoint_url, .. } = context.globals();
    let name = match stage.as_str() {
        LOCAL_STAGE if !ui.asks() => return Ok(None),
        LOCAL_STAGE => {
            if !ui.agree("Describe a stage on AWS as well?", false)? {
                return Ok(None);
            }
            let valid = |name: &str| match is_stage_name(name.trim_end_matches('*')) {
                true if name != LOCAL_STAGE => Ok(()),
                _ => Err("1 to 16 lower-case letters, digits and hyphens; not `local`".to_owned()),
            };
            ui.ask("Its name", "prod", &valid)?
        }
        name => name.to_owned(),
    };
    let mut draft = StageDraft {
        name,
        region: region.clone().filter(|value| !value.is_empty()),
        account: args.account.clone(),
        profile: profile.clone().filter(|value| !value.is_empty()),
        architecture: args.arch.map(|architecture| architecture.to_string()),
        domain: args.domain.clone().zip(args.certificate.clone()),
        log_retention_days: args.log_retention_days,
        alarms_email: args.alarms_email.clone(),
        monthly_budget_usd: args.monthly_budget_usd,
        protected: args.protected,
        endpoint: endpoint_url.clone().filter(|value| !value.is_empty()),
    };
    draft.check().map_err(|error| CliError::usage(error.message))?;
    if ui.asks() {
        complete(&mut draft, ui)?;
    }
    Ok(Some(draft))
}

/// Asks for what the flags left open.
fn complete(draft: &mut StageDraft, ui: &Ui) -> Result<(), CliError> {
    let found = ambient(draft.profile.as_deref())?;
    if draft.profile.is_none() {
        draft.profile = choose_profile(&found, ui)?;
    }
    let ambient = ambient(draft.profile.as_deref())?;
    let with = |change: &dyn Fn(&mut StageDraft)| {
        let mut tried = draft.clone();
        change(&mut tried);
        tried.check().map_err(|error| error.message)
    };
    let region = match &draft.region {
        Some(region) => region.clone(),
        None => {
            let default = ambient.region.map_or_else(|| REGION.to_owned(), |(region, _)| region);
            ui.ask("Region", &default, &|text| with(&|draft| draft.region = Some(text.to_owned())))?
        }
    };
    let architecture = match &draft.architecture {
        Some(architecture) => architecture.clone(),
        None => {
            let offered = ["arm64 (a fifth cheaper)", "x86_64"];
            let chosen = ui.choose("Processor of the functions", &offered)?;
            ["arm64", "x86_64"][chosen].to_owned()
        }
    };
    let optional = |text: String| Some(text).filter(|text| !text.is_empty());
    let email = match &draft.alarms_email {
        Some(email) => Some(email.clone()),
        None => optional(ui.ask(
            "Who is told of alarms (an e-mail address; empty: nobody)",
            "",
            &|text| {
                with(&|draft| {
                    draft.alarms_email = Some(text.to_owned()).filter(|text| !text.is_empty())
                })
            },
        )?),
    };
    let protected = match draft.protected {
        Some(protected) => protected,
        None => ui.agree("Shall the stack and its tables refuse to be deleted?", true)?,
    };
    draft.region = Some(region);
    draft.architecture = Some(architecture);
    draft.alarms_email = email;
    draft.protected = Some(protected);
    Ok(())
}

/// One of AWS's profiles on this machine, if there are several ways to choose from.
fn choose_profile(found: &Ambient, ui: &Ui) -> Result<Option<String>, CliError> {
    if found.profiles.is_empty() {
        return Ok(None);
    }
    let none = "none: whatever the environment has".to_owned();
    let offered: Vec<String> =
        std::iter::once(none).chain(found.profiles.iter().cloned()).collect();
    let offered: Vec<&str> = offered.iter().map(String::as_str).collect();
    let chosen = ui.choose("AWS profile", &offered)?;
    Ok(chosen.checked_sub(1).map(|at| found.profiles[at].clone()))
}

fn refused(error: DraftError, file: &Path) -> CliError {
    let message = error.to_string();
    match error {
        DraftError::Taken { line, .. } => {
            CliError::usage(message).hint(format!("change it there: {}:{line}", file.display()))
        }
        DraftError::Value(_) => CliError::usage(message),
        DraftError::OneLine => CliError::usage(message)
            .hint(format!("write it as a block in {}, one stage a line", file.display())),
    }
}

/// The schema that the file's first line names, for editors.
fn write_schema(root: &Path) -> Result<(), CliError> {
    let file = root.join(SCHEMA_FILE);
    let text = format!("{:#}\n", schema());
    if std::fs::read_to_string(&file).is_ok_and(|there| there == text) {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    }
    write(&file, &text)
}

/// Keeps `.chatctl`, where the stage `local` has its keys, out of a repository.
fn ignore_state(root: &Path) -> Result<(), CliError> {
    const STATE: &str = "/.chatctl/";
    let file = root.join(".gitignore");
    if !root.join(".git").exists() {
        return Ok(());
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    if there.lines().any(|line| line.trim().trim_matches('/') == ".chatctl") {
        return Ok(());
    }
    let gap = if there.is_empty() || there.ends_with('\n') { "" } else { "\n" };
    write(&file, &format!("{there}{gap}{STATE}\n"))
}

fn write(file: &Path, text: &str) -> Result<(), CliError> {
    std::fs::write(file, text).map_err(|error| failed(file, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> CliError {
    CliError::failed("io", format!("{}: {error}", path.display()))
}

fn finish(changed: bool, file: &Path, stage: Option<&StageDraft>, ui: &Ui) -> Result<(), CliError> {
    let name = stage.map(|stage| stage.name.as_str());
    if ui.output() != Output::Text {
        return ui.json(&json!({ "changed": changed, "file": file, "stage": name }));
    }
    if !changed {
        return Ok(());
    }
    ui.line(&format!("{} written", file.display()))?;
    match name {
        Some(name) => {
            let name = name.replace('*', "1");
            ui.note(&format!("next: chatctl doctor -s {name}, then chatctl deploy -s {name}"));
        }
        None => ui.note("next: chatctl deploy"),
    }
    Ok(())
}
