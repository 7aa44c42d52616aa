//! The rules of rooms, where a real stage cannot be brought to the moment that matters.

mod double;
mod scene;

use double::Double;
use proptest::prelude::*;
use scene::{decision, room, room_of_two};
use serde_json::{Value, json};

use chatctl_domain::{Route, serve};
use chatctl_protocol::{Action, Limits};

#[tokio::test]
async fn of_two_decisions_the_second_is_told_that_it_came_late() {
    for step in ["approve", "reject"] {
        let double = Double::new();
        double.connect("a", "Alice", None).await;
        double.connect("b", "Bob", None).await;
        let room = room(&double).await;
        double
            .ask("b", json!({"action": "joinRoom", "subAction": "request", "roomId": room}))
            .await;
        double.meddle(step, |state| state.requests.clear());
        let answer = double.ask("a", decision(step, &room)).await;
        assert_eq!(answer["code"], "conflict", "{step}: {answer}");
        assert_eq!(double.state().members.len(), 1, "nobody was let in");
    }
}

#[tokio::test]
async fn an_admin_who_just_left_decides_nothing() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    double.connect("b", "Bob", None).await;
    let room = room(&double).await;
    double.ask("b", json!({"action": "joinRoom", "subAction": "request", "roomId": room})).await;
    double.meddle("approve", |state| state.members.clear());
    assert_eq!(double.ask("a", decision("approve", &room)).await["code"], "forbidden");
    assert!(double.state().members.is_empty());
}

#[tokio::test]
async fn the_admins_answer_goes_only_to_clients_that_can_tell_it_from_their_own() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    double.connect("b", "Bob", None).await;
    let room = room(&double).await;
    double.say("b", json!({"action": "joinRoom", "subAction": "request", "roomId": room})).await;
    double.heard("a");
    double.say("a", decision("approve", &room)).await;
    let heard = double.heard("a");
    assert!(heard.iter().all(|frame| frame["action"] != "joinResponse"), "{heard:?}");
    assert!(heard.iter().any(|frame| frame["action"] == "memberJoined"), "{heard:?}");
}

#[tokio::test]
async fn the_same_client_message_is_stored_once_and_told_as_it_was_stored() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let message =
        json!({"action": "sendMessage", "roomId": room, "message": "hi", "clientMessageId": "1"});
    let first = double.ask("a", message.clone()).await;
    let told = double.heard("b");
    double.advance(1000);
    let mut changed = message;
    changed["message"] = "another text".into();
    let second = double.ask("a", changed).await;
    assert_eq!(first["messageId"], second["messageId"]);
    assert_eq!(first["timestamp"], second["timestamp"]);
    assert_eq!(double.heard("b"), told, "the same frame, for those whom it never reached");
    assert_eq!(double.state().messages.len(), 1);
}

#[tokio::test]
async fn what_was_stored_before_is_acknowledged_though_it_cannot_be_read() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let message =
        json!({"action": "sendMessage", "roomId": room, "message": "hi", "clientMessageId": "1"});
    let first = double.ask("a", message.clone()).await;
    double.state().broken.insert("message");
    assert_eq!(double.ask("a", message).await["messageId"], first["messageId"]);
}

#[tokio::test]
async fn a_dead_connection_is_forgotten_and_a_young_one_is_not() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    double.state().open.remove("b");
    let say = || json!({"action": "sendMessage", "roomId": room, "message": "hi"});
    let report = double.say("a", say()).await;
    assert_eq!((report.tally.gone, report.tally.pruned), (1, 0), "it may be in its handshake");
    double.advance(31_000);
    let report = double.say("a", say()).await;
    assert_eq!((report.tally.gone, report.tally.pruned), (1, 1));
    let report = double.say("a", say()).await;
    assert_eq!(report.tally.gone, 0, "nobody is there to be missed");
}

#[tokio::test]
async fn one_who_begins_to_listen_while_a_message_is_stored_gets_it() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    double.state().open.insert("b2".into());
    double.meddle("store", |state| {
        let mut tab = state.attachments.values().find(|row| row.connection_id == "b").cloned();
        let tab = tab.as_mut().expect("Bob listens");
        tab.connection_id = "b2".into();
        state.attachments.insert((tab.room_id.clone(), "b2".into()), tab.clone());
    });
    double.say("a", json!({"action": "sendMessage", "roomId": room, "message": "hi"})).await;
    assert_eq!(double.heard("b2").len(), 1);
}

#[tokio::test]
async fn a_stored_message_is_acknowledged_though_nobody_can_be_told() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    double.state().broken.insert("attachments");
    let say = json!({"action": "sendMessage", "roomId": room, "message": "hi"});
    let report = double.say("a", say).await;
    assert_eq!((report.code, report.fault.is_some()), (None, true));
    assert_eq!(double.heard("a").last().expect("an answer")["action"], "messageAck");
}

