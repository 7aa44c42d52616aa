//! Builds the parts of a project and tells of it by events.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{DeployError, Event, OnEvent, millis};
use crate::package::{self, BuildError, Bundle, Part, Progress};
use crate::stack::Architecture;

/// Builds the functions and returns the path of their binary.
pub(super) async fn functions(
    root: &Path,
    colour: bool,
    on_event: OnEvent<'_>,
) -> Result<PathBuf, DeployError> {
    let part = Part::Functions;
    let tell = progress(part, on_event);
    Ok(timed(part, on_event, package::functions::build(root, colour, &tell)).await?)
}

/// Builds and packs the functions for Lambda, where that is out of date.
///
/// # Errors
/// As [`package::bundle`].
pub async fn bundle(
    root: &Path,
    architecture: Architecture,
    colour: bool,
    on_event: OnEvent<'_>,
) -> Result<Bundle, DeployError> {
    let part = Part::Functions;
    if let Some(bundle) = package::bundled(root, architecture) {
        on_event(Event::BuildSkipped { part });
        return Ok(bundle);
    }
    let tell = progress(part, on_event);
    Ok(timed(part, on_event, package::bundle(root, architecture, colour, &tell)).await?)
}

/// Builds the functions for Lambda once more, in a folder where nothing was built before, and tells
/// whether the same zip comes out.
///
/// # Errors
/// As [`package::verify`].
pub async fn verify(
    root: &Path,
    bundle: &Bundle,
    colour: bool,
    on_event: OnEvent<'_>,
) -> Result<(), DeployError> {
    let part = Part::Functions;
    let tell = progress(part, on_event);
    Ok(timed(part, on_event, package::verify(root, bundle, colour, &tell)).await?)
}

/// Builds the web app where it is out of date.
pub(super) async fn frontend(root: &Path, on_event: OnEvent<'_>) -> Result<(), DeployError> {
    let part = Part::Frontend;
    if package::frontend::is_built(root) {
        on_event(Event::BuildSkipped { part });
        return Ok(());
    }
    let _turn = package::frontend::turn(root).await?;
    // Whoever had the turn before may have built the very same.
    if package::frontend::is_built(root) {
        on_event(Event::BuildSkipped { part });
        return Ok(());
    }
    let tell = progress(part, on_event);
    Ok(timed(part, on_event, package::frontend::build(root, &tell)).await?)
}

/// Passes a build's progress on as events.
fn progress(part: Part, on_event: OnEvent<'_>) -> impl Fn(Progress<'_>) {
    move |progress| {
        on_event(match progress {
            Progress::Line(line) => Event::BuildOutput { part, line: line.to_owned() },
            Progress::Waiting(seconds) => Event::BuildWaiting { part, seconds },
        });
    }
}

async fn timed<T>(
    part: Part,
    on_event: OnEvent<'_>,
    build: impl Future<Output = Result<T, BuildError>>,
) -> Result<T, BuildError> {
    let started = Instant::now();
    on_event(Event::BuildStarted { part });
    let built = build.await?;
    on_event(Event::BuildFinished { part, millis: millis(started) });
    Ok(built)
}
