//! The rules of voice rooms, where a real stage cannot be brought to the moment that matters.

mod double;
mod scene;

use chatctl_domain::{disconnect, sweep_voice};
use double::{Double, State};
use scene::room_of_two;
use serde_json::{Value, json};

async fn create(double: &Double, id: &str, room: &str) -> String {
    let created = double.ask(id, json!({"action": "createVoiceRoom", "roomId": room})).await;
    assert_eq!(created["action"], "voiceRoomCreated", "{created}");
    created["voiceRoomId"].as_str().unwrap().to_owned()
}

async fn credentials(double: &Double, id: &str, voice_room: &str) -> Value {
    double.ask(id, json!({"action": "getVoiceCredentials", "voiceRoomId": voice_room})).await
}

fn ended(frames: &[Value]) -> bool {
    frames.iter().any(|frame| frame["action"] == "voiceRoomEnded")
}

#[tokio::test]
async fn of_two_who_start_at_once_one_starts_and_both_get_the_same_room() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let first = create(&double, "a", &room).await;
    assert_eq!(double.heard("b")[0]["masterUserId"], "Alice");
    let second = create(&double, "b", &room).await;
    assert_eq!(first, second);
    assert!(double.heard("a").is_empty(), "nobody is told twice");
    assert_eq!(double.state().channels.len(), 1);
}

#[tokio::test]
async fn a_start_that_loses_the_race_makes_no_channel() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let first = create(&double, "a", &room).await;
    let winner = double.state().voice_rooms.remove(&room).unwrap();
    let place = room.clone();
    double.meddle("open_voice_room", move |state| {
        state.voice_rooms.insert(place, winner);
    });
    assert_eq!(create(&double, "b", &room).await, first);
    assert_eq!(double.state().channels.len(), 1);
}

/// A voice room of Alice's whose channel is not noted, and that channel.
async fn starting(double: &Double, room: &str) -> (String, Option<String>) {
    let voice_room = create(double, "a", room).await;
    let arn = double.state().voice_rooms.get_mut(room).unwrap().channel_arn.take();
    (voice_room, arn)
}

#[tokio::test]
async fn who_asks_before_the_channel_is_there_waits_for_it() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let (voice_room, arn) = starting(&double, &room).await;
    let place = room.clone();
    double.meddle("pause", move |state| {
        state.voice_rooms.get_mut(&place).unwrap().channel_arn = arn;
    });
    assert_eq!(credentials(&double, "b", &voice_room).await["role"], "VIEWER");
}

#[tokio::test]
async fn a_channel_that_does_not_come_is_no_end_of_the_voice_room() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let (voice_room, _) = starting(&double, &room).await;
    let before = double.state().now;
    let refused = credentials(&double, "b", &voice_room).await;
    assert_eq!(
        (&refused["code"], &refused["retryAfterMs"], &refused["type"]),
        (&json!("rateLimited"), &json!(1_000), &json!("voiceRoomError"))
    );
    assert_eq!(double.state().now - before, 2_500, "ms that it was waited");
    double.meddle("pause", |state| state.voice_rooms.clear());
    assert_eq!(credentials(&double, "b", &voice_room).await["code"], "notFound", "it has ended");
}

#[tokio::test]
async fn a_start_that_died_is_replaced_by_the_next() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let (dead, _) = starting(&double, &room).await;
    double.advance(29_000);
    assert_eq!(create(&double, "b", &room).await, dead, "it may still be starting");
    double.advance(1_000);
    let next = create(&double, "b", &room).await;
    assert_ne!(next, dead);
    assert_eq!(double.state().channels.len(), 1, "the dead one's channel is gone");
    assert_eq!(credentials(&double, "b", &next).await["role"], "MASTER");
}

#[tokio::test]
async fn voice_that_is_switched_off_meanwhile_does_not_start() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let silent = room.clone();
    double.meddle("open_voice_room", move |state| {
        state.silent.insert(silent);
    });
    let refused = double.ask("a", json!({"action": "createVoiceRoom", "roomId": room})).await;
    assert_eq!(refused["code"], "forbidden", "{refused}");
    let state = double.state();
    assert!(state.voice_rooms.is_empty() && state.channels.is_empty());
}

