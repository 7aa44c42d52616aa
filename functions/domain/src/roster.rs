//! Questions to a room's partition once it is read.

use std::collections::BTreeMap;

use chatctl_protocol::{ErrorCode, Limits, MemberStatus, Participant, Refusal};

use crate::fault::Fault;
use crate::model::{CONNECTION_TTL_S, expiry, unexpired};
use crate::page::fitting;
use crate::text::no_such_room;
use crate::{Attachment, Connection, JoinRequest, Member, Ports, Room, RoomRows};

impl RoomRows {
    /// Without what is void at `now` (ms).
    pub(crate) fn at(mut self, now: u64) -> Self {
        self.requests.retain(|request| unexpired(request.expires_at, now));
        self.attachments.retain(|attachment| unexpired(attachment.expires_at, now));
        self
    }

    pub(crate) fn existing(&self) -> Result<&Room, Refusal> {
        self.room.as_ref().ok_or_else(no_such_room)
    }

    pub(crate) fn member(&self, person_id: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.person_id == person_id)
    }

    /// The caller's membership, or `notFound` or `forbidden`.
    pub(crate) fn insider(&self, person_id: &str) -> Result<&Member, Refusal> {
        self.existing()?;
        self.member(person_id).ok_or_else(not_a_member)
    }

    pub(crate) fn request(&self, name_key: &str) -> Option<&JoinRequest> {
        self.requests.iter().find(|request| request.name_key == name_key)
    }

    pub(crate) fn admins_attachments(&self) -> impl Iterator<Item = &Attachment> {
        self.attachments.iter().filter(|attachment| {
            self.member(&attachment.member_id).is_some_and(|member| member.is_admin)
        })
    }

    /// A page of who is here, as `viewer` sees it: members in the order of joining, as many as fit,
    /// then on the first page those who ask, in the order of asking.
    pub(crate) fn people(&self, viewer: Option<&str>, after: Option<Place<'_>>) -> People {
        let requests = if after.is_none() { self.askers() } else { Vec::new() };
        let members: Vec<_> =
            self.named(viewer).into_iter().filter(|line| Some(line.place) > after).collect();
        let whole = requests.iter().chain(members.iter().map(|line| &line.participant));
        let kept = fitting(whole) - requests.len();
        let last = members.get(kept.saturating_sub(1)).filter(|_| kept < members.len());
        let next = last.map(|Line { place: (joined_at, id), .. }| format!("{joined_at}-{id}"));
        let members = members.into_iter().take(kept).map(|line| line.participant);
        People { participants: members.chain(requests).collect(), next }
    }

    /// A line a name, in the order of joining. Two members can have one name: a person who came back
    /// as somebody new. Their line has the standing of both, and for one of them their own.
    fn named(&self, viewer: Option<&str>) -> Vec<Line<'_>> {
        let mut by_name: BTreeMap<&str, Line<'_>> = BTreeMap::new();
        for member in &self.members {
            let own = viewer == Some(member.person_id.as_str());
            let line = by_name.entry(&member.name_key).or_insert_with(|| Line::of(member));
            line.place = line.place.min(place_of(member));
            line.participant.online |= is_online(&self.attachments, &member.person_id);
            if own {
                line.participant.is_admin = member.is_admin;
            } else if !line.own {
                line.participant.is_admin |= member.is_admin;
            }
            line.own |= own;
        }
        let mut lines: Vec<_> = by_name.into_values().collect();
        lines.sort_by_key(|line| line.place);
        lines
    }

    /// Those who ask, in the order of asking; more than may ask at a time wait for their turn.
    fn askers(&self) -> Vec<Participant> {
        let mut requests: Vec<_> = self.requests.iter().collect();
        requests.sort_by_key(|request| request.asked_at);
        let first = requests.into_iter().take(Limits::CURRENT.requests_max as usize);
        let asker = |request: &JoinRequest| Participant {
            user_id: request.user_id.clone(),
            status: MemberStatus::Pending,
            is_admin: false,
            online: false,
        };
        first.map(asker).collect()
    }
}

/// A page of who is in a room.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct People {
    pub participants: Vec<Participant>,
    /// Where the next page starts, if there is one.
    pub next: Option<String>,
}

/// Where a member stands in the list: when they joined, ms, and who they are.
pub(crate) type Place<'a> = (u64, &'a str);

fn place_of(member: &Member) -> Place<'_> {
    (member.joined_at, &member.person_id)
}

