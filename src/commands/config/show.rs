//! `config show`: every setting of a stage, and who has the last word on it.

use serde_json::{Map, Value, json};

use crate::aws::{Ambient, ambient};
use crate::config::{LOCAL_STAGE, Lines, Project, StageConfig};
use crate::context::Context;
use crate::error::CliError;
use crate::stack::{AccessLogs, Place, Protection, Settings};
use crate::ui::{Output, Ui};

/// Show every setting of the stage as it is in force
///
/// A flag comes before CHATCTL_*, then the stage in chatctl.yaml, then AWS_*, then the AWS profile.
/// Nothing is asked of AWS.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show beside each value where it comes from
    #[arg(long)]
    origin: bool,
}

/// A setting in force.
struct Setting {
    key: &'static str,
    value: Option<String>,
    origin: String,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let project = context.project()?;
    let sources = Sources::of(project, context)?;
    let mut settings =
        vec![sources.in_file("project", "project", Some(project.config.project.clone()))];
    match context.described()? {
        None => settings.extend(local(&sources, project)),
        Some(config) => {
            let access = context.access(config);
            let ambient = ambient(access.profile.as_deref())?;
            settings.extend(way_in(&sources, config, &ambient));
            settings.extend(resources(&sources, &config.settings));
        }
    }
    show(&settings, args.origin, &context.ui)
}

/// Where values can come from.
struct Sources<'a> {
    context: &'a Context,
    lines: Lines,
    file: String,
    /// The stage's name in the file, which may stand for a family.
    stage: String,
}

impl<'a> Sources<'a> {
    fn of(project: &Project, context: &'a Context) -> Result<Self, CliError> {
        let text = std::fs::read_to_string(&project.file).unwrap_or_default();
        let stage = &context.globals().stage;
        let stage = match context.described()? {
            Some(_) => project.config.entry(stage)?.0.to_owned(),
            None => LOCAL_STAGE.to_owned(),
        };
        let name = project.file.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self { context, lines: Lines::of(&text), file: name.into_owned(), stage })
    }

    fn line(&self, path: &str) -> Option<String> {
        self.lines.get(path).map(|line| format!("{}:{line}", self.file))
    }

    /// A value that only the file sets.
    fn in_file(&self, key: &'static str, path: &str, value: Option<String>) -> Setting {
        let origin = match (self.line(path), &value) {
            (Some(line), _) => line,
            (None, Some(_)) => "default".to_owned(),
            (None, None) => "not set".to_owned(),
        };
        Setting { key, value, origin }
    }

    /// A value of the stage that only the file sets.
    fn of_stage(&self, key: &'static str, value: Option<String>) -> Setting {
        self.in_file(key, &format!("stages.{}.{key}", self.stage), value)
    }

    /// A value that a flag, a variable, the file or AWS's own tools set, in that order.
    fn chosen(
        &self,
        key: &'static str,
        (flag, variable): (&Option<String>, &str),
        file: &Option<String>,
        outside: Option<(String, String)>,
    ) -> Setting {
        let named = |flag: &str| match std::env::var(variable) {
            Ok(value) if value == flag => variable.to_owned(),
            _ => format!(
                "--{}",
                variable.trim_start_matches("CHATCTL_").to_lowercase().replace('_', "-")
            ),
        };
        let given = flag.as_ref().map(|value| (value.clone(), named(value)));
        let path = format!("stages.{}.{key}", self.stage);
        let written =
            file.as_ref().map(|value| (value.clone(), self.line(&path).unwrap_or_default()));
        match given.or(written).filter(|(value, _)| !value.is_empty()).or(outside) {
            Some((value, origin)) => Setting { key, value: Some(value), origin },
            None => Setting { key, value: None, origin: "not set".to_owned() },
        }
    }
}

fn local(sources: &Sources<'_>, project: &Project) -> Vec<Setting> {
    let port = project.config.local_port.unwrap_or(crate::deploy::local::port::DEFAULT_PORT);
    let port = match std::env::var("CHATCTL_PORT") {
        Ok(value) if !value.is_empty() => {
            Setting { key: "port", value: Some(value), origin: "CHATCTL_PORT".to_owned() }
        }
        _ => sources.of_stage("port", Some(port.to_string())),
    };
    let region = Some(Place::local().region);
    vec![port, Setting { key: "region", value: region, origin: "built in".to_owned() }]
}