#[tokio::test]
async fn without_a_channel_there_is_no_voice_room() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    double.state().broken.insert("create_channel");
    let refused = double.ask("a", json!({"action": "createVoiceRoom", "roomId": room})).await;
    assert_eq!(
        (&refused["code"], &refused["type"]),
        (&json!("internal"), &json!("voiceRoomError"))
    );
    assert!(double.state().voice_rooms.is_empty());
}

#[tokio::test]
async fn a_channel_made_for_a_voice_room_that_has_ended_goes_again() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    double.meddle("note_channel", |state| state.voice_rooms.clear());
    double.ask("a", json!({"action": "createVoiceRoom", "roomId": room})).await;
    assert!(double.state().channels.is_empty());
}

#[tokio::test]
async fn the_creator_is_master_and_everybody_else_a_viewer_by_an_id_of_their_own() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let voice_room = create(&double, "a", &room).await;
    let master = credentials(&double, "a", &voice_room).await;
    assert_eq!((&master["role"], &master["clientId"]), (&json!("MASTER"), &json!("c-a")));
    let viewer = credentials(&double, "b", &voice_room).await;
    assert_eq!((&viewer["role"], &viewer["clientId"]), (&json!("VIEWER"), &json!("c-b")));
}

#[tokio::test]
async fn the_master_alone_is_told_who_is_who_on_the_channel() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    for id in ["a", "b"] {
        double
            .ask(id, json!({"action": "voiceSignal", "type": "voice:join", "roomId": room}))
            .await;
    }
    let client_ids = async |id: &str| {
        let members = double.ask(id, json!({"action": "getMembers", "roomId": room})).await;
        let told = members["voice"]["participants"].as_array().unwrap().clone();
        told.iter().map(|one| one["clientId"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(client_ids("a").await, [json!(null), json!(null)], "there is no channel yet");
    create(&double, "a", &room).await;
    assert_eq!(client_ids("a").await, ["c-a", "c-b"]);
    assert_eq!(client_ids("b").await, [json!(null), json!(null)]);
}

#[tokio::test]
async fn whoever_starts_voice_second_is_told_whose_it_is() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    for id in ["a", "b"] {
        let made = double.ask(id, json!({"action": "createVoiceRoom", "roomId": room})).await;
        assert_eq!(made["masterUserId"], "Alice", "{made}");
    }
}

#[tokio::test]
async fn voice_ends_with_the_masters_connection_and_not_with_a_viewers() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let voice_room = create(&double, "a", &room).await;
    for id in ["a", "b"] {
        credentials(&double, id, &voice_room).await;
    }
    disconnect::handle(&double, "b").await;
    assert_eq!(double.state().channels.len(), 1);
    assert!(double.connect("c", "Bob", None).await);
    double.state().posts.clear();
    disconnect::handle(&double, "a").await;
    assert!(double.state().channels.is_empty() && double.state().voice_rooms.is_empty());
    let gone = credentials(&double, "c", &voice_room).await;
    assert_eq!((&gone["code"], &gone["type"]), (&json!("forbidden"), &json!("voiceRoomError")));
}

/// The master's line is another one from now on.
fn return_of_the_master(state: &mut State) {
    state.voice_rooms.values_mut().for_each(|row| row.master_connection = Some("a2".into()));
}

#[tokio::test]
async fn a_voice_room_waits_for_its_master_to_come_back() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let voice_room = create(&double, "a", &room).await;
    credentials(&double, "a", &voice_room).await;
    let before = double.state().now;
    double.meddle("pause", |state| {
        let told = state.posts.iter().any(|(to, frame)| to == "b" && frame["online"] == false);
        assert!(told, "nobody waits for the news that Alice is offline");
        return_of_the_master(state);
    });
    disconnect::handle(&double, "a").await;
    assert_eq!(double.state().now - before, 10_000, "ms that it was waited");
    assert!(!ended(&double.heard("b")));
    let state = double.state();
    assert_eq!((state.voice_rooms.len(), state.channels.len()), (1, 1));
}

#[tokio::test]
async fn nobody_ends_voice_for_the_lack_of_a_master_who_came_back() {
    for swept in [false, true] {
        let double = Double::new();
        let room = room_of_two(&double).await;
        let voice_room = create(&double, "a", &room).await;
        credentials(&double, "a", &voice_room).await;
        double.meddle("close_voice_room", return_of_the_master);
        match swept {
            true => {
                double.state().open.remove("a");
                sweep_voice::handle(&double).await;
            }
            false => drop(disconnect::handle(&double, "a").await),
        }
        assert!(!ended(&double.heard("b")));
        let state = double.state();
        assert_eq!((state.voice_rooms.len(), state.channels.len()), (1, 1));
    }
}

