//! The chat itself, step by step.

use chatctl_protocol::{
    ClientMessage, Empty, ErrorCode, GetHistory, GetMembers, JoinRoom, JoinStatus, JoinStep,
    MemberStatus, NewRoom, Participant, RoomRef, SendMessage, ServerMessage,
};
use futures_util::future::{join, try_join};
use serde_json::json;
use ulid::Ulid;

use super::person::Person;
use super::{Endpoints, Step, Stopped, Trouble, Walk, voice};

const FIRST: &str = "first words";
const SECOND: &str = "an answer";

/// Plays the chat from the first connection to the last.
pub(super) async fn play(walk: &mut Walk<'_>, endpoints: &Endpoints) -> Result<(), Stopped> {
    let run = Ulid::new().to_string().to_lowercase();
    let run = &run[run.len() - 8..];
    let names = (format!("smoke_{run}_a"), format!("smoke_{run}_b"));
    walk.names = vec![names.0.clone(), names.1.clone()];
    let connecting = async {
        let (a, b) = (names.0.as_str(), names.1.as_str());
        try_join(Person::connect(endpoints, a, ""), Person::connect(endpoints, b, "")).await
    };
    let (mut alice, mut bob) = walk.step(Step::Connect, connecting).await?;
    walk.step(Step::Refusal, refusal(endpoints)).await?;
    walk.step(Step::Hello, async {
        hello(&mut alice).await?;
        hello(&mut bob).await
    })
    .await?;
    walk.step(Step::Ping, ping(&mut alice)).await?;
    let room = walk.step(Step::CreateRoom, create_room(&mut alice)).await?;
    walk.room_id = Some(room.clone());
    walk.step(Step::Ask, ask_to_join(&mut bob, &mut alice, &room)).await?;
    walk.step(Step::Approve, approve(&mut alice, &mut bob, &room)).await?;
    walk.step(Step::Members, members(&mut bob, &alice.name, &room)).await?;
    let first = walk.step(Step::Send, talk(&mut alice, &mut bob, &room)).await?;
    walk.step(Step::SendAgain, send_again(&mut alice, &mut bob, &room, &first)).await?;
    walk.step(Step::History, history(&mut bob, &room)).await?;
    walk.step(Step::Voice, voice::call(&mut alice, &mut bob, &room)).await?;
    let starting = voice::create(&mut alice, &mut bob, &room);
    let voice_room = walk.step(Step::CreateVoiceRoom, starting).await?;
    walk.step(Step::VoiceCredentials, voice::credentials(&mut bob, &voice_room)).await?;
    walk.step(Step::EndVoiceRoom, voice::end(&mut alice, &mut bob, &voice_room)).await?;
    walk.step(Step::Default, nonsense(&mut alice)).await?;
    let (name, session) = (bob.name.clone(), bob.session.clone());
    walk.step(Step::Disconnect, go_away(bob, &mut alice)).await?;
    let coming_back = come_back(endpoints, &name, &session, &mut alice);
    let mut bob = walk.step(Step::Resume, coming_back).await?;
    walk.step(Step::Leave, leave(&mut bob, &mut alice, &room)).await?;
    // Nothing is proved by it any more, and the stage tidies up after whoever just goes.
    let _ = join(alice.close(), bob.close()).await;
    Ok(())
}

/// A name of one character is no name.
async fn refusal(endpoints: &Endpoints) -> Result<(), Trouble> {
    let mut nobody = Person::connect(endpoints, "x", "").await?;
    let is_told = |message: &ServerMessage| {
        matches!(message, ServerMessage::Error { code: ErrorCode::BadRequest, .. })
    };
    nobody.until("the reason of the refusal", is_told).await?;
    nobody.ended().await
}

async fn hello(person: &mut Person) -> Result<(), Trouble> {
    match person.ask(&ClientMessage::Hello(Empty {})).await? {
        ServerMessage::Welcome { user_id, session_token, .. } if user_id == person.name => {
            person.session = session_token;
            Ok(())
        }
        other => Err(Trouble::unexpected(format!("a welcome for {}", person.name), other)),
    }
}

