//! Live: the service tells of lines as they come, in sessions of ten groups at most. Nobody asks again,
//! so what a session leaves out, or what comes while there is none, is missing: that is told.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::{Instant, sleep};

use super::follow::{AWAY, TICK, now};
use super::order::{Order, SETTLE_MS};
use super::{Group, Line};
use crate::aws::{AwsError, LiveEvent, LiveTail, Logs};
use crate::stack::Place;

/// How many groups a session takes.
const GROUPS: usize = 10;
/// How long a line waits for earlier ones of other sessions, ms: each tells what came once a second.
const HOLD_MS: i64 = 1_500;
/// How soon a session that ended is begun anew; twice as long after each that was short, up to a limit.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_secs(60);

/// Groups that are listened to. What it holds outlives an interruption, as a follower's does.
#[derive(Debug)]
pub struct Live {
    logs: Logs,
    pattern: Option<Arc<str>>,
    sessions: Vec<Session>,
    order: RefCell<Order>,
    untold: RefCell<Vec<Happening>>,
}

/// What happens while groups are listened to.
#[derive(Debug)]
pub enum Happening {
    /// Every session has begun: lines are shown from now on.
    Begun,
    /// Lines came.
    Lines(Vec<Line>),
    /// More came than the service tells, and goes on coming: some lines are missing.
    Sampled,
    /// A session is at its end, for this reason, and is begun anew.
    Ended(AwsError),
}

#[derive(Debug)]
struct Session {
    groups: Vec<Group>,
    arns: Vec<String>,
    /// When it last told what came, ms since the epoch; 0 until it begins.
    told_at: Cell<i64>,
}

impl Live {
    /// Listens to groups of a place.
    pub fn new(logs: &Logs, groups: &[Group], place: &Place, pattern: Option<Arc<str>>) -> Self {
        let arn = |group: &Group| place.arn("logs", &format!("log-group:{}", group.name));
        let session = |groups: &[Group]| Session {
            groups: groups.to_vec(),
            arns: groups.iter().map(arn).collect(),
            told_at: Cell::new(0),
        };
        Self {
            logs: logs.clone(),
            pattern,
            sessions: groups.chunks(GROUPS).map(session).collect(),
            order: RefCell::default(),
            untold: RefCell::default(),
        }
    }

    /// How many sessions it takes.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Passes what happens to `take`, until it fails.
    ///
    /// # Errors
    /// The service's, or `take`'s own. There is no other end.
    pub async fn run<E: From<AwsError>>(
        &self,
        mut take: impl FnMut(Happening) -> Result<(), E>,
    ) -> Result<(), E> {
        let listening = try_join_all(self.sessions.iter().map(|session| self.listen(session)));
        let showing = async {
            loop {
                sleep(TICK).await;
                let untold = self.untold.take();
                untold.into_iter().try_for_each(&mut take)?;
                let due = self.due();
                if !due.is_empty() {
                    take(Happening::Lines(due))?;
                }
            }
        };
        tokio::select! {
            listened = listening => Ok(listened.map(drop)?),
            shown = showing => shown,
        }
    }

    /// The lines that still wait, for an end in good order.
    pub fn rest(&self) -> Vec<Line> {
        self.order.borrow_mut().due(i64::MAX - 1, i64::MAX)
    }

    /// How many lines were given out, and how many of them after a later one.
    pub fn counts(&self) -> (u64, u64) {
        self.order.borrow().counts()
    }

    fn due(&self) -> Vec<Line> {
        let told = self.sessions.iter().map(|session| session.told_at.get()).min();
        let complete = told.unwrap_or_default() - SETTLE_MS;
        self.order.borrow_mut().due(complete, now() - HOLD_MS)
    }

    fn tell(&self, happening: Happening) {
        self.untold.borrow_mut().push(happening);
    }

