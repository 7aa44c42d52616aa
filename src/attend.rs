//! Operations of CloudFormation's that somebody waits for: what Ctrl-C means meanwhile.
//!
//! CloudFormation goes on where this program ends. So the first Ctrl-C asks a person what is to become
//! of the operation, and the second ends the program with the command that follows it again.

use std::cell::{Cell, RefCell};

use jiff::{SignedDuration, Timestamp};

use crate::context::Context;
use crate::deploy::Event;
use crate::deploy::aws::{Stage, cancel};
use crate::error::{CliError, Kind};
use crate::ui::{Onward, Ui};

/// Credentials that expire sooner than this may not last to the end.
const SHORT: SignedDuration = SignedDuration::from_mins(15);

/// An operation that may be under way.
#[derive(Debug, Default)]
pub struct Attended {
    under_way: Cell<bool>,
    stage: RefCell<Option<Stage>>,
}

impl Attended {
    /// Says whose operation it will be: the stage, its account and region, and how long the
    /// credentials last.
    pub fn announce(&self, stage: &Stage, ui: &Ui) {
        let place = format!("account {}, {}", stage.account, stage.cloud.region());
        ui.note(&format!("{} in {place}", stage.stack_name()));
        if let Some(left) = stage.cloud.expiry().map(|at| at.duration_since(Timestamp::now())) {
            let said = format!("the credentials expire in {} min", left.as_mins());
            if left < SHORT {
                ui.warn(&format!("{said}, unless they renew themselves"))
            } else {
                ui.note(&said)
            }
        }
        self.of(stage);
    }

    /// Remembers whose operation it will be.
    pub fn of(&self, stage: &Stage) {
        *self.stage.borrow_mut() = Some(stage.clone());
    }

    /// Takes in what happened.
    pub fn take_in(&self, event: &Event) {
        match event {
            Event::StackStarted { .. } => self.under_way.set(true),
            Event::StackApplied { .. } => self.under_way.set(false),
            _ => {}
        }
    }

    /// Runs what begins the operation and waits for it.
    ///
    /// # Errors
    /// The work's own, or the interruption.
    pub fn run<T>(
        &self,
        context: &Context,
        work: impl Future<Output = Result<T, CliError>>,
    ) -> Result<T, CliError> {
        let done = context.block_on_unless(work, async || self.decide(&context.ui).await);
        context.ui.rest();
        done.map_err(|error| match error.kind {
            Kind::Interrupted if self.under_way.get() => detached(error),
            _ => error,
        })
    }

    async fn decide(&self, ui: &Ui) -> Result<(), CliError> {
        let stage = self.stage.borrow().clone().filter(|_| self.under_way.get());
        let Some(stage) = stage.filter(|_| ui.is_attended()) else {
            return Err(CliError::interrupted());
        };
        match ui.onward(&format!("CloudFormation's work on {}", stage.stack_name())).await {
            Onward::Detach => Err(CliError::interrupted()),
            Onward::Wait => {
                ui.note("Waiting.");
                Ok(())
            }
            Onward::Cancel => {
                match cancel(&stage).await {
                    Ok(()) => ui.note("Cancelled; waiting until everything is as it was before."),
                    Err(error) => ui.warn(&error.to_string()),
                }
                Ok(())
            }
        }
    }
}

/// CloudFormation works on where this program ends.
fn detached(error: CliError) -> CliError {
    let message = "detached; CloudFormation goes on by itself";
    CliError { message: message.to_owned(), ..error }
        .hint("`chatctl attach` follows it from any machine, `chatctl attach --cancel` cancels it")
}
