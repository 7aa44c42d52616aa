//! Who is who: names, sessions, and connections that come and go.

mod double;

use chatctl_domain::connect::{self, Greeting};
use chatctl_domain::{RESERVED_MS, disconnect, refuse};
use chatctl_protocol::ErrorCode;
use double::Double;
use serde_json::json;

/// The key of Alice's name, in which `i` is `l`.
const ALICE: &str = "allce";

async fn token(double: &Double, id: &str) -> String {
    let welcome = double.ask(id, json!({"action": "hello"})).await;
    welcome["sessionToken"].as_str().expect("a token").to_owned()
}

fn refusal(double: &Double) -> ErrorCode {
    double.state().refused.last().expect("a refusal").code
}

#[tokio::test]
async fn a_name_is_held_by_one_live_person() {
    let double = Double::new();
    assert!(double.connect("a", "Alice", None).await);
    double.advance(60_000);
    assert!(!double.connect("x", "aLICE", None).await);
    assert_eq!(refusal(&double), ErrorCode::Conflict);
    assert!(!double.state().connections.contains_key("x"), "a refused connection is nobody's");
    for message in [json!({"action": "hello"}), json!({"action": "createRoom", "roomName": "x"})] {
        let answer = double.ask("x", message).await;
        assert_eq!(answer["code"], "conflict", "whatever it says, it is told why: {answer}");
    }

    double.state().open.remove("a");
    assert!(double.connect("y", "Alice", None).await, "the holder is gone without a word");
    assert!(!double.state().connections.contains_key("a"), "and its row with it");
}

#[tokio::test]
async fn a_holder_in_its_handshake_counts_as_live() {
    let double = Double::new();
    connect_only(&double, "a", "Alice").await;
    // It opens after the first look at it.
    double.meddle("pause", |state| {
        state.open.insert("a".into());
    });
    assert!(!double.connect("x", "Alice", None).await);
    // One that never opens is waited for, and then given up.
    connect_only(&double, "c", "Carol").await;
    assert!(double.connect("y", "Carol", None).await);
}

/// A `$connect` that the gateway has not answered yet.
async fn connect_only(double: &Double, id: &str, name: &str) {
    let greeting = Greeting { user_id: Some(name), session: None };
    connect::handle(double, id, greeting).await.expect("no fault");
}

#[tokio::test]
async fn of_two_who_take_a_dead_persons_name_one_gets_it() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    double.state().open.remove("a");
    double.advance(60_000);
    // Between the first look and the take, somebody else takes it.
    double.meddle("is_open", |state| {
        let now = state.now;
        let hold = state.names.get_mut(ALICE).unwrap();
        hold.person_id = "quicker".into();
        hold.held_at = now;
        hold.connections = vec!["q".into()];
        let mut row = state.connections["a"].clone();
        row.connection_id = "q".into();
        row.person_id = "quicker".into();
        state.open.insert("q".into());
        state.connections.insert("q".into(), row);
    });
    assert!(!double.connect("x", "Alice", None).await);
    assert_eq!(double.state().names[ALICE].person_id, "quicker");
}

#[tokio::test]
async fn a_session_proves_a_person_and_a_name_does_not() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    let created = double.ask("a", json!({"action": "createRoom", "roomName": "Lobby"})).await;
    let token = token(&double, "a").await;
    assert!(
        double.connect("tab", "alice", Some(&token)).await,
        "another spelling is the same name"
    );
    let welcome = double.ask("tab", json!({"action": "hello"})).await;
    assert_eq!(welcome["userId"], "Alice");
    assert_eq!(welcome["rooms"][0]["roomId"], created["roomId"]);

    assert!(!double.connect("x", "Bob", Some(&token)).await);
    assert_eq!(refusal(&double), ErrorCode::Unauthorized);
    double.advance(8 * 24 * 3600 * 1000);
    assert!(!double.connect("y", "Alice", Some(&token)).await);
    assert!(double.state().refused.last().unwrap().message.contains("expired"));
}

#[tokio::test]
async fn a_persons_sixth_connection_ends_the_oldest() {
    let double = Double::new();
    double.connect("0", "Alice", None).await;
    let token = token(&double, "0").await;
    for id in ["1", "2", "3", "4", "5", "6"] {
        double.advance(1000);
        assert!(double.connect(id, "Alice", Some(&token)).await, "{id}");
    }
    let state = double.state();
    let ended: Vec<_> = state.refused.iter().map(|notice| notice.connection_id.as_str()).collect();
    assert_eq!(ended, ["0", "1"]);
    assert!(state.refused.iter().all(|notice| notice.code == ErrorCode::Conflict));
    assert_eq!(state.names[ALICE].connections.len(), 5);
}

