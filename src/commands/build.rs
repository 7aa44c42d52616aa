//! `build`: the functions as Lambda takes them, without deploying anything.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::context::Context;
use crate::deploy::{Event, build};
use crate::error::CliError;
use crate::package::{Bundle, cross};
use crate::stack::Architecture;
use crate::ui::{Output, Ui};

/// Build the functions for Lambda, check that they start there, and pack them
///
/// One binary serves every function, so there is one zip; the same source gives the same bytes. A
/// binary for the wrong processor, or one that asks for a newer GLIBC than Amazon Linux 2023 has, is
/// refused here and not by Lambda.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The processor [default: the stage's; for `local` this machine's]
    #[arg(long, value_name = "arm64|x86_64")]
    arch: Option<Architecture>,
    /// Build a second time from nothing, and fail unless the same bytes come out
    #[arg(long)]
    verify_reproducible: bool,
    /// Write the zip there as well
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let root = &context.project()?.root;
    let architecture = match args.arch {
        Some(architecture) => architecture,
        None => of_stage(context)?,
    };
    let ui = &context.ui;
    let colour = ui.colours_stderr();
    let on_event = |event: Event| ui.deploy_event(&event);
    let bundle = context.block_on(async {
        let bundle = build::bundle(root, architecture, colour, &on_event).await?;
        if args.verify_reproducible {
            build::verify(root, &bundle, colour, &on_event).await?;
        }
        Ok(bundle)
    });
    ui.rest();
    let bundle = bundle?;
    if let Some(file) = &args.out {
        write(file, &bundle.read()?)?;
    }
    show(&bundle, args.out.as_deref().unwrap_or(&bundle.path), ui)
}

/// The processor of the stage's functions; the stage's cloud is not asked for.
fn of_stage(context: &Context) -> Result<Architecture, CliError> {
    match context.described()? {
        Some(config) => Ok(config.settings.architecture),
        None => cross::native().ok_or_else(|| {
            CliError::usage("functions do not run on this machine's processor or system")
                .hint("say what to build for: --arch arm64 or --arch x86_64")
        }),
    }
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), CliError> {
    std::fs::write(file, bytes)
        .map_err(|error| CliError::failed("io", format!("{}: {error}", file.display())))
}

fn show(bundle: &Bundle, file: &Path, ui: &Ui) -> Result<(), CliError> {
    let Bundle { sha256, size, architecture, path: _ } = bundle;
    if ui.output() != Output::Text {
        return ui.json(&json!({
            "file": file,
            "architecture": architecture.as_str(),
            "size": size,
            "sha256": sha256.hex(),
            "codeSha256": sha256.base64(),
        }));
    }
    ui.line(&format!("file          {}", file.display()))?;
    ui.line(&format!("architecture  {architecture}"))?;
    ui.line(&format!("size          {size} bytes"))?;
    ui.line(&format!("SHA-256       {}", sha256.hex()))?;
    ui.line(&format!("CodeSha256    {}", sha256.base64()))
}
