//! `synth`: the CloudFormation template of a stage, checked against CloudFormation's limits.

use std::path::PathBuf;

use crate::cloudformation::{Code, MOST_INLINE_BYTES, Template, census, cost, render};
use crate::context::{Context, Known};
use crate::error::CliError;
use crate::ui::Output;

/// Write the stage's CloudFormation template; needs no credentials
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write it into a file instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    if context.is_local() {
        let message = "the stage `local` runs without a template";
        return Err(CliError::usage(message).hint("name a stage on AWS: `chatctl synth -s STAGE`"));
    }
    let stack = context.stack(Known::Open)?;
    let template = render(&stack, Code::PARAMETERS);
    let checked = template.check();
    checked.map_err(|error| {
        let refused =
            CliError::failed("template-invalid", "CloudFormation would refuse the template");
        error.0.iter().fold(refused, |refused, fault| refused.detail(fault.to_string()))
    })?;
    context.ui.note(&summary(&template));
    match &args.out {
        Some(file) => {
            let written = std::fs::write(file, template.to_pretty_json() + "\n");
            written.map_err(|error| CliError::failed("io", format!("{}: {error}", file.display())))
        }
        None => match context.ui.output() {
            Output::Ndjson => context.ui.line(&template.to_json()),
            Output::Text | Output::Json | Output::Csv => {
                context.ui.line(&template.to_pretty_json())
            }
        },
    }
}

/// What the template makes, how large it is, what it costs.
fn summary(template: &Template) -> String {
    let bytes = template.to_json().len();
    let by = if bytes > MOST_INLINE_BYTES { "through S3" } else { "within the request" };
    let types = census(template).len();
    let small = cost::monthly(template, cost::Load::SMALL).total();
    format!(
        "{} resources of {types} types, {} KB (sent {by}); about {small:.2} USD a month at {}",
        template.resources.len(),
        bytes.div_ceil(1000),
        cost::Load::SMALL,
    )
}
