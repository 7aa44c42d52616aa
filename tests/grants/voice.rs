//! Voice in the conversation: a mesh, voice rooms, and what a crash leaves of both.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::support::chat::Chat;
use super::{PATIENCE, Scene, tell};

/// A connection that nobody has.
const NOBODY: &str = "AAAAAAAAAAAAAAA=";

/// How long a voice room waits for its master, and time for the function to end it on a busy machine.
const MASTER_RETURNS: Duration = Duration::from_millis(11_500);

fn signal(room: &str, kind: &str) -> Value {
    json!({"action": "voiceSignal", "roomId": room, "type": format!("voice:{kind}")})
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Scene {
    /// Alice stays in voice; Bob's part ends with his silent connection. Tells when all of it is over.
    pub(super) async fn call(
        &self,
        alice: &mut Chat,
        bob: (&mut Chat, &str),
        room: &str,
    ) -> Instant {
        let (bob, name) = bob;
        self.mesh(alice, bob, room).await;
        self.silent(bob, name, room).await;
        self.rooms(alice, room).await;
        self.sweep(alice, bob, room).await;
        self.end_with_bob(bob, name).await;
        Instant::now() + MASTER_RETURNS
    }

    async fn mesh(&self, alice: &mut Chat, bob: &mut Chat, room: &str) {
        tell(alice, signal(room, "leave")).await;
        for _ in 0..6 {
            tell(alice, signal(room, "join")).await;
        }
        self.crowd_voice(room).await;
        tell(bob, signal(room, "join")).await;
        self.haunt(room).await;
        let mut mute = signal(room, "mute");
        mute["muted"] = true.into();
        tell(bob, mute).await;
        tell(bob, signal(room, "leave")).await;
    }

    /// Bob on a connection that never said hello, which the room does not know.
    async fn silent(&self, bob: &Chat, name: &str, room: &str) {
        let Ok(mut silent) = Chat::connect(&self.url, name, Some(&bob.session)).await else {
            return;
        };
        silent.patience = PATIENCE;
        let created = tell(&mut silent, json!({"action": "createVoiceRoom", "roomId": room})).await;
        for action in ["getVoiceCredentials", "endVoiceRoom"] {
            let of = &created["voiceRoomId"];
            tell(&mut silent, json!({"action": action, "voiceRoomId": of})).await;
        }
        tell(&mut silent, signal(room, "join")).await;
        tell(&mut silent, signal(room, "leave")).await;
        silent.close().await;
    }

    /// Voice rooms that end in every way but with a connection.
    async fn rooms(&self, alice: &mut Chat, room: &str) {
        let create = json!({"action": "createVoiceRoom", "roomId": room});
        self.haunt(room).await;
        tell(alice, create.clone()).await;
        self.change_voice_room(room, "SET createdAt = :past REMOVE channelArn").await;
        self.haunt(room).await;
        let created = tell(alice, create.clone()).await;
        let of = &created["voiceRoomId"];
        tell(alice, json!({"action": "getVoiceCredentials", "voiceRoomId": of})).await;
        self.haunt(room).await;
        tell(alice, json!({"action": "endVoiceRoom", "voiceRoomId": of})).await;
        tell(alice, create).await;
        tell(alice, signal(room, "disable")).await;
        tell(alice, signal(room, "enable")).await;
    }

    /// A voice room that died while it was made, and a talker whose end nobody heard of.
    async fn sweep(&self, alice: &mut Chat, bob: &mut Chat, room: &str) {
        tell(alice, json!({"action": "createVoiceRoom", "roomId": room})).await;
        self.change_voice_room(room, "SET createdAt = :past REMOVE channelArn").await;
        tell(bob, signal(room, "join")).await;
        self.seat(room, "ghost").await;
        self.haunt(room).await;
        let event = json!({"source": "aws.events"}).to_string();
        let payload = aws_sdk_lambda::primitives::Blob::new(event);
        let _ = self.lambda.invoke().function_name(&self.sweep).payload(payload).send().await;
    }

    /// In a room of Bob's own his seat goes with the connection on which he is master, and his voice
    /// room some seconds later.
    async fn end_with_bob(&self, bob: &Chat, name: &str) {
        let Ok(mut master) = Chat::connect(&self.url, name, Some(&bob.session)).await else {
            return;
        };
        master.patience = PATIENCE;
        let own = tell(&mut master, json!({"action": "createRoom", "roomName": "Bob's"})).await;
        let room = own["roomId"].as_str().unwrap_or("000000000000");
        tell(&mut master, signal(room, "join")).await;
        let created = tell(&mut master, json!({"action": "createVoiceRoom", "roomId": room})).await;
        let of = &created["voiceRoomId"];
        tell(&mut master, json!({"action": "getVoiceCredentials", "voiceRoomId": of})).await;
        master.close().await;
    }

    /// Seats so many that the room is full, none of whom is there.
    async fn crowd_voice(&self, room: &str) {
        for number in 0..6 {
            self.seat(room, &format!("crowd {number}")).await;
        }
    }

    async fn seat(&self, room: &str, person: &str) {
        let row = HashMap::from([
            ("roomId".to_owned(), text(room)),
            ("entry".to_owned(), text(&format!("PERSON#{person}"))),
            ("personId".to_owned(), text(person)),
            ("userId".to_owned(), text(person)),
            ("connectionId".to_owned(), text(NOBODY)),
            ("muted".to_owned(), AttributeValue::Bool(false)),
            ("joinedAt".to_owned(), number(1)),
            ("kind".to_owned(), text("talker")),
            ("expiresAt".to_owned(), number(seconds() + 600)),
        ]);
        let put = self.database.put_item().table_name(&self.voice_table).set_item(Some(row));
        put.send().await.unwrap();
    }

    /// Attaches a connection to the room that is not there, for whoever next tells the room of anything.
    async fn haunt(&self, room: &str) {
        let row = HashMap::from([
            ("roomId".to_owned(), text(room)),
            ("entry".to_owned(), text(&format!("CONN#{NOBODY}"))),
            ("connectionId".to_owned(), text(NOBODY)),
            ("memberId".to_owned(), text("ghost")),
            ("userId".to_owned(), text("ghost")),
            ("attachedAt".to_owned(), number(1)),
            ("expiresAt".to_owned(), number(seconds() + 600)),
        ]);
        let put = self.database.put_item().table_name(&self.rooms_table).set_item(Some(row));
        put.send().await.unwrap();
    }

    /// Changes a voice room if there is one: with a grant missing, there may be none.
    async fn change_voice_room(&self, room: &str, update: &str) {
        let change = self.database.update_item().table_name(&self.voice_table);
        let change = change.key("roomId", text(room)).key("entry", text("VOICE"));
        let change = change.update_expression(update).condition_expression("kind = :room");
        let change = change.expression_attribute_values(":past", number(1));
        let change = change.expression_attribute_values(":room", text("room"));
        let _ = change.send().await;
    }
}
