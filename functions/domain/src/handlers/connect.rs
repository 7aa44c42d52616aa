//! `$connect`: a name is taken, or a session taken up again.
//!
//! Nothing is posted here, since API Gateway refuses posts before this has returned, and no room is
//! joined: a connection in its handshake looks like one that is gone.

use chatctl_protocol::{ErrorCode, Refusal, UserName};
use futures_util::future::try_join;
use ulid::Ulid;

use crate::fault::{Failure, Fault};
use crate::hold::{is_live, make_room};
use crate::model::{CONNECTION_TTL_S, REFUSAL_TTL_S, expiry};
use crate::outcome::{Notes, Report};
use crate::{Admission, Claim, Connection, NameHold, Ports, RefusalNotice, session, text};

/// Attempts while others take or give up the same name at the same time.
const ATTEMPTS: usize = 12;

/// When it is worth trying again after that, ms.
const RETRY_MS: u64 = 1_000;

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
    let mut seen: Option<NameHold> = None;
    for _ in 0..ATTEMPTS {
        let now = ports.now();
        let connection = Connection {
            connection_id: connection_id.to_owned(),
            person_id: person.id.clone(),
            user_id: person.name.as_str().to_owned(),
            name_key: person.name.key(),
            connected_at: now,
            room_id: None,
            voice_rooms: Vec::new(),
            expires_at: expiry(now, CONNECTION_TTL_S),
        };
        let claim = match &seen {
            None => Claim::Alone,
            Some(hold) if hold.person_id == person.id => Claim::Beside,
            Some(hold) => Claim::InsteadOf(hold),
        };
        seen = match ports.admit(&connection, claim, person.returning, now).await? {
            Admission::Admitted => return Ok(()),
            Admission::Free => None,
            Admission::Held(hold) if hold.person_id == person.id => {
                make_room(ports, &hold).await?;
                Some(hold)
            }
            Admission::Held(hold) if is_live(ports, &hold).await? => {
                return Err(held(&person).into());
            }
            Admission::Held(hold) => Some(hold),
        };
    }
    Err(crowded().into())
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

fn held(person: &Person) -> Refusal {
    let name = &person.name;
    let message = if person.returning {
        format!(
            "the name {name} is in use: while you were away somebody else took it; connect under another name, without `session`"
        )
    } else {
        format!(
            "the name {name} is in use, or was until moments ago; connect under another name, or with your `session` token if it is you"
        )
    };
    Refusal::new(ErrorCode::Conflict, message)
}

fn crowded() -> Refusal {
    let message = "too many connect under this name at the same moment; connect again";
    Refusal { retry_after_ms: Some(RETRY_MS), ..Refusal::new(ErrorCode::RateLimited, message) }
}

fn foreign() -> Refusal {
    Refusal::new(
        ErrorCode::Unauthorized,
        "this session token belongs to another name; connect with the userId that it was issued for, or without `session`",
    )
}
