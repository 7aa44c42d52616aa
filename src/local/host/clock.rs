//! Functions that run by the clock, as EventBridge's rules run them: from when a deployment brings
//! them up, and again after each period. Timers wait on nothing but the clock and the function.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tokio::task::JoinSet;
use ulid::Ulid;

use crate::local::lambda::Lambda;
use crate::stack::{Schedule, Stack};

/// The timers of the deployment in force; they end with it, and with the host.
#[derive(Default)]
pub(super) struct Clock(Mutex<JoinSet<()>>);

impl Clock {
    /// Puts a stack's schedules in force and no others.
    pub(super) fn set(&self, stack: &Stack, lambda: &Lambda) {
        let mut timers = JoinSet::new();
        for schedule in &stack.schedules {
            let Some(function) = stack.function(&schedule.function) else { continue };
            let timer = Timer::new(stack, schedule, function.physical.clone());
            timers.spawn(timer.run(lambda.clone()));
        }
        // Those of before end as they are dropped.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = timers;
    }

    /// Ends the timers; what they have started goes on.
    pub(super) fn stop(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

struct Timer {
    function: String,
    period: Duration,
    rule: String,
    region: String,
    account: String,
}

impl Timer {
    fn new(stack: &Stack, schedule: &Schedule, function: String) -> Self {
        let Schedule { logical: _, physical, function: _, minutes } = schedule;
        Self {
            function,
            period: Duration::from_secs(u64::from(*minutes) * 60),
            rule: stack.place.arn("events", &format!("rule/{physical}")),
            region: stack.place.region.clone(),
            account: stack.place.account.clone(),
        }
    }

    async fn run(self, lambda: Lambda) {
        loop {
            tokio::time::sleep(self.period).await;
            // How it went is in the function's log, as on AWS.
            let _ = lambda.invoke(&self.function, self.event().into()).await;
        }
    }

    fn event(&self) -> String {
        let Self { function: _, period: _, rule, region, account } = self;
        json!({
            "version": "0",
            "id": Ulid::new().to_string(),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": account,
            "time": Timestamp::now().to_string(),
            "region": region,
            "resources": [rule],
            "detail": {},
        })
        .to_string()
    }
}