#[tokio::test]
async fn connections_made_at_once_are_counted_too() {
    let double = Double::new();
    double.connect("0", "Alice", None).await;
    let token = token(&double, "0").await;
    // Four more are admitted between the look at the others and the taking of the name.
    double.meddle("admit", |state| {
        let hold = state.names.get_mut(ALICE).unwrap();
        hold.connections.extend(["1", "2", "3", "4"].map(str::to_owned));
    });
    assert!(double.connect("5", "Alice", Some(&token)).await);
    assert_eq!(double.state().names[ALICE].connections.len(), 5);
}

#[tokio::test]
async fn the_last_connection_gives_the_name_back() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    disconnect::handle(&double, "a").await;
    assert!(
        double.connect("x", "Alice", None).await,
        "one who never said hello comes back by name"
    );
}

#[tokio::test]
async fn a_name_waits_for_those_who_can_prove_that_it_is_theirs() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    let token = token(&double, "a").await;
    double.advance(60_000);
    disconnect::handle(&double, "a").await;
    double.state().open.remove("a");
    assert!(!double.connect("x", "Alice", None).await, "a watcher who was waiting for it");
    assert!(double.connect("b", "Alice", Some(&token)).await);
    disconnect::handle(&double, "b").await;
    double.state().open.remove("b");
    double.advance(RESERVED_MS - 1);
    assert!(!double.connect("y", "Alice", None).await);
    double.advance(1);
    assert!(double.connect("z", "Alice", None).await, "nobody keeps a name for ever");
    assert!(!double.connect("c", "Alice", Some(&token)).await);
    let refused = double.state().refused.pop().expect("a refusal");
    assert!(refused.message.contains("while you were away"), "{}", refused.message);
}

#[tokio::test]
async fn a_name_waits_from_the_first_look_where_nobody_heard_of_the_end() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    let token = token(&double, "a").await;
    double.state().open.remove("a");
    double.advance(60_000);
    assert!(!double.connect("x", "Alice", None).await);
    double.advance(RESERVED_MS - 1);
    assert!(!double.connect("x", "Alice", None).await, "asking again changes nothing");
    assert!(double.connect("b", "Alice", Some(&token)).await);
}

#[tokio::test]
async fn a_late_disconnect_leaves_a_new_connection_its_name() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    let token = token(&double, "a").await;
    double.advance(1000);
    double.connect("b", "Alice", Some(&token)).await;
    disconnect::handle(&double, "a").await;
    assert_eq!(double.state().names[ALICE].connections, ["b"]);
}

#[tokio::test]
async fn hello_says_when_the_name_is_lost() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    double.state().names.get_mut(ALICE).unwrap().person_id = "another".into();
    assert_eq!(double.ask("a", json!({"action": "hello"})).await["code"], "conflict");
}

#[tokio::test]
async fn a_connection_without_a_row_has_no_identity() {
    let double = Double::new();
    double.state().open.insert("x".into());
    let room = "aaaaaaaaaaaa";
    for message in [
        json!({"action": "ping"}),
        json!({"action": "hello"}),
        json!({"action": "createRoom", "roomName": "x"}),
        json!({"action": "sendMessage", "message": "x", "roomId": room}),
        json!({"action": "getMembers", "roomId": room}),
        json!({"action": "getHistory", "roomId": room}),
        json!({"action": "leaveRoom", "roomId": room}),
        json!({"action": "joinRoom", "subAction": "request", "roomId": room}),
        json!({"action": "joinRoom", "subAction": "approve", "roomId": room, "targetUserId": "Bob"}),
    ] {
        let answer = double.ask("x", message.clone()).await;
        assert_eq!(answer["code"], "unauthorized", "{message}");
    }
}

#[tokio::test]
async fn ping_writes_only_now_and_then() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    let first = double.state().connections["a"].expires_at;
    double.advance(60_000);
    double.ask("a", json!({"action": "ping"})).await;
    assert_eq!(double.state().connections["a"].expires_at, first);
    double.advance(600_000);
    double.ask("a", json!({"action": "ping"})).await;
    assert!(double.state().connections["a"].expires_at > first);
    assert!(double.state().names[ALICE].expires_at > first);
}

#[tokio::test]
async fn a_refusal_waits_for_the_handshake_then_says_why_and_closes() {
    let double = Double::new();
    assert!(!double.connect("x", "!", None).await);
    double.state().open.remove("x");
    let notice = double.state().refused.pop().expect("a notice");
    let early = refuse::handle(&double, notice.clone()).await;
    assert_eq!(early.tally.gone, 1, "it never opened");
    double.state().open.insert("x".into());
    let report = refuse::handle(&double, notice).await;
    assert_eq!((report.tally.delivered, report.fault), (1, None));
    assert_eq!(double.heard("x")[0]["code"], "badRequest");
    assert!(!double.state().open.contains("x"));
}