#[tokio::test]
async fn a_crowd_at_the_door_takes_no_room_from_its_admin() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    double.connect("b", "Bob", None).await;
    let room = room(&double).await;
    let ask = || json!({"action": "joinRoom", "subAction": "request", "roomId": room});
    assert_eq!(double.ask("b", ask()).await["status"], "pending");
    let max = Limits::CURRENT.requests_max as usize;
    {
        let mut state = double.state();
        let bobs = state.requests.values().next().expect("a request").clone();
        for number in 1..max {
            let mut one = bobs.clone();
            (one.name_key, one.person_id) = (format!("n{number}"), format!("p{number}"));
            state.requests.insert((room.clone(), one.name_key.clone()), one);
        }
    }
    double.connect("c", "Carol", None).await;
    let refused = double.ask("c", ask()).await;
    assert_eq!(refused["code"], "conflict", "{refused}");
    assert_eq!(double.ask("b", ask()).await["status"], "pending", "who asks already may ask again");
    let told = double.ask("a", json!({"action": "getMembers", "roomId": room})).await;
    assert_eq!(told["participants"].as_array().map(Vec::len), Some(max + 1));
    let lost = json!({"action": "getMembers", "roomId": room, "after": "nowhere"});
    assert_eq!(double.ask("a", lost).await["code"], "badRequest");
}

#[tokio::test]
async fn one_person_is_in_so_many_rooms_and_no_more() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    double.connect("b", "Bob", None).await;
    let free = room(&double).await;
    for _ in 0..Limits::CURRENT.rooms_max {
        let create = json!({"action": "createRoom", "roomName": "Mine"});
        assert_eq!(double.ask("b", create).await["action"], "roomCreated");
    }
    for one_more in [
        json!({"action": "createRoom", "roomName": "Mine"}),
        json!({"action": "joinRoom", "subAction": "request", "roomId": free}),
    ] {
        let refused = double.ask("b", one_more).await;
        assert_eq!(refused["code"], "conflict", "{refused}");
    }
}

#[tokio::test]
async fn a_pending_request_gives_way_only_to_the_names_holder() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    double.connect("b", "Bob", None).await;
    let room = room(&double).await;
    let ask = || json!({"action": "joinRoom", "subAction": "request", "roomId": room});
    double.ask("b", ask()).await;
    let stranger = {
        let mut state = double.state();
        let row = state.requests.values_mut().next().expect("a request");
        row.person_id = "somebody else".into();
        row.clone()
    };
    assert_eq!(double.ask("b", ask()).await["status"], "pending");
    assert_ne!(double.state().requests.values().next().unwrap().person_id, stranger.person_id);

    {
        let mut state = double.state();
        state.requests.insert((room.clone(), "bob".into()), stranger.clone());
        state.names.get_mut("bob").unwrap().person_id = stranger.person_id.clone();
    }
    assert_eq!(double.ask("b", ask()).await["code"], "conflict");
}

#[tokio::test]
async fn a_failure_inside_is_told_without_its_inside() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    double.state().broken.insert("store");
    let answer =
        double.ask("a", json!({"action": "sendMessage", "roomId": room, "message": "hi"})).await;
    assert_eq!(answer["code"], "internal");
    assert!(!answer.to_string().contains("broken"), "{answer}");
    assert!(double.heard("b").is_empty(), "what is not stored is not told");
}

#[tokio::test]
async fn one_lost_post_takes_nobody_elses_along() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    double.state().open.remove("b");
    double.connect("c", "Carol", None).await;
    let report =
        double.say("a", json!({"action": "sendMessage", "roomId": room, "message": "hi"})).await;
    assert_eq!((report.tally.gone, report.tally.delivered, report.unanswered), (1, 2, false));
    double.state().broken.insert("post");
    let report = double.say("a", json!({"action": "ping"})).await;
    assert!(report.unanswered, "the gateway has to say it");
}

fn routes() -> impl Strategy<Value = Route> {
    let actions = Action::ALL.map(Route::Action);
    proptest::sample::select([&actions[..], &[Route::Default]].concat())
}

/// Text, JSON, and messages that are nearly right.
fn frames() -> impl Strategy<Value = String> {
    let field = proptest::sample::select(vec![
        "action",
        "requestId",
        "roomId",
        "message",
        "subAction",
        "targetUserId",
        "limit",
        "before",
        "after",
        "clientMessageId",
        "replyTo",
        "roomName",
        "other",
    ]);
    let value = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        ".{0,80}".prop_map(Value::from),
        proptest::sample::select(Action::ALL.to_vec()).prop_map(|action| action.name().into()),
        proptest::sample::select(vec!["request", "approve", "reject", "aaaaaaaaaaaa"])
            .prop_map(Value::from),
    ];
    let object = proptest::collection::hash_map(field, value, 0..8)
        .prop_map(|fields| serde_json::to_string(&fields).expect("JSON"));
    prop_oneof![".{0,300}", object]
}

proptest! {
    #[test]
    fn any_frame_is_answered_and_a_bad_one_changes_nothing(route in routes(), frame in frames()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let double = Double::new();
            let room = room_of_two(&double).await;
            let rows = double.state().members.len();
            let report = serve(&double, route, "b", &frame).await;
            let answers = double.heard("b");
            if report.code.is_some() {
                assert_eq!(answers.len(), 1, "{frame}");
                assert_eq!(answers[0]["action"], "error");
                assert!(answers[0]["message"].as_str().is_some_and(|text| !text.is_empty()));
                assert_eq!(double.state().members.len(), rows);
                assert!(double.state().messages.is_empty());
            } else {
                assert!(!answers.is_empty(), "{frame}");
            }
            assert!(report.fault.is_none(), "{frame}: {:?}", report.fault);
            drop(room);
        });
    }
}
