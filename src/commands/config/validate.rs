//! `config validate`: whether the files are a configuration and a stack.

use serde_json::json;

use crate::config::LOCAL_STAGE;
use crate::context::Context;
use crate::error::CliError;
use crate::ui::Output;

/// Check chatctl.yaml and templates/stack.yaml, and ask nobody
///
/// A mistake is shown at its line, and the exit code is 2.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_: &Args, context: &Context) -> Result<(), CliError> {
    let project = context.project()?;
    let stack = project.stack()?;
    // A stage that was named must be one of those described.
    context.described()?;
    let others = project.config.stages.keys().map(String::as_str);
    let stages: Vec<&str> = std::iter::once(LOCAL_STAGE).chain(others).collect();
    let (tables, functions) = (stack.tables.len(), stack.functions.len());
    if context.ui.output() != Output::Text {
        return context.ui.json(&json!({
            "valid": true,
            "file": project.file,
            "stages": stages,
            "tables": tables,
            "functions": functions,
        }));
    }
    context.ui.line(&format!(
        "{} is valid: stages {}",
        project.file.display(),
        stages.join(", ")
    ))?;
    context.ui.line(&format!("the stack has {tables} tables and {functions} functions"))
}
