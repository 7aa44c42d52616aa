//! The rules of voice, where a real stage cannot be brought to the moment that matters.

mod double;
mod scene;

use double::Double;
use scene::room_of_two;
use serde_json::{Value, json};

fn signal(room: &str, kind: &str) -> Value {
    json!({"action": "voiceSignal", "roomId": room, "type": format!("voice:{kind}")})
}

fn offer(room: &str, to: &str) -> Value {
    let mut offer = signal(room, "offer");
    offer["to"] = to.into();
    offer["sdp"] = "v=0".into();
    offer
}

/// Alice's room with Bob, both of whom talk.
async fn talking(double: &Double) -> String {
    let room = room_of_two(double).await;
    for id in ["a", "b"] {
        let joined = double.ask(id, signal(&room, "join")).await;
        assert_eq!(joined["type"], "voice:existing_participants", "{joined}");
    }
    double.state().posts.clear();
    room
}

fn kinds(frames: &[Value]) -> Vec<&str> {
    frames.iter().filter_map(|frame| frame["type"].as_str()).collect()
}

#[tokio::test]
async fn of_seven_who_join_at_the_same_time_one_gets_no_seat() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let joined = double.ask("a", signal(&room, "join")).await;
    assert_eq!(joined["iceServers"][0]["username"], "a", "credentials of one's own");
    double.meddle("seat", |state| {
        let seat = state.talkers.values().next().unwrap().clone();
        for number in 0..5_u64 {
            let mut other = seat.clone();
            other.person_id = format!("p{number}");
            other.user_id = format!("P{number}");
            other.connection_id = format!("c{number}");
            other.joined_at -= 1;
            state.talkers.insert((other.room_id.clone(), other.person_id.clone()), other);
        }
    });
    let refused = double.ask("b", signal(&room, "join")).await;
    assert_eq!(refused["code"], "conflict", "{refused}");
    assert!(double.state().talkers.values().all(|row| row.user_id != "Bob"));
    assert!(double.heard("a").is_empty(), "nobody hears of a seat that was not given");
}

#[tokio::test]
async fn who_joins_while_voice_is_switched_off_gets_no_seat() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let silent = room.clone();
    double.meddle("seat", move |state| {
        state.silent.insert(silent);
    });
    assert_eq!(double.ask("b", signal(&room, "join")).await["code"], "forbidden");
    assert!(double.state().talkers.is_empty());
}

#[tokio::test]
async fn that_voice_is_off_does_not_outlive_the_room() {
    let double = Double::new();
    assert!(double.connect("a", "Alice", None).await);
    let room = scene::room(&double).await;
    // The room dissolves in the moment in which its admin switches voice off.
    double.meddle("forbid_voice", |state| state.rooms.clear());
    assert_eq!(double.ask("a", signal(&room, "disable")).await["code"], "notFound");
    assert!(double.state().silent.is_empty());

    let room = scene::room(&double).await;
    assert_eq!(double.ask("a", signal(&room, "disable")).await["type"], "voice:disable");
    double.ask("a", json!({"action": "leaveRoom", "roomId": room})).await;
    assert!(double.state().silent.is_empty());
}

#[tokio::test]
async fn a_connection_that_ended_gets_no_seat() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    double.meddle("seat", |state| drop(state.connections.remove("b")));
    assert_eq!(double.ask("b", signal(&room, "join")).await["code"], "unauthorized");
    assert!(double.state().talkers.is_empty());
}

#[tokio::test]
async fn who_leaves_the_room_while_joining_voice_gets_no_seat() {
    // Known to the room, and not: a connection that never said hello is attached on the way.
    for (attached, step) in [(true, "seat"), (false, "attach")] {
        let double = Double::new();
        let room = room_of_two(&double).await;
        double.state().attachments.retain(|(_, id), _| attached || id != "b");
        double.meddle(step, |state| {
            state.members.retain(|_, row| row.user_id != "Bob");
            state.attachments.retain(|_, row| row.user_id != "Bob");
        });
        assert_eq!(double.ask("b", signal(&room, "join")).await["code"], "forbidden", "{step}");
        assert!(double.state().talkers.is_empty());
        assert!(double.heard("a").is_empty());
    }
}

#[tokio::test]
async fn who_is_gone_before_the_news_of_them_is_not_told_of() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    // The answer with the servers takes its time, and an admin's change or a lost line falls into it.
    double.meddle("ice", |state| state.talkers.clear());
    assert_eq!(double.ask("b", signal(&room, "join")).await["code"], "conflict");
    assert!(double.heard("a").is_empty(), "whoever took the seat away has told so");
}

#[tokio::test]
async fn who_is_gone_when_the_news_of_them_goes_out_does_not_stay() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    double.meddle("post", |state| state.talkers.clear());
    assert_eq!(double.ask("b", signal(&room, "join")).await["code"], "conflict");
    assert_eq!(kinds(&double.heard("a")), ["voice:peer_joined", "voice:peer_left"]);
}

#[tokio::test]
async fn who_has_joined_elsewhere_meanwhile_is_not_said_to_be_gone() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    double.meddle("post", |state| {
        for row in state.talkers.values_mut() {
            row.connection_id = "b2".into();
        }
    });
    double.ask("b", signal(&room, "join")).await;
    assert_eq!(kinds(&double.heard("a")), ["voice:peer_joined"]);
}