/// The place that `next` of a page names.
pub(crate) fn place(next: &str) -> Result<Place<'_>, Refusal> {
    let parsed = next.split_once('-').and_then(|(at, id)| Some((at.parse().ok()?, id)));
    parsed.ok_or_else(|| {
        Refusal::bad_request(
            "`after` is what the page before said in `next`; leave it out for the first page",
        )
    })
}

/// The members under one name.
struct Line<'a> {
    place: Place<'a>,
    participant: Participant,
    /// Whether one of them is the viewer.
    own: bool,
}

impl<'a> Line<'a> {
    fn of(member: &'a Member) -> Self {
        let participant = Participant {
            user_id: member.user_id.clone(),
            status: MemberStatus::Approved,
            is_admin: false,
            online: false,
        };
        Self { place: place_of(member), participant, own: false }
    }
}

/// Whether any of these attachments is the person's.
pub(crate) fn is_online(attachments: &[Attachment], person_id: &str) -> bool {
    attachments.iter().any(|attachment| attachment.member_id == person_id)
}

/// Those that are not the person's.
pub(crate) fn others<'a>(
    attachments: &'a [Attachment],
    person_id: &'a str,
) -> impl Iterator<Item = &'a Attachment> {
    attachments.iter().filter(move |attachment| attachment.member_id != person_id)
}

/// The connections that a room's messages go to now.
pub(crate) async fn listeners<P: Ports>(
    ports: &P,
    room_id: &str,
) -> Result<Vec<Attachment>, Fault> {
    let mut attachments = ports.attachments(room_id).await?;
    let now = ports.now();
    attachments.retain(|row| unexpired(row.expires_at, now));
    Ok(attachments)
}

/// A connection's attachment to a room, made at `now` (ms).
pub(crate) fn attachment(connection: &Connection, room_id: &str, now: u64) -> Attachment {
    Attachment {
        room_id: room_id.to_owned(),
        connection_id: connection.connection_id.clone(),
        member_id: connection.person_id.clone(),
        user_id: connection.user_id.clone(),
        attached_at: now,
        expires_at: expiry(now, CONNECTION_TTL_S),
    }
}

/// `forbidden` for those who are not in the room.
pub(crate) fn not_a_member() -> Refusal {
    Refusal::new(
        ErrorCode::Forbidden,
        "only approved members may do this; ask with joinRoom and wait for an admin's approval",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(number: u64, name: &str) -> Member {
        Member {
            room_id: "r".into(),
            room_name: "Lobby".into(),
            person_id: format!("{number:026}"),
            user_id: name.into(),
            name_key: name.into(),
            is_admin: number == 0,
            joined_at: number / 3,
        }
    }

    fn request(number: u64) -> JoinRequest {
        JoinRequest {
            room_id: "r".into(),
            name_key: format!("asker {number}"),
            person_id: format!("a{number}"),
            user_id: format!("asker {number}"),
            asked_at: number,
            expires_at: u64::MAX,
        }
    }

    #[test]
    fn a_crowd_is_told_in_pages_that_fit_and_lack_nobody() {
        let members = (0..3000).map(|i| member(i, &format!("{i:\u{1f44b}>20}"))).collect();
        let requests = (0..2000).map(request).collect();
        let rows = RoomRows { members, requests, ..RoomRows::default() };
        let (mut found, mut pages, mut after) = (Vec::new(), 0, None::<String>);
        loop {
            let start = after.as_deref().map(|next| place(next).expect("a place"));
            let People { participants, next } = rows.people(None, start);
            assert!(serde_json::to_vec(&participants).unwrap().len() < 125_000);
            let is_asker = |one: &Participant| one.status == MemberStatus::Pending;
            assert_eq!(participants.iter().any(is_asker), after.is_none());
            found.extend(participants.into_iter().filter(|one| !is_asker(one)));
            pages += 1;
            after = next;
            if after.is_none() {
                break;
            }
        }
        let names: std::collections::BTreeSet<_> = found.iter().map(|one| &one.user_id).collect();
        assert_eq!((found.len(), names.len()), (3000, 3000));
        assert!(found[0].is_admin && pages > 2, "{pages} pages");
    }

    #[test]
    fn two_under_one_name_are_one_line_and_each_sees_their_own_standing() {
        let members = vec![member(0, "Bob"), member(1, "Bob"), member(2, "Alice")];
        let rows = RoomRows { members, ..RoomRows::default() };
        let seen_by = |viewer: u64| {
            let People { participants, .. } = rows.people(Some(&format!("{viewer:026}")), None);
            assert_eq!(participants.len(), 2);
            participants[0].is_admin
        };
        assert!(seen_by(2) && seen_by(0) && !seen_by(1));
    }
}
