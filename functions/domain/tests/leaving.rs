//! Leaving a room while others change it: who follows, what ends, who is told.

mod double;
mod scene;

use double::Double;
use scene::{room, room_of_two};
use serde_json::json;

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
async fn who_is_who_on_the_channel_is_not_told_to_everybody_when_the_admin_leaves() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    double.ask("b", json!({"action": "voiceSignal", "type": "voice:join", "roomId": room})).await;
    double.ask("b", json!({"action": "createVoiceRoom", "roomId": room})).await;
    double.state().posts.clear();
    double.ask("a", json!({"action": "leaveRoom", "roomId": room})).await;
    let heard = double.heard("b");
    let members = heard.iter().find(|frame| frame["action"] == "roomMembers").expect("the members");
    assert_eq!(members["voice"]["participants"], json!([{"userId": "Bob", "muted": false}]));
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
