//! People and rooms to begin with.
#![allow(dead_code, reason = "each test file uses its own part of it")]

use serde_json::{Value, json};

use crate::double::Double;

/// Alice's room with Bob in it; Alice is `a`, Bob is `b`.
pub async fn room_of_two(double: &Double) -> String {
    assert!(double.connect("a", "Alice", None).await);
    assert!(double.connect("b", "Bob", None).await);
    let room = room(double).await;
    double.ask("b", json!({"action": "joinRoom", "subAction": "request", "roomId": room})).await;
    let approved = double.ask("a", decision("approve", &room)).await;
    assert_eq!(approved["status"], "approved", "{approved}");
    double.state().posts.clear();
    room
}

pub async fn room(double: &Double) -> String {
    let created = double.ask("a", json!({"action": "createRoom", "roomName": "Lobby"})).await;
    created["roomId"].as_str().expect("a room").to_owned()
}

pub fn decision(step: &str, room: &str) -> Value {
    json!({"action": "joinRoom", "subAction": step, "roomId": room, "targetUserId": "Bob"})
}
