//! `chatctl.yaml` as `init` writes it: a new file, or one more stage in a file that people have
//! written and commented. Every value is checked by the parser that will read it.

use std::fmt::Write as _;

use super::lines::Lines;
use super::schema::SCHEMA_FILE;
use super::{Config, ConfigError};

/// How far a stage stands from the margin in a new file.
const STEP: usize = 2;

/// A stage about to be written; what is none is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageDraft {
    /// Its name.
    pub name: String,
    /// `region`.
    pub region: Option<String>,
    /// `account`.
    pub account: Option<String>,
    /// `profile`.
    pub profile: Option<String>,
    /// `architecture`.
    pub architecture: Option<String>,
    /// `domain.name` and `domain.certificate`.
    pub domain: Option<(String, String)>,
    /// `logRetentionDays`.
    pub log_retention_days: Option<u16>,
    /// `alarmsEmail`.
    pub alarms_email: Option<String>,
    /// `monthlyBudgetUsd`.
    pub monthly_budget_usd: Option<u32>,
    /// `protected`.
    pub protected: Option<bool>,
    /// `endpoints.aws`.
    pub endpoint: Option<String>,
}

/// A stage cannot be added to a file.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The file describes it already.
    #[error("the stage `{name}` is described already, in line {line}")]
    Taken {
        /// The stage.
        name: String,
        /// Where.
        line: usize,
    },
    /// A value is not what its key takes.
    #[error("{0}")]
    Value(#[from] ConfigError),
    /// The file is written in a way that a stage cannot be put into.
    #[error("`stages` is written on one line, in which no stage can be put")]
    OneLine,
}

impl StageDraft {
    /// Why the parser would refuse a value.
    ///
    /// # Errors
    /// The first such value.
    pub fn check(&self) -> Result<(), ConfigError> {
        format!("stages:\n{}", self.lines(STEP)).parse::<Config>().map(drop)
    }

    /// The stage's lines, its name so many columns from the margin.
    fn lines(&self, margin: usize) -> String {
        let Self {
            name,
            region,
            account,
            profile,
            architecture,
            domain,
            log_retention_days,
            alarms_email,
            monthly_budget_usd,
            protected,
            endpoint,
        } = self;
        let text = |value: &Option<String>| value.as_deref().map(scalar);
        let domain = domain.as_ref().map(|(name, certificate)| {
            format!("{{ name: {}, certificate: {} }}", scalar(name), quoted(certificate))
        });
        let rows = [
            ("region", text(region)),
            ("account", account.as_deref().map(quoted)),
            ("profile", text(profile)),
            ("architecture", text(architecture)),
            ("domain", domain),
            ("logRetentionDays", log_retention_days.map(|days| days.to_string())),
            ("alarmsEmail", text(alarms_email)),
            ("monthlyBudgetUsd", monthly_budget_usd.map(|budget| budget.to_string())),
            ("protected", protected.map(|on| on.to_string())),
            ("endpoints", endpoint.as_deref().map(|url| format!("{{ aws: {} }}", quoted(url)))),
        ];
        let mut lines = format!("{:margin$}{name}:", "");
        let rows: Vec<_> =
            rows.iter().filter_map(|(key, value)| Some((key, value.as_ref()?))).collect();
        lines.push_str(if rows.is_empty() { " {}\n" } else { "\n" });
        for (key, value) in rows {
            let inner = margin + STEP;
            let _ = writeln!(lines, "{:inner$}{key}: {value}", "");
        }
        lines
    }
}

/// A value as it is, where YAML takes that for a text.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@+".contains(c);
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let word = ["true", "false", "null", "yes", "no", "on", "off"].contains(&text);
    if starts && !word && text.chars().all(plain) { text.to_owned() } else { quoted(text) }
}

/// A value in quotes: what JSON quotes, YAML reads.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The text of a new file.
///
/// # Errors
/// A value is not what its key takes.
pub fn new_file(project: &str, stage: Option<&StageDraft>) -> Result<String, ConfigError> {
    let mut text = format!(
        "# yaml-language-server: $schema={SCHEMA_FILE}\n\
         # The project, as `chatctl` reads it. Everything has a default; unknown keys are errors.\n\n\
         # The first part of every physical name: 1 to 20 lower-case letters, digits and hyphens.\n\
         project: {}\n\n\
         stages:\n  \
           # The built-in stage: the whole stack on this machine, no account and no network.\n  \
           local: {{}}\n",
        scalar(project)
    );
    if let Some(stage) = stage {
        text.push_str("  # On AWS. A name that ends in * stands for every stage that begins so.\n");
        text.push_str(&stage.lines(STEP));
    }
    text.parse::<Config>()?;
    Ok(text)
}

