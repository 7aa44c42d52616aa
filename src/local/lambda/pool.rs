//! A function's processes and the invocations that wait for one: a state machine without clock,
//! sockets or processes of its own. Every step is short and under one lock.

mod operate;
mod running;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use super::invocation::{Invocation, InvokeError, Job};
use super::{FunctionConfig, LambdaLimits};
use crate::local::faults::Crash;
pub use running::{Delivery, Running};

/// So many processes of a function start at a time: more would only slow one another down.
const STARTING: usize = 2;
/// The wait after a process did not come up; doubles each time up to the longest.
const BACK_OFF: Duration = Duration::from_millis(100);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(10);

/// A place for a process that is to be started.
pub struct Ticket {
    pub member: u64,
    pub config: Arc<FunctionConfig>,
    /// Told when the process is to be killed.
    pub kill: Arc<Notify>,
}

/// What became of an invocation that was handed in.
pub enum Submitted {
    /// A process has it.
    Delivered,
    /// It waits for a process that is busy or starting already.
    Waiting,
    /// It waits for this process, which is to be started.
    Starting(Ticket),
}

/// What a process that asks for an invocation gets.
pub enum Next {
    /// This one.
    Take(Delivery),
    /// One that comes later.
    Wait(oneshot::Receiver<Delivery>),
    /// Nothing any more; it is being ended.
    End,
    /// A refusal: it has one already.
    Refuse,
}

/// When a process is to be looked at again.
#[derive(Debug)]
pub enum Check {
    /// Then.
    At(Instant),
    /// It has idled long enough, hangs, or is to end anyway: kill it.
    Kill,
    /// It did not come up in time.
    InitTimeout,
    /// Its invocation took too long. The caller is told by whoever asked.
    TimedOut(Running),
}

enum Phase {
    Starting {
        since: Instant,
    },
    Parked {
        waker: oneshot::Sender<Delivery>,
        since: Instant,
    },
    Busy(Running),
    /// Has answered and not asked again, which it must before a time.
    Between {
        until: Instant,
    },
    Ending,
}

struct Member {
    generation: u64,
    phase: Phase,
    kill: Arc<Notify>,
}

impl Member {
    fn end(&mut self) {
        self.phase = Phase::Ending;
        self.kill.notify_one();
    }
}

/// The processes of one function.
pub struct Pool {
    config: Arc<FunctionConfig>,
    /// Counts changes of the configuration.
    generation: u64,
    limits: LambdaLimits,
    waiting: VecDeque<Job>,
    members: HashMap<u64, Member>,
    /// Parked members, the one that worked last at the end: it is the warmest, and the others grow
    /// old enough to end.
    parked: Vec<u64>,
    next_member: u64,
    failures: u32,
    /// The last start that failed, and when another may be tried.
    failed: Option<(String, Instant)>,
    closed: bool,
    invocations: u64,
    errors: u64,
    cold_starts: u64,
    max_memory_mb: u64,
}

impl Pool {
    /// Without any process.
    pub fn new(config: FunctionConfig, limits: &LambdaLimits) -> Self {
        Self {
            config: Arc::new(config),
            generation: 0,
            limits: limits.clone(),
            waiting: VecDeque::new(),
            members: HashMap::new(),
            parked: Vec::new(),
            next_member: 0,
            failures: 0,
            failed: None,
            closed: false,
            invocations: 0,
            errors: 0,
            cold_starts: 0,
            max_memory_mb: 0,
        }
    }

    /// Takes an invocation in.
    pub fn submit(&mut self, job: Job, now: Instant) -> Result<Submitted, InvokeError> {
        if self.closed {
            return Err(InvokeError::closing());
        }
        let Some(job) = self.hand_over(job, now) else { return Ok(Submitted::Delivered) };
        if self.waiting.len() >= self.limits.waiting {
            return Err(InvokeError::Throttled);
        }
        if let (0, Some((reason, until))) = (self.alive(), &self.failed)
            && *until > now
        {
            return Err(InvokeError::Start(reason.clone()));
        }
        self.waiting.push_back(job);
        Ok(self.needed(now).map_or(Submitted::Waiting, Submitted::Starting))
    }

