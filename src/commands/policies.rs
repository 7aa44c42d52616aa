//! `policies`: the IAM documents of functions and roles, with the reason for each statement.

use serde_json::{Value, json};

use crate::context::{Context, Known};
use crate::error::CliError;
use crate::stack::{Function, PolicyDocument, Role, Stack, TrustDocument};
use crate::ui::{Output, Ui};

/// Show the IAM documents of functions and roles, with the reason for each statement
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The function or the role; all if none is named
    #[arg(value_name = "FN")]
    function: Option<String>,
}

/// Whose documents are shown.
#[derive(Clone, Copy)]
enum Subject<'a> {
    Function(&'a Function),
    Role(&'a Role),
}

impl<'a> Subject<'a> {
    fn all(stack: &'a Stack) -> Vec<Self> {
        let functions = stack.functions.iter().map(Self::Function);
        functions.chain(stack.roles.iter().map(Self::Role)).collect()
    }

    fn logical(self) -> &'a str {
        match self {
            Self::Function(Function { logical, .. }) | Self::Role(Role { logical, .. }) => logical,
        }
    }

    fn physical(self) -> &'a str {
        match self {
            Self::Function(Function { physical, .. }) | Self::Role(Role { physical, .. }) => {
                physical
            }
        }
    }

    fn policy(self, stack: &Stack) -> PolicyDocument {
        match self {
            Self::Function(function) => stack.policy(function),
            Self::Role(role) => stack.role_policy(role),
        }
    }

    fn trust(self, stack: &Stack) -> TrustDocument {
        match self {
            Self::Function(_) => stack.function_trust(),
            Self::Role(role) => stack.role_trust(role),
        }
    }
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let stack = context.stack(Known::Filled)?;
    let subjects = match &args.function {
        Some(name) => vec![find(&stack, name)?],
        None => Subject::all(&stack),
    };
    match context.ui.output() {
        Output::Json => {
            let documents: Vec<Value> =
                subjects.iter().map(|subject| document(&stack, *subject)).collect();
            context.ui.json(&documents)
        }
        Output::Ndjson => {
            subjects.iter().try_for_each(|subject| context.ui.json(&document(&stack, *subject)))
        }
        Output::Text | Output::Csv => {
            subjects.iter().try_for_each(|subject| show(&stack, *subject, &context.ui))
        }
    }
}

fn find<'a>(stack: &'a Stack, name: &str) -> Result<Subject<'a>, CliError> {
    let is_it = |subject: &Subject<'_>| {
        subject.logical().eq_ignore_ascii_case(name) || subject.physical() == name
    };
    let all = Subject::all(stack);
    all.iter().copied().find(is_it).ok_or_else(|| {
        let known: Vec<_> = all.iter().map(|subject| subject.logical()).collect();
        CliError::usage(format!("there is no function or role `{name}`"))
            .hint(format!("there are {}", known.join(", ")))
    })
}

fn document(stack: &Stack, subject: Subject<'_>) -> Value {
    let (policy, trust) = (subject.policy(stack), subject.trust(stack));
    let reasons = policy.statement.iter().map(|s| (s.sid.clone(), json!(s.reason)));
    let trusted = trust.statement.iter().map(|s| (s.sid.clone(), json!(s.reason)));
    let reasons: Value = reasons.chain(trusted).collect();
    let kind = match subject {
        Subject::Function(_) => "function",
        Subject::Role(_) => "name",
    };
    json!({
        kind: subject.logical(),
        "role": subject.physical(),
        "document": policy,
        "trust": trust,
        "reasons": reasons,
    })
}

fn show(stack: &Stack, subject: Subject<'_>, ui: &Ui) -> Result<(), CliError> {
    let (policy, trust) = (subject.policy(stack), subject.trust(stack));
    ui.line(&format!("# {} ({})", subject.logical(), subject.physical()))?;
    for statement in &policy.statement {
        ui.line(&format!("#   {}: {}", statement.sid, statement.reason))?;
    }
    ui.line(&pretty(&policy)?)?;
    ui.line("# who may take the role")?;
    for statement in &trust.statement {
        ui.line(&format!("#   {}: {}", statement.sid, statement.reason))?;
    }
    ui.line(&pretty(&trust)?)
}

fn pretty(document: &impl serde::Serialize) -> Result<String, CliError> {
    let text = serde_json::to_string_pretty(document);
    text.map_err(|error| CliError::failed("json", error.to_string()))
}
