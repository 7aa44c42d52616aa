//! A message from a client: parsed, handled, answered. Bad input is answered, never a failure.

use chatctl_protocol::{
    Action, ClientMessage, ErrorCode, ErrorKind, Refusal, Request, ServerMessage, parse,
};
use futures_util::future::join;

use crate::caller::Call;
use crate::deliver::{deliver, frame};
use crate::fault::{Failure, Fault};
use crate::handlers::{
    create_room, get_history, get_members, hello, join_room, leave_room, ping, send_message,
    voice_room, voice_signal,
};
use crate::outcome::{Notes, Outcome, Report};
use crate::{Ports, Posted, Tally};

/// The route on which a message arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The route of one action.
    Action(Action),
    /// Everything that no route matched.
    Default,
}

/// Serves one frame of a client and tells the caller what became of it.
pub async fn serve<P: Ports>(ports: &P, route: Route, connection_id: &str, body: &str) -> Report {
    let notes = Notes::default();
    let (request_id, handled) = match parse(body) {
        Ok(Request { request_id, message }) => {
            let correlated = request_id.is_some();
            let call = Call { connection_id, correlated, notes: &notes };
            (request_id, handle(ports, route, call, message).await)
        }
        Err((request_id, refusal)) => (request_id, Err(refusal.into())),
    };
    let mut report = Report::new(notes);
    let outcome = handled.unwrap_or_else(|failure| refuse(&mut report, route, failure));
    let answer = outcome.answer.map(|message| frame(message, request_id));
    let answering = async {
        match answer {
            Some(frame) => Some(ports.post(connection_id, frame).await),
            None => None,
        }
    };
    let (answered, tally) = join(answering, deliver(ports, outcome.pushes)).await;
    report.tally = outcome.posted + tally;
    if let Some(posted) = answered {
        record(&mut report, posted);
    }
    report
}

async fn handle<P: Ports>(
    ports: &P,
    route: Route,
    call: Call<'_>,
    message: ClientMessage,
) -> Result<Outcome, Failure> {
    match (route, message) {
        (Route::Action(Action::CreateRoom), ClientMessage::CreateRoom(new)) => {
            create_room::handle(ports, call, new).await
        }
        (Route::Action(Action::JoinRoom), ClientMessage::JoinRoom(join)) => {
            join_room::handle(ports, call, join).await
        }
        (Route::Action(Action::SendMessage), ClientMessage::SendMessage(send)) => {
            send_message::handle(ports, call, send).await
        }
        (Route::Action(Action::GetMembers), ClientMessage::GetMembers(page)) => {
            get_members::handle(ports, call, page).await
        }
        (Route::Action(Action::LeaveRoom), ClientMessage::LeaveRoom(room)) => {
            leave_room::handle(ports, call, &room.room_id).await
        }
        (Route::Action(Action::GetHistory), ClientMessage::GetHistory(page)) => {
            get_history::handle(ports, call, page).await
        }
        (Route::Action(Action::Hello), ClientMessage::Hello(_)) => hello::handle(ports, call).await,
        (Route::Action(Action::Ping), ClientMessage::Ping(_)) => ping::handle(ports, call).await,
        (Route::Action(Action::VoiceSignal), ClientMessage::VoiceSignal(signal)) => {
            voice_signal::handle(ports, call, signal).await
        }
        (Route::Action(Action::CreateVoiceRoom), ClientMessage::CreateVoiceRoom(room)) => {
            voice_room::create(ports, call, &room.room_id).await
        }
        (Route::Action(Action::GetVoiceCredentials), ClientMessage::GetVoiceCredentials(room)) => {
            voice_room::credentials(ports, call, &room.voice_room_id).await
        }
        (Route::Action(Action::EndVoiceRoom), ClientMessage::EndVoiceRoom(room)) => {
            voice_room::end(ports, call, &room.voice_room_id).await
        }
        _ => Err(astray().into()),
    }
}

/// A known action on a route that is not its own, which a doubled `action` can bring about.
fn astray() -> Refusal {
    Refusal::new(
        ErrorCode::UnknownAction,
        "this message did not reach the function of its action; name `action` once, as a string",
    )
}

fn refuse(report: &mut Report, route: Route, failure: Failure) -> Outcome {
    let refusal = match failure {
        Failure::Refused(refusal) => refusal,
        Failure::Fault(Fault(text)) => {
            report.fault = Some(text);
            Refusal::internal()
        }
    };
    report.code = Some(refusal.code);
    let Refusal { code, message, retry_after_ms } = refusal;
    Outcome::answer(ServerMessage::Error { kind: kind(route), code, message, retry_after_ms })
}

/// The original client asks whether an error is about a voice room.
fn kind(route: Route) -> Option<ErrorKind> {
    match route {
        Route::Action(
            Action::CreateVoiceRoom | Action::GetVoiceCredentials | Action::EndVoiceRoom,
        ) => Some(ErrorKind::VoiceRoomError),
        _ => None,
    }
}

/// Counts the answer. One who hung up needs none; any other loss is the server's.
fn record(report: &mut Report, posted: Posted) {
    let one = match posted {
        Posted::Delivered => Tally { delivered: 1, ..Tally::default() },
        Posted::Gone => Tally { gone: 1, ..Tally::default() },
        Posted::Failed(reason) => {
            report.unanswered = true;
            report.fault.get_or_insert(format!("the answer was not delivered: {reason}"));
            Tally { failed: 1, ..Tally::default() }
        }
    };
    report.tally = report.tally + one;
}
