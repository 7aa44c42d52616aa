//! `policies`: the IAM documents of the functions, with the reason for each statement.

use serde_json::{Value, json};

use crate::context::Context;
use crate::error::CliError;
use crate::stack::{Function, Stack};
use crate::ui::{Output, Ui};

/// Show the functions' IAM documents, with the reason for each statement
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The function; all if none is named
    #[arg(value_name = "FN")]
    function: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let stack = context.project()?.stack()?;
    let functions = match &args.function {
        Some(name) => vec![find(&stack, name)?],
        None => stack.functions.iter().collect(),
    };
    match context.ui.output() {
        Output::Json => {
            let documents: Vec<Value> =
                functions.iter().map(|function| document(&stack, function)).collect();
            context.ui.json(&documents)
        }
        Output::Ndjson => {
            functions.iter().try_for_each(|function| context.ui.json(&document(&stack, function)))
        }
        Output::Text | Output::Csv => {
            functions.iter().try_for_each(|function| show(&stack, function, &context.ui))
        }
    }
}

fn find<'a>(stack: &'a Stack, name: &str) -> Result<&'a Function, CliError> {
    let is_it = |function: &&Function| {
        function.logical.eq_ignore_ascii_case(name) || function.physical == name
    };
    stack.functions.iter().find(is_it).ok_or_else(|| {
        let known: Vec<_> =
            stack.functions.iter().map(|function| function.logical.as_str()).collect();
        CliError::usage(format!("there is no function `{name}`"))
            .hint(format!("the functions are {}", known.join(", ")))
    })
}

fn document(stack: &Stack, function: &Function) -> Value {
    let policy = stack.policy(function);
    let statements = policy.statement.iter();
    let reasons: Value = statements.map(|s| (s.sid.clone(), json!(s.reason))).collect();
    json!({"function": function.logical, "role": function.physical, "document": policy, "reasons": reasons})
}

fn show(stack: &Stack, function: &Function, ui: &Ui) -> Result<(), CliError> {
    ui.line(&format!("# {} ({})", function.logical, function.physical))?;
    let policy = stack.policy(function);
    for statement in &policy.statement {
        ui.line(&format!("#   {}: {}", statement.sid, statement.reason))?;
    }
    let text = serde_json::to_string_pretty(&policy)
        .map_err(|error| CliError::failed("json", error.to_string()))?;
    ui.line(&text)
}
