//! `chatctl-bench`: measures the stage `local` beside serverless-offline, in one run on one machine.
//!
//! `bench/run` builds and installs what this needs. Not a tool for users' own stages.

mod aims;
mod client;
mod cold;
mod cost;
mod counts;
mod load;
mod machine;
mod processes;
mod report;
mod rounds;
mod sides;
mod startup;
mod stats;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use load::Span;
use report::Measured;
use rounds::{Figures, Side};
use sides::Stage;
use startup::Timed;

/// What the benchmark fails with: it is told to the person who runs it, and nothing depends on its kind.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures the stage `local` beside serverless-offline
#[derive(Debug, Parser)]
#[command(name = "chatctl-bench")]
pub struct Settings {
    /// The chatctl binary, a release build; the project's root is the current folder
    #[arg(long)]
    chatctl: PathBuf,
    /// The folder of the serverless-offline project, dependencies installed
    #[arg(long, default_value = "bench/serverless-offline")]
    rival: PathBuf,
    /// Rounds; medians are taken over them
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of each measurement under load, after a fifth of that as warm-up
    #[arg(long, default_value_t = 5.0)]
    window: f64,
    /// Idle connections for the memory figures
    #[arg(long, default_value_t = 1000)]
    idle: usize,
    /// Only a room of so many people on the stage `local`, for a profiler beside it; writes no page
    #[arg(long, value_name = "PEOPLE")]
    room: Option<usize>,
    /// Where the page is written; stdout if not given
    #[arg(long)]
    write: Option<PathBuf>,
    /// Show every round's figures on stderr
    #[arg(long)]
    verbose: bool,
}

impl Settings {
    fn span(&self) -> Span {
        Span {
            warm_up: Duration::from_secs_f64(self.window / 5.0),
            window: Duration::from_secs_f64(self.window),
        }
    }
}

fn main() -> ExitCode {
    let settings = Settings::parse();
    // One thread: the clients must not take more of the cores than they need.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(&settings)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: &Settings) -> Result<()> {
    if let Some(people) = settings.room {
        let flow = rounds::room(people, settings).await?;
        println!("{flow:#?}");
        return Ok(());
    }
    let machine = machine::describe(&settings.chatctl, &settings.rival);
    let stage = Stage::new(&settings.chatctl, &std::env::current_dir()?)?;
    stage.deploy()?;
    eprintln!("counting requests");
    let actions = counts::count(&stage).await?;
    let cold = cold::read(&stage)?;
    stage.teardown()?;
    let sides = rounds(settings).await?;
    eprintln!("timing commands");
    let (runtimes, startup) = commands(settings)?;
    let measured =
        Measured { machine, idle: settings.idle, sides, cold, actions, runtimes, startup };
    let page = measured.page();
    match &settings.write {
        Some(path) => std::fs::write(path, with_kept(page, path))?,
        None => print!("{page}"),
    }
    Ok(())
}

/// The page with the sections of the one before it that other commands write.
fn with_kept(page: String, before: &Path) -> String {
    let before = std::fs::read_to_string(before).unwrap_or_default();
    let kept = before.split("<!-- kept: ").skip(1).filter_map(|rest| {
        let end = rest.find("<!-- end: ")?;
        let end = end + rest[end..].find("-->")? + "-->".len();
        Some(format!("\n<!-- kept: {}\n", &rest[..end]))
    });
    std::iter::once(page).chain(kept).collect()
}

/// All rounds, the sides taking turns.
async fn rounds(settings: &Settings) -> Result<Vec<(Side, Vec<Figures>)>> {
    let mut sides: Vec<(Side, Vec<Figures>)> = Side::ALL.map(|side| (side, Vec::new())).into();
    for round in 1..=settings.rounds {
        for (side, figures) in &mut sides {
            eprintln!("round {round}: {}", side.name());
            let measured = rounds::measure(*side, round, settings).await?;
            if settings.verbose {
                eprintln!("{measured:#?}");
            }
            figures.push(measured);
        }
    }
    Ok(sides)
}

/// Runtimes and commands, timed from start to end.
fn commands(settings: &Settings) -> Result<(Vec<Timed>, Vec<Timed>)> {
    let chatctl = settings.chatctl.to_string_lossy();
    let (aws, python) = (startup::resolve("aws"), startup::resolve("python3"));
    let boto = "import boto3; boto3.client('dynamodb', region_name='us-east-1'); \
                boto3.client('apigatewaymanagementapi', region_name='us-east-1')";
    let timed = |label: &str, command: &[&str], times| {
        startup::time(label, command, &settings.rival, times)
    };
    let runtimes = vec![
        timed(
            "Python with boto3 and its two clients, from start to end",
            &[&python, "-c", boto],
            10,
        )?,
        timed("Node.js alone", &["node", "-e", "0"], 20)?,
    ];
    let startup = vec![
        timed("`chatctl version`", &[&chatctl, "version"], 50)?,
        timed("`chatctl --help`", &[&chatctl, "--help"], 50)?,
        timed("`npx serverless --version` (osls)", &["npx", "serverless", "--version"], 10)?,
        timed(
            "`serverless --version` (osls), without npx",
            &["node_modules/.bin/serverless", "--version"],
            20,
        )?,
        timed("`aws --version`", &[&aws, "--version"], 20)?,
    ];
    Ok((runtimes, startup))
}
