//! `sendMessage`: stored first, then told to every connected member and acknowledged.

use chatctl_protocol::{ChatMessage, Refusal, SendMessage, ServerMessage};
use ulid::Ulid;

use crate::caller::{Call, Speaker};
use crate::fault::Failure;
use crate::model::{DEDUPE_TTL_S, expiry};
use crate::outcome::Outcome;
use crate::roster::listeners;
use crate::{Attachment, Ports, Stored, StoredMessage, text};

pub(crate) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    send: SendMessage,
) -> Result<Outcome, Failure> {
    let SendMessage { room_id, message, client_message_id, reply_to } = send;
    let text = text::message(&message)?;
    client_message_id.as_deref().map_or(Ok(()), text::check_client_id)?;
    reply_to.as_deref().map_or(Ok(()), |id| text::check_message_id("replyTo", id))?;
    let (room_id, speaker) = speaker(ports, call, room_id).await?;
    let member = speaker.membership(ports, &room_id).await?;

    let timestamp = ports.now();
    let message = ChatMessage {
        room_id,
        message_id: Ulid::from_parts(timestamp, ports.bits()).to_string(),
        user_id: member.user_id.clone(),
        message: text,
        timestamp,
        client_message_id,
        reply_to,
    };
    let stored = StoredMessage { message, person_id: speaker.person_id.clone() };
    // First, so that a failure is one of the whole request: what is told to have failed is not stored.
    speaker.attach(ports, call, &member).await?;
    let message = match ports.store(&stored, expiry(timestamp, DEDUPE_TTL_S)).await? {
        Stored::New => stored.message,
        Stored::Before { message_id, timestamp } => {
            let asked = ChatMessage { message_id, timestamp, ..stored.message };
            match first(ports, call, &asked).await {
                Some(first) => first,
                None => return Ok(Outcome::answer(ack(asked))),
            }
        }
    };
    Ok(told(message, &heard_by(ports, call, &member.room_id).await))
}

/// The message as it was stored the first time. It is told again: whoever stored it may have died
/// before anybody was told, and clients drop what they have by its id.
async fn first<P: Ports>(ports: &P, call: Call<'_>, asked: &ChatMessage) -> Option<ChatMessage> {
    let read = ports.message(&asked.room_id, &asked.message_id).await;
    let stored = read.inspect_err(|fault| call.notes.fault(fault)).unwrap_or_default()?;
    Some(stored.message)
}

/// The room, and who speaks in it.
async fn speaker<P: Ports>(
    ports: &P,
    call: Call<'_>,
    room_id: Option<String>,
) -> Result<(String, Speaker), Failure> {
    let room_id = match room_id {
        Some(room_id) => room_id,
        None => call.identify(ports).await?.room_id.ok_or_else(no_room)?,
    };
    text::check_room_id(&room_id)?;
    call.notes.room(&room_id);
    let speaker = call.speaker_in(ports, &room_id).await?;
    Ok((room_id, speaker))
}

/// The connections that listen, read after the message is stored: who begins to listen later finds
/// it in the history. So does everybody where this fails; a stored message is acknowledged.
async fn heard_by<P: Ports>(ports: &P, call: Call<'_>, room_id: &str) -> Vec<Attachment> {
    let read = listeners(ports, room_id).await;
    read.inspect_err(|fault| call.notes.fault(fault)).unwrap_or_default()
}

fn told(message: ChatMessage, listeners: &[Attachment]) -> Outcome {
    Outcome::answer(ack(message.clone())).push(listeners, ServerMessage::Message(message))
}

fn ack(message: ChatMessage) -> ServerMessage {
    let ChatMessage { room_id, message_id, client_message_id, timestamp, .. } = message;
    ServerMessage::MessageAck { room_id, message_id, client_message_id, timestamp }
}

fn no_room() -> Refusal {
    Refusal::bad_request(
        "sendMessage needs a roomId, since this connection has created or joined no room yet",
    )
}