    /// Listens to a session, and to those that are begun in its place, for ever.
    async fn listen(&self, session: &Session) -> Result<(), AwsError> {
        let mut tail = self.begin(session, AwsError::is_passing).await?;
        session.told_at.set(now());
        if self.sessions.iter().all(|session| session.told_at.get() > 0) {
            self.tell(Happening::Begun);
        }
        let mut pause = PAUSE;
        loop {
            let began = Instant::now();
            let ended = self.hear(session, tail).await;
            if ended.is_credentials() {
                return Err(ended);
            }
            self.tell(Happening::Ended(ended));
            if began.elapsed() >= SHORT {
                pause = PAUSE;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            // The account's room for sessions may be taken by the one whose connection was lost.
            let passes = |error: &AwsError| error.is_passing() || error.is_throttled();
            tail = self.begin(session, passes).await?;
        }
    }

    /// Begins a session; again and again for a while, where the reason why it cannot be passes.
    async fn begin(
        &self,
        session: &Session,
        passes: impl Fn(&AwsError) -> bool,
    ) -> Result<LiveTail, AwsError> {
        let since = Instant::now();
        loop {
            match self.logs.live(&session.arns, self.pattern.as_deref()).await {
                Err(error) if passes(&error) && since.elapsed() < AWAY => sleep(PAUSE).await,
                answer => return answer,
            }
        }
    }

    /// Takes what a session tells, until it ends; why it did.
    async fn hear(&self, session: &Session, mut tail: LiveTail) -> AwsError {
        let mut sampled = false;
        loop {
            let update = match tail.next().await {
                Ok(update) => update,
                Err(ended) => return ended,
            };
            if update.sampled && !sampled {
                self.tell(Happening::Sampled);
            }
            sampled = update.sampled;
            let came_at = now();
            for event in update.events {
                self.order.borrow_mut().push(session.line(event), came_at);
            }
            session.told_at.set(came_at);
        }
    }
}

impl Session {
    fn line(&self, LiveEvent { group, event }: LiveEvent) -> Line {
        let known = self.groups.iter().find(|known| *known.name == *group);
        // Only groups that were asked for come; one under another name still has its line.
        let function = known.map_or_else(|| group.into(), |known| Arc::clone(&known.function));
        Line { function, event }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{Cloud, LogEvent};
    use crate::local::credentials::Keys;

    fn live(groups: usize) -> Live {
        let keys = Keys {
            access_key_id: "AKIA".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: None,
        };
        let logs = Logs::new(&Cloud::with_keys("http://127.0.0.1:9", "us-east-1", keys));
        let group = |at: usize| Group {
            function: format!("F{at}").into(),
            name: format!("/aws/lambda/p-s-F{at}").into(),
        };
        Live::new(&logs, &(0..groups).map(group).collect::<Vec<_>>(), &Place::local(), None)
    }

    #[test]
    fn a_session_takes_ten_groups_by_their_arns() {
        let live = live(13);
        let sizes: Vec<usize> = live.sessions.iter().map(|session| session.arns.len()).collect();
        assert_eq!((live.sessions(), sizes), (2, vec![10, 3]));
        let arn = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/p-s-F12";
        assert_eq!(live.sessions[1].arns[2], arn);
    }

    #[test]
    fn lines_of_several_sessions_wait_for_one_another() {
        let live = live(11);
        let (first, second) = (&live.sessions[0], &live.sessions[1]);
        let heard = |session: &Session, group: &str, timestamp_ms: i64| {
            let event = LogEvent {
                id: String::new(),
                timestamp_ms,
                stream: "s".into(),
                message: group.into(),
            };
            let line = session.line(LiveEvent { group: group.into(), event });
            live.order.borrow_mut().push(line, now());
            session.told_at.set(timestamp_ms + 500);
        };
        let at = now();
        heard(first, "/aws/lambda/p-s-F0", at + 10);
        assert!(live.due().is_empty(), "the other session has not told yet");
        heard(second, "/aws/lambda/p-s-F10", at);
        let due = live.due();
        let functions: Vec<&str> = due.iter().map(|line| &*line.function).collect();
        assert_eq!((functions, live.counts()), (vec!["F10", "F0"], (2, 0)));
    }
}