async fn ping(person: &mut Person) -> Result<(), Trouble> {
    match person.ask(&ClientMessage::Ping(Empty {})).await? {
        ServerMessage::Pong { .. } => Ok(()),
        other => Err(Trouble::unexpected("a pong", other)),
    }
}

async fn create_room(admin: &mut Person) -> Result<String, Trouble> {
    let name = "Smoke test".to_owned();
    match admin.ask(&ClientMessage::CreateRoom(NewRoom { room_name: name.clone() })).await? {
        ServerMessage::RoomCreated { room_id, room_name } if room_name == name => Ok(room_id),
        other => Err(Trouble::unexpected("a room", other)),
    }
}

fn joining(room: &str, step: JoinStep, target: Option<&str>) -> ClientMessage {
    ClientMessage::JoinRoom(JoinRoom {
        sub_action: step,
        room_id: room.to_owned(),
        target_user_id: target.map(str::to_owned),
    })
}

async fn ask_to_join(asker: &mut Person, admin: &mut Person, room: &str) -> Result<(), Trouble> {
    match asker.ask(&joining(room, JoinStep::Request, None)).await? {
        ServerMessage::JoinResponse { status: JoinStatus::Pending, .. } => {}
        other => return Err(Trouble::unexpected("a pending request", other)),
    }
    let name = asker.name.as_str();
    let is_it = |message: &ServerMessage| matches!(message, ServerMessage::JoinRequest { user_id, .. } if user_id == name);
    admin.until("the request, at the admin's", is_it).await.map(drop)
}

async fn approve(admin: &mut Person, asker: &mut Person, room: &str) -> Result<(), Trouble> {
    match admin.ask(&joining(room, JoinStep::Approve, Some(&asker.name))).await? {
        ServerMessage::JoinResponse { status: JoinStatus::Approved, .. } => {}
        other => return Err(Trouble::unexpected("an approval", other)),
    }
    let is_let_in = |message: &ServerMessage| {
        matches!(message, ServerMessage::JoinResponse { status: JoinStatus::Approved, .. })
    };
    asker.until("the approval, at the asker's", is_let_in).await.map(drop)
}

async fn members(person: &mut Person, admin: &str, room: &str) -> Result<(), Trouble> {
    let asked = ClientMessage::GetMembers(GetMembers { room_id: room.to_owned(), after: None });
    let ServerMessage::RoomMembers { participants, .. } = person.ask(&asked).await? else {
        return Err(Trouble::unexpected("the list of participants", "something else"));
    };
    let here = |name: &str, is_admin| Participant {
        user_id: name.to_owned(),
        status: MemberStatus::Approved,
        is_admin,
        online: true,
    };
    let both = [here(admin, true), here(&person.name, false)];
    if participants.len() == both.len() && both.iter().all(|one| participants.contains(one)) {
        return Ok(());
    }
    Err(Trouble::unexpected("two members online, the first of them admin", participants))
}

fn message(room: &str, text: &str) -> ClientMessage {
    ClientMessage::SendMessage(SendMessage {
        room_id: Some(room.to_owned()),
        message: text.to_owned(),
        client_message_id: Some(client_id(text)),
        reply_to: None,
    })
}

fn client_id(text: &str) -> String {
    format!("smoke {text}")
}

/// Each says something to the other; gives the first message's id.
async fn talk(a: &mut Person, b: &mut Person, room: &str) -> Result<String, Trouble> {
    let first = tell(a, b, room, FIRST).await?;
    tell(b, a, room, SECOND).await?;
    Ok(first)
}

async fn tell(
    from: &mut Person,
    to: &mut Person,
    room: &str,
    text: &str,
) -> Result<String, Trouble> {
    let id = acknowledged(from, room, text).await?;
    to.until(&format!("{text:?}, at the other's"), |message| is_message(message, &id)).await?;
    Ok(id)
}