/// The text of a file with one more stage, all else as it was.
///
/// # Errors
/// The file has the stage, or no place for it; or a value is not what its key takes.
pub fn add_stage(text: &str, stage: &StageDraft) -> Result<String, DraftError> {
    stage.check()?;
    let before: Config = text.parse()?;
    let lines = Lines::of(text);
    if let Some(line) = lines.get(&format!("stages.{}", stage.name)) {
        return Err(DraftError::Taken { name: stage.name.clone(), line });
    }
    let after = match lines.get("stages") {
        None => format!("{}\nstages:\n{}", ended(text), stage.lines(STEP)),
        Some(line) => insert(text, line, stage)?,
    };
    // Only what means the same as before, and one stage more, is written.
    let mut found: Config = after.parse()?;
    let added = found.stages.remove(&stage.name);
    if added.is_some() && found == before { Ok(after) } else { Err(DraftError::OneLine) }
}

/// Puts a stage at the end of the map that begins below a line.
fn insert(text: &str, stages: usize, stage: &StageDraft) -> Result<String, DraftError> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let key = lines[stages - 1];
    let value = key.split_once(':').map_or("", |(_, value)| value);
    match value.split('#').next().unwrap_or_default().trim() {
        "" => {}
        "{}" => {
            let key = key.replacen("{}", "", 1);
            let (above, below) = (lines[..stages - 1].concat(), lines[stages..].concat());
            let key = format!("{}\n", key.trim_end());
            return Ok(format!("{above}{key}{}{below}", stage.lines(STEP)));
        }
        _ => return Err(DraftError::OneLine),
    }
    let content = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let margin = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let own = margin(key);
    let block = lines[stages..].iter().take_while(|line| !content(line) || margin(line) > own);
    let last = block.clone().enumerate().filter(|(_, line)| content(line)).last();
    let inner = block.clone().find(|line| content(line)).map_or(own + STEP, |line| margin(line));
    let end = stages + last.map_or(0, |(at, _)| at + 1);
    let above = ended(&lines[..end].concat());
    Ok(format!("{above}{}{}", stage.lines(inner), lines[end..].concat()))
}

/// A text whose last line has an end.
fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> StageDraft {
        StageDraft {
            name: "prod".into(),
            region: Some("eu-west-1".into()),
            account: Some("012345678901".into()),
            profile: Some("on".into()),
            architecture: Some("x86_64".into()),
            domain: Some((
                "chat.example.org".into(),
                "arn:aws:acm:us-east-1:012345678901:certificate/1".into(),
            )),
            log_retention_days: Some(30),
            alarms_email: Some("ops@example.org".into()),
            monthly_budget_usd: Some(20),
            protected: Some(true),
            endpoint: Some("http://127.0.0.1:4566".into()),
        }
    }

    #[test]
    fn a_new_file_reads_well_and_means_what_was_asked_for() {
        let text = new_file("my-chat", Some(&full())).unwrap();
        insta::assert_snapshot!(text);
        let config: Config = text.parse().unwrap();
        let stage = config.stage("prod").unwrap();
        assert_eq!(stage.account.as_deref(), Some("012345678901"));
        assert_eq!(stage.profile.as_deref(), Some("on"));
        assert_eq!(new_file("My Chat", None).unwrap_err().position, Some((5, 10)));
    }

    #[test]
    fn a_stage_is_added_and_nothing_else_changes() {
        let pr = StageDraft { name: "pr-*".into(), ..StageDraft::default() };
        let cases = [
            ("", "\nstages:\n  pr-*: {}\n"),
            ("project: a", "project: a\n\nstages:\n  pr-*: {}\n"),
            ("stages: {} # none\nproject: a\n", "stages:  # none\n  pr-*: {}\nproject: a\n"),
            ("stages:\n", "stages:\n  pr-*: {}\n"),
            (
                "stages:\n    local: {}\n    # the real one\n    prod:\n      region: eu-west-1\n\n# end\nproject: a\n",
                "stages:\n    local: {}\n    # the real one\n    prod:\n      region: eu-west-1\n    pr-*: {}\n\n# end\nproject: a\n",
            ),
        ];
        for (before, after) in cases {
            assert_eq!(add_stage(before, &pr).unwrap(), after, "{before:?}");
        }
    }

    #[test]
    fn a_stage_that_is_there_or_has_no_place_is_refused() {
        let taken = add_stage("stages:\n  prod: {}\n", &full()).unwrap_err().to_string();
        assert_eq!(taken, "the stage `prod` is described already, in line 2");
        let flow = add_stage("stages: { a: {} }\n", &full()).unwrap_err();
        assert!(matches!(flow, DraftError::OneLine));
        let wrong = StageDraft { region: Some("ireland".into()), ..full() };
        assert!(add_stage("", &wrong).unwrap_err().to_string().contains("not an AWS region"));
    }
}