#[tokio::test]
async fn a_master_who_asks_again_on_another_line_is_master_there() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let welcome = double.ask("a", json!({"action": "hello"})).await;
    let voice_room = create(&double, "a", &room).await;
    credentials(&double, "a", &voice_room).await;
    assert!(double.connect("a2", "Alice", welcome["sessionToken"].as_str()).await);
    assert_eq!(credentials(&double, "a2", &voice_room).await["role"], "MASTER");
    // The end of the first line is told late.
    disconnect::handle(&double, "a").await;
    assert_eq!(double.state().counts.get("pause"), None, "it was nobody's any more");
    assert_eq!(double.state().channels.len(), 1);
    disconnect::handle(&double, "a2").await;
    assert!(double.state().channels.is_empty());
}

#[tokio::test]
async fn who_leaves_the_room_is_not_made_master() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let voice_room = create(&double, "b", &room).await;
    double.meddle("note_master", |state| state.members.retain(|_, row| row.user_id != "Bob"));
    assert_eq!(credentials(&double, "b", &voice_room).await["code"], "notFound");
    assert_eq!(double.state().voice_rooms[&room].master_connection, None);
}

#[tokio::test]
async fn the_creator_or_an_admin_ends_it_and_nobody_else() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let voice_room = create(&double, "a", &room).await;
    let end = json!({"action": "endVoiceRoom", "voiceRoomId": voice_room});
    assert_eq!(double.ask("b", end.clone()).await["code"], "forbidden");
    double.heard("b");
    assert_eq!(double.ask("a", end.clone()).await["action"], "voiceRoomEnded");
    assert!(ended(&double.heard("b")));
    assert_eq!(double.ask("a", end).await["code"], "notFound");
    assert!(double.state().channels.is_empty());

    let of_bob = create(&double, "b", &room).await;
    let end = json!({"action": "endVoiceRoom", "voiceRoomId": of_bob});
    assert_eq!(double.ask("a", end).await["action"], "voiceRoomEnded", "an admin ends it too");
}

#[tokio::test]
async fn a_voice_room_ends_although_its_channel_cannot_be_removed() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let voice_room = create(&double, "a", &room).await;
    double.heard("b");
    double.state().broken.insert("delete_channel");
    let report =
        double.say("a", json!({"action": "endVoiceRoom", "voiceRoomId": voice_room})).await;
    assert_eq!(report.fault.as_deref(), Some("delete_channel is broken"));
    assert!(ended(&double.heard("a")) && ended(&double.heard("b")));
    assert!(double.state().voice_rooms.is_empty());
}

#[tokio::test]
async fn leaving_the_room_and_switching_voice_off_end_it() {
    for way in ["leaveRoom", "voice:disable"] {
        let double = Double::new();
        let room = room_of_two(&double).await;
        create(&double, "a", &room).await;
        double.heard("b");
        let message = match way {
            "leaveRoom" => json!({"action": way, "roomId": room}),
            _ => json!({"action": "voiceSignal", "type": way, "roomId": room}),
        };
        double.ask("a", message).await;
        assert!(ended(&double.heard("b")), "{way}");
        assert!(double.state().channels.is_empty(), "{way}");
    }
}

#[tokio::test]
async fn what_a_leaver_was_lent_is_void_and_a_new_membership_is_lent_anew() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let voice_room = create(&double, "a", &room).await;
    credentials(&double, "b", &voice_room).await;
    double.ask("b", json!({"action": "leaveRoom", "roomId": room})).await;
    {
        let state = double.state();
        assert_eq!((state.barred.len(), &state.barred), (1, &state.lent));
    }

    double.advance(1);
    double.ask("b", json!({"action": "joinRoom", "subAction": "request", "roomId": room})).await;
    let mut approve = json!({"action": "joinRoom", "subAction": "approve", "roomId": room});
    approve["targetUserId"] = "Bob".into();
    double.ask("a", approve).await;
    assert_eq!(credentials(&double, "b", &voice_room).await["role"], "VIEWER");
    let state = double.state();
    assert_eq!(state.lent.len(), 2);
    assert!(!state.barred.contains(&state.lent[1]), "{:?}", state.barred);
}

