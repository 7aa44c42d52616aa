//! The rules of rooms, where a real stage cannot be brought to the moment that matters.

mod double;

use double::Double;
use proptest::prelude::*;
use serde_json::{Value, json};

use chatctl_domain::{Route, serve};
use chatctl_protocol::{Action, Limits};

/// Alice's room with Bob in it; Alice is `a`, Bob is `b`.
async fn room_of_two(double: &Double) -> String {
    assert!(double.connect("a", "Alice", None).await);
    assert!(double.connect("b", "Bob", None).await);
    let room = room(double).await;
    double.ask("b", json!({"action": "joinRoom", "subAction": "request", "roomId": room})).await;
    let approved = double.ask("a", decision("approve", &room)).await;
    assert_eq!(approved["status"], "approved", "{approved}");
    double.state().posts.clear();
    room
}

async fn room(double: &Double) -> String {
    let created = double.ask("a", json!({"action": "createRoom", "roomName": "Lobby"})).await;
    created["roomId"].as_str().expect("a room").to_owned()
}

fn decision(step: &str, room: &str) -> Value {
    json!({"action": "joinRoom", "subAction": step, "roomId": room, "targetUserId": "Bob"})
}

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
async fn one_who_left_neither_speaks_nor_listens() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    // A tab of Bob's attaches while he leaves: the sweep after the departure finds it.
    double.meddle("leave", |state| {
        let mut tab = state.attachments.values().find(|row| row.connection_id == "b").cloned();
        let tab = tab.as_mut().expect("Bob listens");
        tab.connection_id = "b2".into();
        state.attachments.insert((tab.room_id.clone(), "b2".into()), tab.clone());
    });
    double.state().open.insert("b2".into());
    let left = double.ask("b", json!({"action": "leaveRoom", "roomId": room})).await;
    assert_eq!(left["action"], "roomLeft");
    double.state().posts.clear();
    double.ask("a", json!({"action": "sendMessage", "roomId": room, "message": "secret"})).await;
    assert!(double.heard("b").is_empty() && double.heard("b2").is_empty());
    let say = json!({"action": "sendMessage", "roomId": room, "message": "still here"});
    assert_eq!(double.ask("b", say).await["code"], "forbidden");
}

#[tokio::test]
async fn a_room_is_never_without_an_admin_nor_empty() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let leave = || json!({"action": "leaveRoom", "roomId": room});
    // Bob, who would succeed, leaves in the same moment.
    double.meddle("leave", |state| {
        state.members.retain(|_, row| row.user_id != "Bob");
        state.attachments.retain(|_, row| row.user_id != "Bob");
    });
    assert_eq!(double.ask("a", leave()).await["action"], "roomLeft");
    let state = double.state();
    assert!(state.rooms.is_empty() && state.members.is_empty() && state.attachments.is_empty());
}

#[tokio::test]
async fn the_others_learn_who_decides_when_the_admin_has_left() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    double.connect("c", "Carol", None).await;
    let ask = json!({"action": "joinRoom", "subAction": "request", "roomId": room});
    double.ask("c", ask).await;
    double.state().posts.clear();
    double.ask("a", json!({"action": "leaveRoom", "roomId": room})).await;
    let heard = double.heard("b");
    let members = heard.iter().find(|frame| frame["action"] == "roomMembers").expect("the members");
    let listed: Vec<_> = members["participants"].as_array().unwrap().iter().collect();
    assert_eq!((&listed[0]["userId"], &listed[0]["isAdmin"]), (&json!("Bob"), &json!(true)));
    assert_eq!((&listed[1]["userId"], &listed[1]["status"]), (&json!("Carol"), &json!("pending")));
    assert!(double.heard("c").is_empty(), "one who only asks learns nothing of the room");
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
async fn one_let_in_while_the_last_member_leaves_becomes_admin() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    double.connect("b", "Bob", None).await;
    let room = room(&double).await;
    // Alice's other tab approves in the moment in which she leaves.
    double.meddle("leave", |state| {
        let mut bob = state.members.values().next().expect("Alice is a member").clone();
        (bob.person_id, bob.user_id) = ("bob".into(), "Bob".into());
        (bob.is_admin, bob.joined_at) = (false, state.now);
        state.members.insert((bob.room_id.clone(), "bob".into()), bob);
    });
    let left = double.ask("a", json!({"action": "leaveRoom", "roomId": room})).await;
    assert_eq!(left["action"], "roomLeft");
    let state = double.state();
    assert!(state.rooms.contains_key(&room), "a room with a member stays");
    let members: Vec<_> = state.members.values().collect();
    assert_eq!((members.len(), members[0].user_id.as_str()), (1, "Bob"));
    assert!(members[0].is_admin, "somebody decides there");
}

#[tokio::test]
async fn nobody_waits_to_be_let_into_a_room_that_is_gone() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    double.connect("b", "Bob", None).await;
    let room = room(&double).await;
    let ask = || json!({"action": "joinRoom", "subAction": "request", "roomId": room});
    // The room dissolves between Bob's look at it and his request.
    double.meddle("ask", |state| {
        state.rooms.clear();
        state.members.clear();
    });
    assert_eq!(double.ask("b", ask()).await["code"], "notFound");
    assert!(double.state().requests.is_empty());
}

#[tokio::test]
async fn those_who_ask_learn_that_the_room_is_gone() {
    let double = Double::new();
    double.connect("a", "Alice", None).await;
    double.connect("b", "Bob", None).await;
    let room = room(&double).await;
    let ask = json!({"action": "joinRoom", "subAction": "request", "roomId": room});
    assert_eq!(double.ask("b", ask).await["status"], "pending");
    double.ask("a", json!({"action": "leaveRoom", "roomId": room})).await;
    let heard = double.heard("b");
    assert_eq!((heard.len(), &heard[0]["status"]), (1, &json!("rejected")), "{heard:?}");
    assert!(double.state().requests.is_empty());
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
async fn a_name_stays_in_the_room_while_another_member_has_it() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    // An older Bob, who was somebody else and is not there.
    {
        let mut state = double.state();
        let bob = state.members.values().find(|row| row.user_id == "Bob").expect("Bob").clone();
        let older = chatctl_domain::Member { person_id: "older".into(), ..bob };
        state.members.insert((room.clone(), "older".into()), older);
    }
    double.ask("b", json!({"action": "leaveRoom", "roomId": room})).await;
    let heard = double.heard("a");
    assert_eq!((heard.len(), &heard[0]["action"]), (1, &json!("presence")), "{heard:?}");
    assert_eq!((&heard[0]["userId"], &heard[0]["online"]), (&json!("Bob"), &json!(false)));
}

#[tokio::test]
async fn a_member_made_admin_while_leaving_leaves_as_one() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    // Alice leaves in the moment in which Bob does, and Bob becomes admin.
    double.meddle("leave", |state| {
        state.members.retain(|_, row| row.user_id != "Alice");
        state.attachments.retain(|_, row| row.user_id != "Alice");
        for row in state.members.values_mut() {
            row.is_admin = true;
        }
    });
    let left = double.ask("b", json!({"action": "leaveRoom", "roomId": room})).await;
    assert_eq!(left["action"], "roomLeft");
    assert!(double.state().rooms.is_empty(), "the last one out takes the room along");
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