/// How the stage is reached, and as whom.
fn way_in(sources: &Sources<'_>, config: &StageConfig, ambient: &Ambient) -> Vec<Setting> {
    let globals = sources.context.globals();
    let outside = |value: &Option<(String, crate::aws::Origin)>| {
        value.as_ref().map(|(value, origin)| (value.clone(), origin.to_string()))
    };
    let profile = std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
    let profile = profile.map(|name| (name, "AWS_PROFILE".to_owned()));
    let StageConfig { region, account, profile: named, endpoint, settings: _ } = config;
    let credentials = ambient.credentials.to_string();
    vec![
        sources.chosen(
            "region",
            (&globals.region, "CHATCTL_REGION"),
            region,
            outside(&ambient.region),
        ),
        sources.of_stage("account", account.clone()),
        sources.chosen("profile", (&globals.profile, "CHATCTL_PROFILE"), named, profile),
        Setting {
            key: "credentials",
            value: Some(credentials),
            origin: "AWS's own rules".to_owned(),
        },
        sources.chosen(
            "endpoints.aws",
            (&globals.endpoint_url, "CHATCTL_ENDPOINT_URL"),
            endpoint,
            outside(&ambient.endpoint),
        ),
    ]
}

/// What shapes the stage's resources.
fn resources(sources: &Sources<'_>, settings: &Settings) -> Vec<Setting> {
    let Settings {
        architecture,
        log_retention,
        alarms_email,
        monthly_budget_usd,
        domain,
        protection,
        access_logs,
        throttle,
        voice,
        endpoints,
    } = settings;
    let turn = voice.turn.as_ref();
    let protected = *protection == Protection::On;
    let access_logs = *access_logs == AccessLogs::On;
    let rows = [
        ("architecture", Some(architecture.to_string())),
        ("domain.name", domain.as_ref().map(|domain| domain.name.clone())),
        ("domain.certificate", domain.as_ref().map(|domain| domain.certificate_arn.clone())),
        ("logRetentionDays", Some(log_retention.days().to_string())),
        ("alarmsEmail", alarms_email.clone()),
        ("monthlyBudgetUsd", monthly_budget_usd.map(|budget| budget.to_string())),
        ("protected", Some(protected.to_string())),
        ("accessLogs", Some(access_logs.to_string())),
        ("throttle.rate", Some(throttle.rate.to_string())),
        ("throttle.burst", Some(throttle.burst.to_string())),
        ("voice.transport", Some(voice.transport.as_str().to_owned())),
        ("voice.turn.urls", turn.map(|turn| turn.urls.join(" "))),
        ("voice.turn.secretParameter", turn.map(|turn| turn.secret_parameter.clone())),
        ("endpoints.connections", endpoints.connections.clone()),
        ("endpoints.webSocket", endpoints.web_socket.clone()),
        ("endpoints.site", endpoints.site.clone()),
    ];
    rows.into_iter().map(|(key, value)| sources.of_stage(key, value)).collect()
}

fn show(settings: &[Setting], origin: bool, ui: &Ui) -> Result<(), CliError> {
    if ui.output() != Output::Text {
        let entry = |setting: &Setting| {
            let Setting { key, value, origin: from } = setting;
            let value =
                if origin { json!({ "value": value, "origin": from }) } else { json!(value) };
            ((*key).to_owned(), value)
        };
        return ui.json(&Value::Object(settings.iter().map(entry).collect::<Map<_, _>>()));
    }
    let values = settings
        .iter()
        .map(|setting| setting.value.as_ref().map_or(1, |value| value.chars().count()));
    // One very long value does not push every origin off the screen.
    let width = values.max().unwrap_or(0).min(40);
    settings.iter().try_for_each(|Setting { key, value, origin: from }| {
        let value = value.as_deref().unwrap_or("-");
        let line = match origin {
            true => format!("{key:<22} {value:<width$}  {from}"),
            false => format!("{key:<22} {value}"),
        };
        ui.line(line.trim_end())
    })
}
