//! What one action asks of AWS: invocations, DynamoDB requests, posts, as the stage counts them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Result;
use crate::client::{self, Client};
use crate::sides::Stage;

/// The requests of one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What was done.
    pub label: String,
    /// Lambda invocations.
    pub invocations: u64,
    /// Requests by `service:operation`.
    pub requests: BTreeMap<String, u64>,
}

impl Action {
    /// Requests of an operation.
    pub fn of(&self, operation: &str) -> u64 {
        self.requests.get(operation).copied().unwrap_or(0)
    }
}

/// Does every action once on a fresh stage and counts; the functions are warm or not, which makes no
/// difference to what they ask.
pub async fn count(stage: &Stage) -> Result<Vec<Action>> {
    let url = stage.url()?;
    let mut counter = Counter { stage, actions: Vec::new(), last: read(stage)? };
    let mut admin = Client::connect(&url, "admin").await?;
    counter.note("connect and hello").await?;
    let created = admin.ask(json!({"action": "createRoom", "roomName": "Counted"})).await?;
    let room = created["roomId"].as_str().ok_or("a room without an id")?.to_owned();
    counter.note("createRoom").await?;
    let mut guest = Client::connect(&url, "guest").await?;
    counter.skip().await?;
    guest.ask(json!({"action": "joinRoom", "subAction": "request", "roomId": room})).await?;
    counter.note("joinRoom, request").await?;
    admin
        .ask(json!({"action": "joinRoom", "subAction": "approve", "roomId": room,
                    "targetUserId": "guest"}))
        .await?;
    counter.note("joinRoom, approve").await?;
    admin.ask(json!({"action": "getMembers", "roomId": room})).await?;
    counter.note("getMembers").await?;
    for size in [10, 50] {
        let mut people = Vec::new();
        for at in 0..size {
            people.push(Client::connect(&url, &format!("n{size}c{at}")).await?);
        }
        let room = client::gather(&mut people).await?;
        counter.skip().await?;
        people[1]
            .ask(json!({"action": "sendMessage", "roomId": room, "message": "counted",
                        "clientMessageId": format!("counted-{size}")}))
            .await?;
        counter.note(&format!("sendMessage in a room of {size}")).await?;
        people[1].ask(json!({"action": "getHistory", "roomId": room})).await?;
        if size == 10 {
            counter.note("getHistory").await?;
        }
    }
    counter.skip().await?;
    drop(guest);
    counter.note("disconnect, room of 2").await?;
    Ok(counter.actions)
}

struct Counter<'a> {
    stage: &'a Stage,
    actions: Vec<Action>,
    last: Counts,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Counts {
    invocations: u64,
    requests: BTreeMap<String, u64>,
}

impl Counter<'_> {
    /// Waits until nothing is asked any more and keeps the difference.
    async fn note(&mut self, label: &str) -> Result<()> {
        let now = self.quiet().await?;
        let requests = now
            .requests
            .iter()
            .map(|(name, count)| (name.clone(), count - self.last.requests.get(name).unwrap_or(&0)))
            .filter(|(_, count)| *count > 0)
            .collect();
        let invocations = now.invocations - self.last.invocations;
        self.actions.push(Action { label: label.to_owned(), invocations, requests });
        self.last = now;
        Ok(())
    }

    /// The same, kept for nothing.
    async fn skip(&mut self) -> Result<()> {
        self.last = self.quiet().await?;
        Ok(())
    }

    async fn quiet(&self) -> Result<Counts> {
        let mut before = read(self.stage)?;
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let now = read(self.stage)?;
            if now == before {
                return Ok(now);
            }
            before = now;
        }
    }
}

fn read(stage: &Stage) -> Result<Counts> {
    let status = stage.status()?;
    let functions = status["functions"].as_array().ok_or("a status without functions")?;
    let invocations =
        functions.iter().filter_map(|function| function["invocations"].as_u64()).sum();
    let requests = status["requests"].as_object().ok_or("a status without requests")?;
    let counted = |(name, count): (&String, &Value)| Some((name.clone(), count.as_u64()?));
    Ok(Counts { invocations, requests: requests.iter().filter_map(counted).collect() })
}