    /// Gives the job to a parked process, or back.
    fn hand_over(&mut self, job: Job, now: Instant) -> Option<Job> {
        let timeout = self.timeout();
        while let Some(id) = self.parked.pop() {
            let Some(member) = self.members.get_mut(&id) else { continue };
            let between = Phase::Between { until: now + timeout };
            let Phase::Parked { waker, .. } = std::mem::replace(&mut member.phase, between) else {
                continue;
            };
            // It may have hung up; then it asks again or dies, and another one serves.
            if waker.send(Delivery::of(&job, timeout)).is_ok() {
                member.phase = Phase::Busy(Running::new(job, now, timeout, false));
                self.invocations += 1;
                return None;
            }
        }
        Some(job)
    }

    /// The process asks for an invocation.
    pub fn next(&mut self, id: u64, now: Instant) -> Next {
        let timeout = self.timeout();
        let current = self.generation;
        let Some(member) = self.members.get_mut(&id) else { return Next::End };
        match &mut member.phase {
            // Its connection broke before it could take what it was given: it is given that again.
            Phase::Busy(running) if !running.delivered => {
                running.delivered = true;
                return Next::Take(Delivery::of(&running.job, timeout));
            }
            Phase::Busy(_) => return Next::Refuse,
            Phase::Parked { waker, .. } if !waker.is_closed() => return Next::Refuse,
            Phase::Starting { .. } => {
                self.failures = 0;
                self.failed = None;
            }
            Phase::Parked { .. } | Phase::Between { .. } => {}
            Phase::Ending => return Next::End,
        }
        self.parked.retain(|parked| *parked != id);
        if member.generation != current {
            member.end();
            return Next::End;
        }
        if let Some(job) = self.waiting.pop_front() {
            let taken = Delivery::of(&job, timeout);
            member.phase = Phase::Busy(Running::new(job, now, timeout, true));
            self.invocations += 1;
            return Next::Take(taken);
        }
        let (waker, comes) = oneshot::channel();
        member.phase = Phase::Parked { waker, since: now };
        self.parked.push(id);
        Next::Wait(comes)
    }

    /// The process has taken what it waited for.
    pub fn taken(&mut self, id: u64) {
        if let Some(Member { phase: Phase::Busy(running), .. }) = self.members.get_mut(&id) {
            running.delivered = true;
        }
    }

    /// The process answers its invocation; nothing if it has none of this id.
    pub fn answered(&mut self, id: u64, request: &str, now: Instant) -> Option<Running> {
        let until = now + self.timeout();
        let member = self.members.get_mut(&id)?;
        match &member.phase {
            Phase::Busy(running) if &*running.job.id == request && running.doom.is_none() => {}
            _ => return None,
        }
        match std::mem::replace(&mut member.phase, Phase::Between { until }) {
            Phase::Busy(running) => Some(running),
            _ => None,
        }
    }

    /// The process is to die in this invocation: no answer of it counts any more.
    pub fn doom(&mut self, id: u64, crash: Crash) {
        if let Some(Member { phase: Phase::Busy(running), .. }) = self.members.get_mut(&id) {
            running.doom = Some(crash);
        }
    }

    /// Whether the process is to die in its invocation.
    pub fn is_doomed(&self, id: u64) -> bool {
        let member = self.members.get(&id);
        matches!(member, Some(Member { phase: Phase::Busy(r), .. }) if r.doom.is_some())
    }

