//! Least privilege, grant by grant: take one away, and exactly that call is denied.
//!
//! Every grant of the manifest is removed in turn and a whole conversation is held. The denials in
//! the functions' logs must be of the removed grant and of nothing else; a grant whose removal
//! nobody notices is one that nobody needs.

#[path = "grants/denials.rs"]
mod denials;
mod support;
#[path = "grants/voice.rs"]
mod voice;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_cloudwatchlogs as logs;
use aws_sdk_dynamodb as dynamodb;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_lambda as lambda;
use chatctl::local::control::Client;
use chatctl::local::state::Deployment;
use chatctl::stack::{Function, Stack};
use denials::Denial;
use serde_json::{Value, json};
use support::chat::Chat;
use support::http::ask;
use support::stage::Stage;

/// How long to wait for an answer that a missing grant may keep from coming.
const PATIENCE: Duration = Duration::from_millis(1500);

/// How many stages share the work: a conversation mostly waits.
const STAGES: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn without_one_grant_exactly_that_call_is_denied() {
    let mut stages = tokio::task::JoinSet::new();
    for turn in 0..STAGES {
        stages.spawn(without_every_one(turn));
    }
    let wrong: Vec<String> = stages.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Removes every grant whose turn it is, on a stage of its own; tells those of which something else
/// was denied, or nothing.
async fn without_every_one(turn: usize) -> Vec<String> {
    let stage = Stage::deploy();
    let whole = stage.state().deployment().unwrap().expect("a deployment");
    let stack = whole.stack().unwrap();
    let scene = Scene::new(&stage, &stack);
    let control = stage.control();

    sleep_until(scene.play("whole").await).await;
    assert_eq!(scene.denials().await, BTreeSet::new(), "the whole stack denies nothing");

    let mut wrong = Vec::new();
    let grants = every_grant(&stack).into_iter().enumerate().skip(turn).step_by(STAGES);
    for (number, (function, at)) in grants {
        let statement = &stack.policy(function).statement[at];
        let lesser = without(&whole, &function.logical, at);
        deploy(&control, &lesser).await;
        let voice_ended = scene.play(&format!("g{number}")).await;
        // The others have done their part by then.
        if function.logical == "DisconnectHandler" {
            sleep_until(voice_ended).await;
        }
        let found = scene.denials().await;
        let right = |one: &Denial| one.is_of(&function.physical, statement);
        if found.is_empty() || !found.iter().all(right) {
            wrong.push(format!(
                "{}: without `{}`: {found:?}",
                function.logical, function.grants[at]
            ));
        }
    }
    wrong
}

fn every_grant(stack: &Stack) -> Vec<(&Function, usize)> {
    let of = |function: &'_ Function| 0..function.grants.len();
    stack.functions.iter().flat_map(|function| of(function).map(move |at| (function, at))).collect()
}

async fn sleep_until(then: Instant) {
    tokio::time::sleep_until(then.into()).await;
}

async fn deploy(control: &Client, deployment: &Deployment) {
    control.deploy(deployment).await.unwrap_or_else(|error| panic!("{error}"));
}

/// The deployment without one line of one function's grants.
fn without(whole: &Deployment, function: &str, grant: usize) -> Deployment {
    let mut manifest: serde_yaml::Value = serde_yaml::from_str(&whole.manifest).unwrap();
    let grants =
        manifest["functions"][function]["grants"].as_sequence_mut().expect("a list of grants");
    grants.remove(grant);
    // Another memory size makes a fresh process: a warm one may hold what it has read.
    manifest["functions"][function]["memory"] = (512 + grant).into();
    Deployment { manifest: serde_yaml::to_string(&manifest).unwrap(), ..whole.clone() }
}

/// A stage to play conversations on.
struct Scene {
    url: String,
    http_url: String,
    control: Client,
    rooms_table: String,
    connections_table: String,
    voice_table: String,
    sweep: String,
    groups: Vec<String>,
    database: dynamodb::Client,
    logs: logs::Client,
    lambda: lambda::Client,
    /// Denials older than this belong to an earlier conversation.
    since: std::sync::atomic::AtomicI64,
}

impl Scene {
    fn new(stage: &Stage, stack: &Stack) -> Self {
        let text = |key: &str| stage.outputs[key].as_str().unwrap_or_default().to_owned();
        let keys = dynamodb::config::Credentials::new(
            text("accessKeyId"),
            text("secretAccessKey"),
            None,
            None,
            "test",
        );
        let region = dynamodb::config::Region::new(text("region"));
        let http = aws_smithy_http_client::Builder::new().build_http();
        let database = dynamodb::Config::builder()
            .behavior_version(dynamodb::config::BehaviorVersion::latest())
            .credentials_provider(keys.clone())
            .region(region.clone())
            .endpoint_url(text("awsEndpointUrl"))
            .http_client(http.clone())
            .build();
        let logs = logs::Config::builder()
            .behavior_version(logs::config::BehaviorVersion::latest())
            .credentials_provider(keys.clone())
            .region(region.clone())
            .endpoint_url(text("awsEndpointUrl"))
            .http_client(http.clone())
            .build();
        let lambda = lambda::Config::builder()
            .behavior_version(lambda::config::BehaviorVersion::latest())
            .credentials_provider(keys)
            .region(region)
            .endpoint_url(text("awsEndpointUrl"))
            .http_client(http)
            .build();
        let table = |logical: &str| stack.table(logical).expect("a table").physical.clone();
        Self {
            url: stage.web_socket_url(),
            http_url: text("httpApiUrl"),
            control: stage.control(),
            rooms_table: table("ChatRooms"),
            connections_table: table("ChatConnections"),
            voice_table: table("VoiceRooms"),
            sweep: stack.function("SweepVoiceHandler").expect("a sweep").physical.clone(),
            groups: stack.functions.iter().map(|function| function.log_group.clone()).collect(),
            database: dynamodb::Client::from_conf(database),
            logs: logs::Client::from_conf(logs),
            lambda: lambda::Client::from_conf(lambda),
            since: 0.into(),
        }
    }

    /// A conversation that needs every grant once. Steps may fail: with a grant missing, some do. Tells
    /// when the room of a voice room's master who is gone for good has ended, too.
    async fn play(&self, mark: &str) -> Instant {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        self.since
            .store(i64::try_from(now.as_millis()).unwrap(), std::sync::atomic::Ordering::Relaxed);
        ask(http::Method::GET, &format!("{}/healthz", self.http_url), "").await;
        let (alice_name, bob_name, carol_name) =
            (format!("Alice {mark}"), format!("Bob {mark}"), format!("Carol {mark}"));
        let Some(mut alice) = self.enter(&alice_name, None).await else { return Instant::now() };
        let Some(mut bob) = self.enter(&bob_name, None).await else { return Instant::now() };
        let created = tell(&mut alice, json!({"action": "createRoom", "roomName": "Lobby"})).await;
        let room = created["roomId"].as_str().unwrap_or("000000000000").to_owned();
        self.let_in(&mut alice, &mut bob, &bob_name, &room).await;
        let ask = json!({"action": "joinRoom", "subAction": "request", "roomId": room});
        // A stranger of that name, who never said hello, asked and is gone: Carol's request takes the
        // place of theirs.
        let Ok(mut stranger) = Chat::connect(&self.url, &carol_name, None).await else {
            return Instant::now();
        };
        stranger.patience = PATIENCE;
        tell(&mut stranger, ask.clone()).await;
        stranger.close().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let Some(mut carol) = self.enter(&carol_name, None).await else { return Instant::now() };
        tell(&mut carol, ask).await;
        let reject = json!({"action": "joinRoom", "subAction": "reject", "roomId": room, "targetUserId": carol_name});
        tell(&mut alice, reject).await;
        self.let_in(&mut alice, &mut carol, &carol_name, &room).await;
        self.talk(&mut alice, &mut bob, &room).await;
        let voice_ended = self.call(&mut alice, (&mut bob, &bob_name), &room).await;
        let bob = self.come_back(bob, &bob_name, &room).await;
        let carol = self.lose(carol, &carol_name, &mut alice, &room).await;
        let bob = self.enter_again(bob, &bob_name, carol).await;
        if let Some(stranger) = self.enter(&carol_name, None).await {
            stranger.close().await;
        }
        // What Bob was lent for Alice's voice room is void with his membership; it and her seat go with hers.
        tell(&mut alice, json!({"action": "createVoiceRoom", "roomId": room})).await;
        self.leave_in_silence(bob, &bob_name, &room).await;
        tell(&mut alice, json!({"action": "leaveRoom", "roomId": room})).await;
        self.dissolve(&mut alice, &carol_name).await;
        self.crowd(&alice, &alice_name).await;
        alice.close().await;
        // The last disconnects and asynchronous refusals are still at work.
        tokio::time::sleep(Duration::from_millis(400)).await;
        voice_ended
    }

    async fn enter(&self, name: &str, session: Option<&str>) -> Option<Chat> {
        let mut chat = Chat::connect(&self.url, name, session).await.ok()?;
        chat.patience = PATIENCE;
        let welcome = tell(&mut chat, json!({"action": "hello"})).await;
        chat.session = welcome["sessionToken"].as_str().unwrap_or_default().to_owned();
        Some(chat)
    }

    async fn let_in(&self, admin: &mut Chat, asker: &mut Chat, name: &str, room: &str) {
        tell(asker, json!({"action": "joinRoom", "subAction": "request", "roomId": room})).await;
        let approve = json!({"action": "joinRoom", "subAction": "approve", "roomId": room, "targetUserId": name});
        tell(admin, approve).await;
    }

    async fn talk(&self, alice: &mut Chat, bob: &mut Chat, room: &str) {
        for chat in [&mut *alice, bob] {
            let said = json!({"action": "sendMessage", "roomId": room, "message": "hi", "clientMessageId": "1"});
            tell(chat, said.clone()).await;
            tell(chat, said).await;
            tell(chat, json!({"action": "sendMessage", "message": "there"})).await;
            tell(chat, json!({"action": "getHistory", "roomId": room})).await;
            tell(chat, json!({"action": "getMembers", "roomId": room})).await;
        }
        tell(alice, json!({"action": "ping"})).await;
        tell(alice, json!({"action": "dance"})).await;
    }

    /// Leaves and returns as the same person; a stranger under the name is refused meanwhile.
    async fn come_back(&self, bob: Chat, name: &str, room: &str) -> Option<Chat> {
        if let Ok(mut stranger) = Chat::connect(&self.url, name, None).await {
            stranger.patience = PATIENCE;
            let _ = stranger.until(|frame| frame["action"] == "error").await;
        }
        let session = bob.session.clone();
        bob.close().await;
        let mut silent = Chat::connect(&self.url, name, Some(&session)).await.ok()?;
        silent.patience = PATIENCE;
        tell(&mut silent, json!({"action": "getMembers", "roomId": room})).await;
        tell(
            &mut silent,
            json!({"action": "sendMessage", "roomId": room, "message": "I never said hello"}),
        )
        .await;
        let bob = self.enter(name, Some(&session)).await;
        silent.close().await;
        bob
    }

    /// Returns as the same person; Carol was lost meanwhile, and whoever tells the room meets that.
    async fn enter_again(
        &self,
        bob: Option<Chat>,
        name: &str,
        carol: Option<Chat>,
    ) -> Option<Chat> {
        let bob = bob?;
        let session = bob.session.clone();
        bob.close().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        if let Some(carol) = carol {
            self.lose_disconnect(carol).await;
        }
        self.enter(name, Some(&session)).await
    }

    /// Leaves on a connection that never said hello, so that the room does not know it.
    async fn leave_in_silence(&self, bob: Option<Chat>, name: &str, room: &str) {
        let Some(bob) = bob else { return };
        let session = bob.session.clone();
        bob.close().await;
        let Ok(mut silent) = Chat::connect(&self.url, name, Some(&session)).await else { return };
        silent.patience = PATIENCE;
        tell(&mut silent, json!({"action": "leaveRoom", "roomId": room})).await;
        silent.close().await;
    }

    /// A room goes with its only member while somebody asks to be let in.
    async fn dissolve(&self, admin: &mut Chat, name: &str) {
        let created = tell(admin, json!({"action": "createRoom", "roomName": "Brief"})).await;
        let room = created["roomId"].as_str().unwrap_or("000000000000").to_owned();
        tell(admin, json!({"action": "sendMessage", "roomId": room, "message": "bye"})).await;
        let asker = format!("{name} 2");
        let Some(mut asker) = self.enter(&asker, None).await else { return };
        tell(&mut asker, json!({"action": "joinRoom", "subAction": "request", "roomId": room}))
            .await;
        tell(admin, json!({"action": "leaveRoom", "roomId": room})).await;
        asker.close().await;
    }

    /// A person's connections, one more than a person may have.
    async fn crowd(&self, chat: &Chat, name: &str) {
        let mut tabs = Vec::new();
        for _ in 0..5 {
            tabs.extend(Chat::connect(&self.url, name, Some(&chat.session)).await.ok());
        }
        for tab in tabs {
            tab.close().await;
        }
    }

    /// Carol's disconnect is lost; the next message cleans up after her, and she returns.
    async fn lose(&self, carol: Chat, name: &str, alice: &mut Chat, room: &str) -> Option<Chat> {
        let session = carol.session.clone();
        self.lose_disconnect(carol).await;
        tell(alice, json!({"action": "ping"})).await;
        tell(alice, json!({"action": "sendMessage", "roomId": room, "message": "anyone?"})).await;
        self.enter(name, Some(&session)).await
    }

    async fn lose_disconnect(&self, chat: Chat) {
        let lost =
            chatctl::local::faults::FaultSettings { drop_disconnect: 1.0, ..Default::default() };
        self.control.set_faults(&lost).await.unwrap();
        chat.close().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.control.set_faults(&Default::default()).await.unwrap();
        self.age().await;
    }

    /// Makes every connection look older: a minute, as younger ones may still be connecting and are
    /// left alone, and half an hour nearer to its row's expiry, which a ping moves only then.
    async fn age(&self) {
        for (table, since) in
            [(&self.rooms_table, "attachedAt"), (&self.connections_table, "connectedAt")]
        {
            let rows = self.database.scan().table_name(table).send().await.unwrap();
            for mut row in rows.items.unwrap_or_default() {
                if !row.contains_key(since) {
                    continue;
                }
                for (attribute, less) in [(since, 60_000), ("expiresAt", 1_800)] {
                    let Some(AttributeValue::N(at)) = row.get(attribute) else { continue };
                    let older = at.parse::<i64>().unwrap() - less;
                    row.insert(attribute.to_owned(), AttributeValue::N(older.to_string()));
                }
                self.database
                    .put_item()
                    .table_name(table)
                    .set_item(Some(row))
                    .send()
                    .await
                    .unwrap();
            }
        }
    }
}

/// Asks, and takes silence for an answer: with a grant missing, there may be none.
async fn tell(chat: &mut Chat, message: Value) -> Value {
    chat.try_ask(message).await.unwrap_or(Value::Null)
}
