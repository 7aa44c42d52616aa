//! Bad days: the host is killed, a disconnect is lost, a function crashes.

mod support;

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use support::chat::{Chat, history, room_of};
use support::stage::Stage;

/// How many messages each sender has acknowledged before the host is killed.
const BEFORE_THE_KILL: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_loses_no_acknowledged_message() {
    let mut stage = Stage::deploy();
    let url = stage.web_socket_url();
    let mut alice = Chat::join(&url, "Alice").await;
    let mut bob = Chat::join(&url, "Bob").await;
    let room = room_of(&mut alice, &mut [("Bob", &mut bob)]).await;
    let session = alice.session.clone();

    let (progress, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let senders = [("a", alice), ("b", bob)].map(|(mark, chat)| {
        tokio::spawn(send_until_the_line_breaks(mark, chat, room.clone(), progress.clone()))
    });
    for _ in 0..2 * BEFORE_THE_KILL {
        seen.recv().await.expect("the senders go on");
    }
    stage.kill();
    let mut acknowledged = Vec::new();
    for sender in senders {
        acknowledged.extend(sender.await.unwrap());
    }

    stage.redeploy();
    let mut alice = Chat::resume(&stage.web_socket_url(), "Alice", Some(&session)).await;
    let stored = history(&mut alice, &room).await;
    let ids: HashSet<&str> =
        stored.iter().filter_map(|message| message["messageId"].as_str()).collect();
    assert_eq!(ids.len(), stored.len(), "a message is stored twice");
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !ids.contains(id.as_str())).collect();
    assert!(
        lost.is_empty(),
        "{} of {} acknowledged messages are lost",
        lost.len(),
        acknowledged.len()
    );
    assert!(acknowledged.len() >= 2 * BEFORE_THE_KILL);
    alice.close().await;
}

async fn send_until_the_line_breaks(
    mark: &'static str,
    mut chat: Chat,
    room: String,
    progress: tokio::sync::mpsc::UnboundedSender<()>,
) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for count in 0.. {
        let id = format!("{mark}{count}");
        let message =
            json!({"action": "sendMessage", "roomId": room, "message": id, "clientMessageId": id});
        let Ok(answer) = chat.try_ask(message).await else { break };
        assert_eq!(answer["action"], "messageAck", "{answer}");
        acknowledged.push(answer["messageId"].as_str().expect("an id").to_owned());
        let _ = progress.send(());
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_disconnect_heals() {
    let stage = Stage::deploy();
    let url = stage.web_socket_url();
    let mut alice = Chat::join(&url, "Alice").await;
    let mut bob = Chat::join(&url, "Bob").await;
    let room = room_of(&mut alice, &mut [("Bob", &mut bob)]).await;

    let lose = stage.chatctl(&["faults", "set", "--drop-disconnect", "1"]);
    assert!(lose.status.success(), "{}", String::from_utf8_lossy(&lose.stderr));
    let session = bob.session.clone();
    bob.close().await;
    tokio::time::sleep(Duration::from_millis(200)).await;

    // Nobody alive holds the name, and yet it is kept for Bob, who can prove that he is.
    let mut stranger =
        Chat::connect(&url, "Bob", None).await.expect("a refusal is told by a frame");
    let refused = stranger.ask(json!({"action": "hello"})).await;
    assert_eq!((&refused["action"], &refused["code"]), (&json!("error"), &json!("conflict")));
    let mut bob = Chat::resume(&url, "Bob", Some(&session)).await;
    let back = bob.ask(json!({"action": "sendMessage", "roomId": room, "message": "hi"})).await;
    assert_eq!(back["action"], "messageAck", "{back}");
    let sent =
        alice.ask(json!({"action": "sendMessage", "roomId": room, "message": "still here"})).await;
    assert_eq!(sent["action"], "messageAck", "{sent}");
    bob.close().await;
    alice.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_function_costs_one_request() {
    let stage = Stage::deploy();
    let mut alice = Chat::join(&stage.web_socket_url(), "Alice").await;
    let room = room_of(&mut alice, &mut []).await;
    let say = |text: &str| json!({"action": "sendMessage", "roomId": room, "message": text});
    assert_eq!(alice.ask(say("one")).await["action"], "messageAck");

    let crash = stage.chatctl(&["faults", "set", "--crash-function", "SendMessageHandler"]);
    assert!(crash.status.success(), "{}", String::from_utf8_lossy(&crash.stderr));
    alice.send(&say("two")).await;
    let failed = alice
        .until(|frame| frame["message"] == "Internal server error")
        .await
        .expect("the gateway's frame");
    assert!(failed["connectionId"].is_string(), "{failed}");

    assert_eq!(alice.ask(say("three")).await["action"], "messageAck");
    let said: Vec<Value> = history(&mut alice, &room).await;
    let texts: Vec<&str> = said.iter().filter_map(|message| message["message"].as_str()).collect();
    assert!(texts == ["one", "three"] || texts == ["one", "two", "three"], "{texts:?}");
    alice.close().await;
}
