//! `getHistory`: a page of what was said; for members.

use chatctl_protocol::{ChatMessage, GetHistory, Limits, Refusal, ServerMessage};
use futures_util::future::try_join;

use crate::caller::Call;
use crate::fault::Failure;
use crate::outcome::Outcome;
use crate::page::fitting;
use crate::roster::not_a_member;
use crate::{Page, Ports, text};

/// Messages in a page unless told otherwise.
const DEFAULT_LIMIT: u32 = 50;

pub(crate) async fn handle<P: Ports>(
    ports: &P,
    call: Call<'_>,
    asked: GetHistory,
) -> Result<Outcome, Failure> {
    let GetHistory { room_id, before, after, limit } = asked;
    text::check_room_id(&room_id)?;
    let page = page(before.as_deref(), after.as_deref())?;
    let limit = check_limit(limit)?;
    call.notes.room(&room_id);
    let caller = call.identify(ports).await?;
    // One more than asked for tells whether there is another page.
    let (member, messages) = try_join(
        ports.member(&room_id, &caller.person_id),
        ports.messages(&room_id, page, limit + 1),
    )
    .await?;
    if member.is_none() {
        ports.room(&room_id).await?.ok_or_else(text::no_such_room)?;
        return Err(not_a_member().into());
    }
    let messages = messages.into_iter().map(|stored| stored.message).collect();
    let (messages, next_before) = cut(page, messages, limit as usize);
    Ok(Outcome::answer(ServerMessage::History { room_id, messages, next_before }))
}

fn page<'a>(before: Option<&'a str>, after: Option<&'a str>) -> Result<Page<'a>, Refusal> {
    match (before, after) {
        (None, None) => Ok(Page::Newest),
        (Some(id), None) => text::check_message_id("before", id).map(|()| Page::Before(id)),
        (None, Some(id)) => text::check_message_id("after", id).map(|()| Page::After(id)),
        (Some(_), Some(_)) => {
            Err(Refusal::bad_request("getHistory takes `before` or `after`, not both"))
        }
    }
}

fn check_limit(limit: Option<u32>) -> Result<u32, Refusal> {
    let max = Limits::CURRENT.history_max;
    match limit.unwrap_or(DEFAULT_LIMIT) {
        limit if (1..=max).contains(&limit) => Ok(limit),
        limit => Err(Refusal::bad_request(format!("limit is 1 to {max}, not {limit}"))),
    }
}

/// Cuts a page to its limit and to what one frame carries, at the end that the next page continues;
/// at least one message fits, since a text has at most 8 KiB.
fn cut(
    page: Page<'_>,
    mut messages: Vec<ChatMessage>,
    limit: usize,
) -> (Vec<ChatMessage>, Option<String>) {
    if let Page::After(_) = page {
        let kept = fitting(messages.iter()).min(limit);
        messages.truncate(kept);
        return (messages, None);
    }
    let kept = fitting(messages.iter().rev()).min(limit);
    let older = messages.len() - kept;
    let messages = messages.split_off(older);
    let next = messages.first().filter(|_| older > 0).map(|oldest| oldest.message_id.clone());
    (messages, next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::PAGE_BYTES;

    fn messages(count: usize, size: usize) -> Vec<ChatMessage> {
        (0..count)
            .map(|i| ChatMessage {
                room_id: "r".into(),
                message_id: format!("{i:026}"),
                user_id: "A".into(),
                message: "\"".repeat(size),
                timestamp: 1,
                client_message_id: None,
                reply_to: None,
            })
            .collect()
    }

    #[test]
    fn a_page_ends_where_the_next_one_starts() {
        let (kept, next) = cut(Page::Newest, messages(4, 1), 3);
        assert_eq!(kept.len(), 3);
        assert_eq!(next.as_deref(), Some(kept[0].message_id.as_str()));
        assert_eq!(cut(Page::Newest, messages(3, 1), 3).1, None);
        let (kept, next) = cut(Page::After("x"), messages(4, 1), 3);
        assert_eq!((kept[0].message_id.as_str(), next), (format!("{:026}", 0).as_str(), None));
    }

    #[test]
    fn a_page_of_the_longest_messages_fits_in_a_frame() {
        let (kept, next) = cut(Page::Newest, messages(101, 8192), 100);
        let bytes = serde_json::to_vec(&kept).unwrap().len();
        assert!(bytes <= PAGE_BYTES + 2 && kept.len() >= 7, "{bytes} bytes, {} kept", kept.len());
        assert!(next.is_some());
    }
}