    /// What time has done to the process. An invocation that begins after this look cannot be due
    /// before the next one, so that none needs a timer of its own.
    pub fn check(&mut self, id: u64, now: Instant) -> Check {
        let (timeout, alive) = (self.timeout(), self.alive());
        let Some(member) = self.members.get_mut(&id) else { return Check::Kill };
        match &member.phase {
            Phase::Starting { since } if now >= *since + self.limits.init => Check::InitTimeout,
            Phase::Starting { since } => Check::At((*since + self.limits.init).min(now + timeout)),
            Phase::Parked { since, .. } if alive > 1 && now >= *since + self.limits.idle => {
                self.parked.retain(|parked| *parked != id);
                member.phase = Phase::Ending;
                Check::Kill
            }
            Phase::Parked { .. } => Check::At(now + timeout.min(self.limits.idle)),
            Phase::Busy(running) if now < running.deadline => Check::At(running.deadline),
            Phase::Between { until } if now < *until => Check::At(*until),
            Phase::Between { .. } | Phase::Ending => {
                member.phase = Phase::Ending;
                Check::Kill
            }
            Phase::Busy(_) => match std::mem::replace(&mut member.phase, Phase::Ending) {
                Phase::Busy(running) => Check::TimedOut(running),
                _ => Check::Kill,
            },
        }
    }

    /// The process has ended; what it was doing, if anything is lost with it.
    pub fn exited(&mut self, id: u64) -> Option<Running> {
        self.parked.retain(|parked| *parked != id);
        match self.members.remove(&id)?.phase {
            Phase::Busy(running) if running.delivered => Some(running),
            Phase::Busy(running) => {
                self.waiting.push_front(running.job);
                None
            }
            _ => None,
        }
    }

    /// The process ended before it was ready. Whoever waits for nothing else is told why.
    pub fn start_failed(&mut self, id: u64, reason: &str, now: Instant) {
        let current = self.members.remove(&id).is_some_and(|m| m.generation == self.generation);
        if !current || self.closed {
            return;
        }
        let wait = BACK_OFF * 2_u32.saturating_pow(self.failures.min(16));
        self.failures += 1;
        self.failed = Some((reason.to_owned(), now + wait.min(LONGEST_BACK_OFF)));
        if self.alive() == 0 {
            for job in std::mem::take(&mut self.waiting) {
                self.errors += 1;
                job.finish(Err(InvokeError::Start(reason.to_owned())));
            }
        }
    }

    /// A process for what waits, if there is none at all.
    pub fn needed(&mut self, now: Instant) -> Option<Ticket> {
        if self.alive() == 0 { self.grow(now) } else { None }
    }

    /// One more process, if something waits that those which are starting will not serve.
    pub fn grow(&mut self, now: Instant) -> Option<Ticket> {
        let starting =
            self.members.values().filter(|m| matches!(m.phase, Phase::Starting { .. })).count();
        let backing_off = self.failed.as_ref().is_some_and(|(_, until)| *until > now);
        let full = starting >= STARTING || self.members.len() >= self.limits.instances;
        if self.closed || backing_off || full || self.waiting.len() <= starting {
            return None;
        }
        let kill = Arc::new(Notify::new());
        let member = self.next_member;
        self.next_member += 1;
        self.cold_starts += 1;
        let generation = self.generation;
        let phase = Phase::Starting { since: now };
        self.members.insert(member, Member { generation, phase, kill: kill.clone() });
        Some(Ticket { member, config: self.config.clone(), kill })
    }

    /// Counts what an invocation came to.
    pub fn count(&mut self, invocation: &Invocation, used_mb: u64) {
        self.max_memory_mb = self.max_memory_mb.max(used_mb);
        if matches!(invocation, Invocation::FunctionError { .. }) {
            self.errors += 1;
        }
    }

    /// Whether no process is left.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The configuration in force.
    pub fn config(&self) -> Arc<FunctionConfig> {
        self.config.clone()
    }

    fn alive(&self) -> usize {
        self.members.values().filter(|m| !matches!(m.phase, Phase::Ending)).count()
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(self.config.timeout_s.into())
    }
}
