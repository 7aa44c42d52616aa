//! `frontend`: the web app alone.

use serde_json::json;

use crate::context::{AwsTarget, Context, Target};
use crate::deploy::Event;
use crate::deploy::aws::{Parts, Request, prepare};
use crate::deploy::local;
use crate::error::CliError;
use crate::ui::Output;

/// Publish the web app
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Build the web app where it is out of date, and publish what changed to a stage that is up
    ///
    /// Assets go first and the page last, so that nobody loads a page whose assets are not there;
    /// assets that no page names any more stay for a week on AWS. Functions and tables stay as they
    /// are. Asks nothing: the next publication replaces it.
    Publish,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let Command::Publish = args.command;
    let ui = &context.ui;
    let published = match context.target()? {
        Target::Local => to_local(context),
        Target::Aws(target) => to_aws(&target, context),
    };
    ui.rest();
    let (changed, url) = published?;
    if ui.output() != Output::Text {
        let stage = &context.globals().stage;
        return ui.finished(&json!({"changed": changed, "stage": stage, "siteUrl": url}));
    }
    if !changed {
        ui.note("No changes.");
    }
    url.iter().try_for_each(|url| ui.line(&format!("{:<10} {url}", "Site")))
}

/// Whether anything changed, and where it is.
type Published = (bool, Option<String>);

fn to_local(context: &Context) -> Result<Published, CliError> {
    let (project, state) = (context.project()?, context.state()?);
    let on_event = |event: Event| context.ui.deploy_event(&event);
    context.block_on(async {
        context.running().await?;
        let outcome = local::publish(project, &state, &on_event).await?;
        Ok((outcome.changed, Some(outcome.addresses.site_url)))
    })
}

fn to_aws(target: &AwsTarget, context: &Context) -> Result<Published, CliError> {
    let on_event = |event: Event| context.ui.deploy_event(&event);
    context.block_on(async {
        let stage = target.stage().await?;
        let colour = context.ui.colours_stderr();
        let request = Request { stage, parts: Parts::Frontend, colour };
        let outcome = prepare(request, &on_event).await?.apply(&on_event).await?;
        Ok((outcome.changed, outcome.outputs.get("SiteUrl").cloned()))
    })
}
