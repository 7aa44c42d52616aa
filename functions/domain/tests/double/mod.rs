//! The ports in memory, with what a real database does not do on request: another person's change in
//! the middle of a handler.
#![allow(dead_code, reason = "each test file uses its own part of it")]

mod store;
mod voice;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use chatctl_domain::connect::{self, Greeting};
use chatctl_domain::{
    Attachment, Chance, Clock, Connection, Connections, Fault, JoinRequest, Member, NameHold,
    Posted, RefusalNotice, Refuser, Report, Room, Route, SessionKey, StoredMessage, Talker,
    VoiceRoom, serve,
};
use chatctl_protocol::{Action, Refusal};
use serde_json::Value;

/// Everything stored, and everything said.
#[derive(Debug, Default)]
pub struct State {
    pub now: u64,
    drawn: u128,
    pub connections: BTreeMap<String, Connection>,
    pub refusals: BTreeMap<String, Refusal>,
    pub names: BTreeMap<String, NameHold>,
    pub rooms: BTreeMap<String, Room>,
    pub members: BTreeMap<(String, String), Member>,
    pub requests: BTreeMap<(String, String), JoinRequest>,
    pub attachments: BTreeMap<(String, String), Attachment>,
    pub messages: BTreeMap<(String, String), StoredMessage>,
    pub dedupe: BTreeMap<(String, String, String), (String, u64)>,
    pub talkers: BTreeMap<(String, String), Talker>,
    /// Whether the stage's web app talks over a star.
    pub star: bool,
    /// Rooms in which voice is off.
    pub silent: HashSet<String>,
    /// How many signals each connection sent in each period.
    pub signals: BTreeMap<(String, u64), u32>,
    pub voice_rooms: BTreeMap<String, VoiceRoom>,
    /// Signaling channels that are there, and when each was made.
    pub channels: BTreeMap<String, u64>,
    /// Channels, and the memberships for which somebody was lent them.
    pub lent: Vec<(String, String)>,
    /// Those that were made void.
    pub barred: Vec<(String, String)>,
    /// When people joined voice.
    pub joins: BTreeMap<String, Vec<u64>>,
    /// Connections that API Gateway knows.
    pub open: HashSet<String>,
    pub posts: Vec<(String, Value)>,
    pub refused: Vec<RefusalNotice>,
    /// How often each operation was asked for.
    pub counts: BTreeMap<&'static str, u32>,
    /// Operations that fail.
    pub broken: HashSet<&'static str>,
    /// Whether reading a connection never ends.
    pub stuck: bool,
}

type Meddling = (&'static str, Box<dyn FnOnce(&mut State) + Send>);

/// The ports.
#[derive(Default)]
pub struct Double {
    state: Mutex<State>,
    meddling: Mutex<Option<Meddling>>,
}

impl Double {
    pub fn new() -> Self {
        let double = Self::default();
        double.state().now = 1_000_000_000;
        double
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Changes the state right before the next operation of this name.
    pub fn meddle(&self, operation: &'static str, with: impl FnOnce(&mut State) + Send + 'static) {
        *self.meddling.lock().unwrap() = Some((operation, Box::new(with)));
    }

    /// The state for one operation, unless that is broken.
    fn operation(&self, name: &'static str) -> Result<MutexGuard<'_, State>, Fault> {
        let mut state = self.state();
        let mut meddling = self.meddling.lock().unwrap();
        if let Some((_, change)) = meddling.take_if(|(operation, _)| *operation == name) {
            change(&mut state);
        }
        *state.counts.entry(name).or_default() += 1;
        match state.broken.contains(name) {
            true => Err(Fault(format!("{name} is broken"))),
            false => Ok(state),
        }
    }

    /// Connects; true if let in.
    pub async fn connect(&self, id: &str, name: &str, session: Option<&str>) -> bool {
        let greeting = Greeting { user_id: Some(name), session };
        let report = connect::handle(self, id, greeting).await.expect("no fault");
        self.state().open.insert(id.to_owned());
        report.code.is_none()
    }

    /// Sends a message on its own route.
    pub async fn say(&self, id: &str, message: Value) -> Report {
        let action = message["action"].as_str().and_then(Action::from_name).expect("an action");
        serve(self, Route::Action(action), id, &message.to_string()).await
    }

    /// Sends a message and takes the answer from what was posted.
    pub async fn ask(&self, id: &str, mut message: Value) -> Value {
        message["requestId"] = "?".into();
        self.say(id, message).await;
        let mut state = self.state();
        let at = state.posts.iter().rposition(|(_, frame)| frame["requestId"] == "?");
        state.posts.remove(at.expect("an answer")).1
    }

    /// What was posted to a connection so far, taken away.
    pub fn heard(&self, id: &str) -> Vec<Value> {
        let mut state = self.state();
        let (mine, others) =
            std::mem::take(&mut state.posts).into_iter().partition(|(to, _)| to == id);
        state.posts = others;
        mine.into_iter().map(|(_, frame): (String, Value)| frame).collect()
    }

    pub fn advance(&self, ms: u64) {
        self.state().now += ms;
    }
}

impl Connections for Double {
    async fn post(&self, id: &str, frame: Bytes) -> Posted {
        let Ok(mut state) = self.operation("post") else {
            return Posted::Failed("broken".into());
        };
        if !state.open.contains(id) {
            return Posted::Gone;
        }
        let frame = serde_json::from_slice(&frame).expect("a frame is JSON");
        state.posts.push((id.to_owned(), frame));
        Posted::Delivered
    }

    async fn is_open(&self, id: &str) -> Result<bool, Fault> {
        Ok(self.operation("is_open")?.open.contains(id))
    }

    async fn close(&self, id: &str) -> Result<(), Fault> {
        self.operation("close")?.open.remove(id);
        Ok(())
    }
}

impl Refuser for Double {
    async fn refuse(&self, notice: &RefusalNotice) -> Result<(), Fault> {
        self.operation("refuse")?.refused.push(notice.clone());
        Ok(())
    }
}

impl SessionKey for Double {
    async fn session_key(&self) -> Result<Vec<u8>, Fault> {
        self.operation("session_key").map(|_| vec![7; 32])
    }
}

impl Clock for Double {
    fn now(&self) -> u64 {
        self.state().now
    }

    async fn pause(&self, time: Duration) {
        let mut state = self.operation("pause").expect("nobody breaks time");
        state.now += u64::try_from(time.as_millis()).unwrap();
    }
}

impl Chance for Double {
    fn bits(&self) -> u128 {
        let mut state = self.state();
        state.drawn += 1;
        state.drawn * 0x1_0000_0001_0000_0001
    }
}