#[tokio::test]
async fn who_leaves_while_the_channel_is_made_is_lent_nothing() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let (voice_room, arn) = starting(&double, &room).await;
    let place = room.clone();
    double.meddle("pause", move |state| {
        state.voice_rooms.get_mut(&place).unwrap().channel_arn = arn;
        let bob = |(within, person): &(String, String)| {
            *within == place && state.voice_rooms[&place].created_by != *person
        };
        let leaver = state.members.keys().find(|key| bob(key)).unwrap().clone();
        state.members.remove(&leaver);
    });
    assert_eq!(credentials(&double, "b", &voice_room).await["code"], "notFound");
    assert!(double.state().lent.is_empty());
}

#[tokio::test]
async fn a_channel_that_takes_no_mark_keeps_nobody_in_the_room() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let voice_room = create(&double, "a", &room).await;
    credentials(&double, "b", &voice_room).await;
    double.state().broken.insert("bar");
    double.heard("b");
    let report = double.say("b", json!({"action": "leaveRoom", "roomId": room})).await;
    assert_eq!(report.fault.as_deref(), Some("bar is broken"));
    assert_eq!(double.heard("b")[0]["action"], "roomLeft");
}

#[tokio::test]
async fn the_sweep_removes_what_is_dead_and_nothing_else() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let voice_room = create(&double, "a", &room).await;
    credentials(&double, "a", &voice_room).await;
    for id in ["a", "b"] {
        let join = json!({"action": "voiceSignal", "type": "voice:join", "roomId": room});
        double.ask(id, join).await;
    }
    let report = sweep_voice::handle(&double).await;
    assert_eq!((report.tally.pruned, report.fault), (0, None));

    // Bob's line died and nobody heard of it.
    double.state().open.remove("b");
    double.heard("a");
    assert_eq!(sweep_voice::handle(&double).await.tally.pruned, 1);
    assert_eq!(double.heard("a")[0]["reason"], "disconnected");

    // So did Alice's.
    double.state().open.remove("a");
    sweep_voice::handle(&double).await;
    let state = double.state();
    assert!(state.talkers.is_empty() && state.voice_rooms.is_empty() && state.channels.is_empty());
}

#[tokio::test]
async fn the_sweep_finds_the_channel_of_a_start_that_died_on_its_way() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    create(&double, "a", &room).await;
    double.state().voice_rooms.get_mut(&room).unwrap().channel_arn = None;
    assert_eq!(sweep_voice::handle(&double).await.tally.pruned, 0, "it may still be starting");
    double.advance(120_000);
    assert_eq!(sweep_voice::handle(&double).await.tally.pruned, 1);
    assert!(double.state().channels.is_empty());
}

#[tokio::test]
async fn the_sweep_removes_channels_that_no_row_names() {
    let double = Double::new();
    let room = room_of_two(&double).await;
    let lost = create(&double, "a", &room).await;
    // Its row went although its channel could not be removed.
    double.state().broken.insert("delete_channel");
    double.say("a", json!({"action": "endVoiceRoom", "voiceRoomId": lost})).await;
    double.state().broken.clear();
    let voice_room = create(&double, "a", &room).await;
    credentials(&double, "a", &voice_room).await;
    // What the stage keeps for itself, and a voice room of a stage whose name begins with this one's.
    for other in ["turn".to_owned(), format!("b-{voice_room}")] {
        double.state().channels.insert(other, 0);
    }
    double.advance(599_000);
    assert_eq!(sweep_voice::handle(&double).await.tally.pruned, 0, "it may be on its way");
    double.advance(1_000);
    let report = sweep_voice::handle(&double).await;
    assert_eq!((report.tally.pruned, report.fault), (1, None));
    assert!(!double.state().channels.contains_key(&lost));
    assert_eq!(double.state().channels.len(), 3);

    // One that the list of all rows lacks is found in its room's.
    let row = double.state().voice_rooms.remove(&room).unwrap();
    double.meddle("voice_rows", move |state| drop(state.voice_rooms.insert(room, row)));
    assert_eq!(sweep_voice::handle(&double).await.tally.pruned, 0);
    assert!(double.state().channels.contains_key(&voice_room));
}
