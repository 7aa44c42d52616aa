//! What operators do to a pool: a new version, an end, a look.

use std::sync::Arc;

use super::{Phase, Pool};
use crate::local::lambda::invocation::InvokeError;
use crate::local::lambda::{FunctionConfig, FunctionStatus};

impl Pool {
    /// Takes a new configuration; processes of the old one end when they are not at work.
    pub fn reconfigure(&mut self, config: FunctionConfig) {
        if *self.config == config {
            return;
        }
        self.config = Arc::new(config);
        self.generation += 1;
        (self.failures, self.failed) = (0, None);
        self.end_parked();
    }

    /// Takes nothing more; processes end when they are not at work.
    pub fn retire(&mut self) {
        self.closed = true;
        self.generation += 1;
        self.end_parked();
        for job in std::mem::take(&mut self.waiting) {
            job.finish(Err(InvokeError::NotFound));
        }
    }

    /// Takes nothing more and ends every process now.
    pub fn close(&mut self) {
        self.closed = true;
        self.parked.clear();
        for member in self.members.values_mut() {
            if let Phase::Busy(running) = std::mem::replace(&mut member.phase, Phase::Ending) {
                running.job.finish(Err(InvokeError::closing()));
            }
            member.end();
        }
        for job in std::mem::take(&mut self.waiting) {
            job.finish(Err(InvokeError::closing()));
        }
    }

    fn end_parked(&mut self) {
        for id in std::mem::take(&mut self.parked) {
            if let Some(member) = self.members.get_mut(&id) {
                member.end();
            }
        }
    }

    /// How the function fares.
    pub fn status(&self) -> FunctionStatus {
        let busy = self.members.values().filter(|m| matches!(m.phase, Phase::Busy(_))).count();
        FunctionStatus {
            name: self.config.physical.clone(),
            handler: self.config.handler.clone(),
            instances: self.members.len(),
            busy,
            waiting: self.waiting.len(),
            invocations: self.invocations,
            errors: self.errors,
            cold_starts: self.cold_starts,
            max_memory_mb: self.max_memory_mb,
        }
    }
}
