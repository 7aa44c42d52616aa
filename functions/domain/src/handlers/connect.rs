//! `$connect`: a name is taken, or a session taken up again.
//!
//! Nothing is posted here, since API Gateway refuses posts before this has returned, and no room is
//! joined: a connection in its handshake looks like one that is gone.

use std::time::Duration;

use chatctl_protocol::{ErrorCode, Limits, Refusal, UserName};
use futures_util::future::{join_all, try_join};
use ulid::Ulid;

use crate::deliver::SETTLED_MS;
use crate::fault::{Failure, Fault};
use crate::model::{CONNECTION_TTL_S, REFUSAL_TTL_S, expiry, unexpired};
use crate::outcome::{Notes, Report};
use crate::{Admission, Connection, NameHold, Ports, RefusalNotice, session, text};

/// Attempts while others take or give up the same name at the same time.
const ATTEMPTS: usize = 3;

/// How long after connecting a holder counts as live though no connection of theirs answers, ms:
/// their handshake may not be over, and the index that shows connections lags behind.
const GRACE_MS: u64 = 2_000;

/// How long between two looks at a holder in that grace.
const PAUSE: Duration = Duration::from_millis(250);

/// What a client gives in the address.
#[derive(Debug, Clone, Copy, Default)]
pub struct Greeting<'a> {
    /// `userId`: the name.
    pub user_id: Option<&'a str>,
    /// `session`: a token from an earlier welcome.
    pub session: Option<&'a str>,
}

/// Who asks to be let in.
struct Person {
    id: String,
    name: UserName,
    returning: bool,
}

/// Serves one handshake. A refusal is recorded and handed to the refuser, and the connection is
/// then accepted.
///
/// # Errors
/// A failure inside, on which the handshake must fail.
pub async fn handle<P: Ports>(
    ports: &P,
    connection_id: &str,
    greeting: Greeting<'_>,
) -> Result<Report, (Report, Fault)> {
    let notes = Notes::default();
    let admitted = admit(ports, connection_id, greeting, &notes).await;
    let mut report = Report::new(notes);
    match admitted {
        Ok(()) => Ok(report),
        Err(Failure::Fault(fault)) => Err((report.fault(&fault), fault)),
        Err(Failure::Refused(Refusal { code, message, .. })) => {
            report.code = Some(code);
            let notice = RefusalNotice { connection_id: connection_id.into(), code, message };
            let expires_at = expiry(ports.now(), REFUSAL_TTL_S);
            match try_join(ports.record_refusal(&notice, expires_at), ports.refuse(&notice)).await {
                Ok(_) => Ok(report),
                Err(fault) => Err((report.fault(&fault), fault)),
            }
        }
    }
}

async fn admit<P: Ports>(
    ports: &P,
    connection_id: &str,
    greeting: Greeting<'_>,
    notes: &Notes,
) -> Result<(), Failure> {
    let person = person(ports, greeting).await?;
    notes.user(person.name.as_str());
    if person.returning {
        check_count(ports, &person.id).await?;
    }
    let mut displaced: Option<NameHold> = None;
    for _ in 0..ATTEMPTS {
        let now = ports.now();
        let connection = Connection {
            connection_id: connection_id.to_owned(),
            person_id: person.id.clone(),
            user_id: person.name.as_str().to_owned(),
            name_key: person.name.key(),
            connected_at: now,
            room_id: None,
            expires_at: expiry(now, CONNECTION_TTL_S),
        };
        match ports.admit(&connection, displaced.as_ref(), now).await? {
            Admission::Admitted => return Ok(()),
            Admission::Held(holder) if is_live(ports, &holder).await? => break,
            Admission::Held(holder) => displaced = Some(holder),
        }
    }
    Err(held(&person).into())
}

/// Whom the client claims to be, as far as it can prove it.
async fn person<P: Ports>(ports: &P, greeting: Greeting<'_>) -> Result<Person, Failure> {
    let name = greeting.user_id.ok_or_else(|| {
        Refusal::bad_request("a connection names its user in the address: ?userId=<name>")
    })?;
    let name = UserName::parse(&text::nfc(name))
        .map_err(|error| Refusal::bad_request(error.to_string()))?;
    let Some(token) = greeting.session else {
        let id = Ulid::from_parts(ports.now(), ports.bits()).to_string();
        return Ok(Person { id, name, returning: false });
    };
    let key = ports.session_key().await?;
    let claims = session::verify(&key, token, ports.now()).map_err(Refusal::from)?;
    match UserName::parse(&claims.name) {
        Ok(known) if known.key() == name.key() => {
            Ok(Person { id: claims.person_id, name: known, returning: true })
        }
        _ => Err(foreign().into()),
    }
}

/// A person has so many connections and no more; those that are gone do not count.
async fn check_count<P: Ports>(ports: &P, person_id: &str) -> Result<(), Failure> {
    let max = Limits::CURRENT.connections_max as usize;
    let now = ports.now();
    let mut rows = ports.connections_of(person_id).await?;
    rows.retain(|row| unexpired(row.expires_at, now));
    if rows.len() < max || open_among(ports, &rows).await? < max {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::Conflict,
        format!("one person has at most {max} connections; close one of the others first"),
    )
    .into())
}

/// Whether the holder of a name is there: any of their connections is open, or one may be opening.
async fn is_live<P: Ports>(ports: &P, holder: &NameHold) -> Result<bool, Fault> {
    loop {
        let mut rows = ports.connections_of(&holder.person_id).await?;
        let now = ports.now();
        rows.retain(|row| unexpired(row.expires_at, now));
        if open_among(ports, &rows).await? > 0 {
            return Ok(true);
        }
        if now >= holder.held_at + GRACE_MS {
            return Ok(false);
        }
        ports.pause(PAUSE).await;
    }
}

/// How many of these connections are open; rows of those long gone are removed.
async fn open_among<P: Ports>(ports: &P, rows: &[Connection]) -> Result<usize, Fault> {
    let looked = join_all(rows.iter().map(|row| async move {
        if ports.is_open(&row.connection_id).await? {
            return Ok(1);
        }
        let before = ports.now().saturating_sub(SETTLED_MS);
        if row.connected_at < before {
            ports.prune_connection(&row.connection_id, before).await?;
        }
        Ok(0)
    }));
    looked.await.into_iter().sum()
}

fn held(person: &Person) -> Refusal {
    let name = &person.name;
    let hint = if person.returning {
        "while you were away somebody else took it; connect under another name, without `session`"
    } else {
        "connect under another name, or with your `session` token if it is you"
    };
    Refusal::new(ErrorCode::Conflict, format!("the name {name} is in use: {hint}"))
}

fn foreign() -> Refusal {
    Refusal::new(
        ErrorCode::Unauthorized,
        "this session token belongs to another name; connect with the userId that it was issued for, or without `session`",
    )
}