#[tokio::test]
async fn a_ghost_gives_its_seat_to_the_living() {
    let double = Double::new();
    let room = talking(&double).await;
    // Bob's connection went without a word, and a message to the room has found that out.
    double.state().open.remove("b");
    double.state().attachments.retain(|(_, id), _| id != "b");
    let joined = double.ask("a", signal(&room, "join")).await;
    assert_eq!(joined["participants"], json!([]));
    assert_eq!(double.state().talkers.len(), 1);
}

#[tokio::test]
async fn a_full_room_looks_for_the_dead_before_it_turns_anybody_away() {
    let double = Double::new();
    let room = talking(&double).await;
    double.ask("b", signal(&room, "leave")).await;
    let fill = |state: &mut double::State| {
        let seat = state.talkers.values().next().unwrap().clone();
        for number in 0..5_u64 {
            let mut other = seat.clone();
            other.person_id = format!("p{number}");
            other.user_id = format!("P{number}");
            other.connection_id = format!("c{number}");
            state.open.insert(other.connection_id.clone());
            state.talkers.insert((other.room_id.clone(), other.person_id.clone()), other);
        }
    };
    fill(&mut double.state());
    assert_eq!(double.ask("b", signal(&room, "join")).await["code"], "conflict");
    double.state().open.remove("c3");
    double.heard("a");
    let joined = double.ask("b", signal(&room, "join")).await;
    assert_eq!(joined["type"], "voice:existing_participants", "{joined}");
    assert!(kinds(&double.heard("a")).starts_with(&["voice:peer_left"]));
}

#[tokio::test]
async fn a_signal_to_a_dead_connection_tells_the_room_of_its_end() {
    let double = Double::new();
    let room = talking(&double).await;
    double.state().open.remove("b");
    assert_eq!(double.ask("a", offer(&room, "Bob")).await["code"], "notFound");
    let told = double.heard("a");
    assert_eq!(told[0]["reason"], "disconnected", "{told:?}");
    assert_eq!(double.state().talkers.len(), 1);
}

#[tokio::test]
async fn without_relay_servers_people_still_join() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    double.state().broken.insert("ice");
    let joined = double.ask("a", signal(&room, "join")).await;
    assert_eq!(joined["iceServers"], json!([{"urls": ["stun:open"]}]));
    let again = double.state().now + 30_000;
    assert_eq!(joined["iceExpiresAt"], again, "they ask again for what was not to be had");
}

#[tokio::test]
async fn in_a_star_the_servers_come_with_the_credentials() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    double.state().star = true;
    let joined = double.ask("a", signal(&room, "join")).await;
    assert_eq!((&joined["topology"], &joined["iceServers"]), (&json!("star"), &json!([])));
    assert_eq!(double.state().counts.get("ice"), None);
}

#[tokio::test]
async fn the_count_of_joins_forgets_after_a_minute() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    for _ in 0..5 {
        double.ask("a", signal(&room, "join")).await;
        double.advance(2_000);
    }
    let refused = double.ask("a", signal(&room, "join")).await;
    assert_eq!(
        (&refused["code"], &refused["retryAfterMs"]),
        (&json!("rateLimited"), &json!(50_000))
    );
    double.advance(50_000);
    assert_eq!(double.ask("a", signal(&room, "join")).await["type"], "voice:existing_participants");
}

#[tokio::test]
async fn candidates_are_counted_by_the_period_and_descriptions_pass_longer() {
    let double = Double::new();
    let room = talking(&double).await;
    let mut candidate = signal(&room, "ice_candidate");
    candidate["to"] = "Bob".into();
    candidate["candidate"] = Value::Null;
    for _ in 0..100 {
        assert_eq!(double.say("a", candidate.clone()).await.code, None);
    }
    assert_eq!(double.ask("a", candidate.clone()).await["code"], "rateLimited");
    assert_eq!(double.say("a", offer(&room, "Bob")).await.code, None);
    double.advance(10_000);
    assert_eq!(double.say("a", candidate).await.code, None);
}

#[tokio::test]
async fn a_signal_is_two_requests_to_the_database_and_one_frame() {
    let double = Double::new();
    let room = talking(&double).await;
    double.state().counts.clear();
    double.say("a", offer(&room, "Bob")).await;
    let counts = double.state().counts.clone();
    assert_eq!(
        counts.into_iter().collect::<Vec<_>>(),
        [("count_signal", 1), ("post", 1), ("voice_rows", 1)]
    );
}

#[tokio::test]
async fn a_join_costs_the_same_however_many_rooms_there_are() {
    let mut costs = Vec::new();
    for rooms in [0, 100] {
        let double = Double::new();
        let room = room_of_two(&double).await;
        for _ in 0..rooms {
            scene::room(&double).await;
        }
        double.state().counts.clear();
        double.ask("a", signal(&room, "join")).await;
        costs.push(double.state().counts.clone());
    }
    assert_eq!(costs[0], costs[1]);
    let requests: u32 = costs[0].iter().filter(|(name, _)| **name != "post").map(|(_, n)| n).sum();
    assert_eq!(requests, 9, "{:?}", costs[0]);
}