async fn acknowledged(from: &mut Person, room: &str, text: &str) -> Result<String, Trouble> {
    match from.ask(&message(room, text)).await? {
        ServerMessage::MessageAck { message_id, .. } => Ok(message_id),
        other => Err(Trouble::unexpected("an acknowledgement", other)),
    }
}

fn is_message(message: &ServerMessage, id: &str) -> bool {
    matches!(message, ServerMessage::Message(said) if said.message_id == id)
}

async fn send_again(
    from: &mut Person,
    to: &mut Person,
    room: &str,
    first: &str,
) -> Result<(), Trouble> {
    let again = acknowledged(from, room, FIRST).await?;
    if again != first {
        return Err(Trouble::unexpected(format!("the first message's id {first}"), again));
    }
    // It is told again, since whoever sends again may not have been heard; the history has it once.
    to.until("the same message again", |message| is_message(message, first)).await.map(drop)
}

async fn history(person: &mut Person, room: &str) -> Result<(), Trouble> {
    let asked = GetHistory { room_id: room.to_owned(), before: None, after: None, limit: None };
    let ServerMessage::History { messages, .. } =
        person.ask(&ClientMessage::GetHistory(asked)).await?
    else {
        return Err(Trouble::unexpected("the history", "something else"));
    };
    let texts: Vec<&str> = messages.iter().map(|message| message.message.as_str()).collect();
    if texts == [FIRST, SECOND] {
        return Ok(());
    }
    Err(Trouble::unexpected(format!("{:?}", [FIRST, SECOND]), texts))
}

/// What has no route goes to `$default`, by name and as text that is no JSON at all.
async fn nonsense(person: &mut Person) -> Result<(), Trouble> {
    let wanted = "the refusal of an unknown action";
    match person.ask_raw(json!({"action": "fly"}), wanted).await? {
        ServerMessage::Error { code: ErrorCode::UnknownAction, .. } => {}
        other => return Err(Trouble::unexpected(wanted, other)),
    }
    let wanted = "the refusal of text that is no JSON";
    person.say("hello?".to_owned(), wanted).await?;
    let is_told = |message: &ServerMessage| {
        matches!(message, ServerMessage::Error { code: ErrorCode::BadRequest, .. })
    };
    person.until(wanted, is_told).await.map(drop)
}

async fn go_away(goes: Person, stays: &mut Person) -> Result<(), Trouble> {
    let name = goes.name.clone();
    goes.close().await?;
    presence(stays, &name, false).await
}

async fn come_back(
    endpoints: &Endpoints,
    name: &str,
    session: &str,
    stays: &mut Person,
) -> Result<Person, Trouble> {
    let mut back = Person::connect(endpoints, name, session).await?;
    match back.ask(&ClientMessage::Hello(Empty {})).await? {
        ServerMessage::Welcome { rooms, .. } if rooms.len() == 1 => {}
        other => return Err(Trouble::unexpected("a welcome that names the room", other)),
    }
    presence(stays, name, true).await?;
    Ok(back)
}

async fn presence(person: &mut Person, of: &str, wanted: bool) -> Result<(), Trouble> {
    let said = if wanted { "online" } else { "offline" };
    let is_it = |message: &ServerMessage| {
        matches!(message, ServerMessage::Presence { user_id, online, .. }
            if user_id == of && *online == wanted)
    };
    person.until(&format!("the news that {of} is {said}"), is_it).await.map(drop)
}

async fn leave(first: &mut Person, last: &mut Person, room: &str) -> Result<(), Trouble> {
    let asked = ClientMessage::LeaveRoom(RoomRef { room_id: room.to_owned() });
    let name = first.name.clone();
    for person in [&mut *first, &mut *last] {
        match person.ask(&asked).await? {
            ServerMessage::RoomLeft { .. } => {}
            other => return Err(Trouble::unexpected("a leave", other)),
        }
    }
    let is_told = |message: &ServerMessage| matches!(message, ServerMessage::MemberLeft { user_id, .. } if *user_id == name);
    last.until("the news that the other left", is_told).await.map(drop)
}
