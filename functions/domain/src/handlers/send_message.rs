//! `sendMessage`: stored first, then told to every connected member and acknowledged.

use chatctl_protocol::{ChatMessage, Refusal, SendMessage, ServerMessage};
use ulid::Ulid;

use crate::caller::{Call, Speaker};
use crate::fault::{Failure, Fault};
use crate::model::{CONNECTION_TTL_S, DEDUPE_TTL_S, expiry, unexpired};
use crate::outcome::Outcome;
use crate::roster::not_a_member;
use crate::{Attachment, Member, Ports, Stored, StoredMessage, text};

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
    let member = membership(ports, &room_id, &speaker).await?;

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
    attach(ports, call, &member, &speaker).await?;
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
    Ok(told(message, &listeners(ports, call, &member.room_id).await))
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
    let own = ports.attachment(&room_id, call.connection_id).await?;
    let speaker = call.speaker(ports, own.as_slice()).await?;
    Ok((room_id, speaker))
}

/// The connections that listen, read after the message is stored: who begins to listen later finds
/// it in the history. So does everybody where this fails; a stored message is acknowledged.
async fn listeners<P: Ports>(ports: &P, call: Call<'_>, room_id: &str) -> Vec<Attachment> {
    let read = ports.attachments(room_id).await;
    let mut attachments = read.inspect_err(|fault| call.notes.fault(fault)).unwrap_or_default();
    let now = ports.now();
    attachments.retain(|row| unexpired(row.expires_at, now));
    attachments
}

async fn membership<P: Ports>(
    ports: &P,
    room_id: &str,
    speaker: &Speaker,
) -> Result<Member, Failure> {
    if let Some(member) = ports.member(room_id, &speaker.person_id).await? {
        return Ok(member);
    }
    ports.room(room_id).await?.ok_or_else(text::no_such_room)?;
    Err(not_a_member().into())
}

/// A client that never says `hello` begins to listen with its first message.
async fn attach<P: Ports>(
    ports: &P,
    call: Call<'_>,
    member: &Member,
    speaker: &Speaker,
) -> Result<(), Fault> {
    if speaker.attached {
        return Ok(());
    }
    let now = ports.now();
    let attachment = Attachment {
        room_id: member.room_id.clone(),
        connection_id: call.connection_id.to_owned(),
        member_id: member.person_id.clone(),
        user_id: member.user_id.clone(),
        attached_at: now,
        expires_at: expiry(now, CONNECTION_TTL_S),
    };
    ports.attach(&attachment).await.map(drop)
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
