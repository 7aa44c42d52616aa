//! Which function this process is, and how it takes an event.

use std::time::Instant;

use chatctl_domain::connect::{self, Greeting};
use chatctl_domain::{Fault, RefusalNotice, Report, Route, disconnect, refuse, serve, sweep_voice};
use chatctl_protocol::Action;
use serde_json::{Value, json};

use crate::event::Event;
use crate::host::Host;
use crate::http_api::HttpRole;
use crate::journal::{self, Invocation};
use crate::settings::required;

/// What a function does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Connect,
    Disconnect,
    Refuse,
    SweepVoice,
    Http(HttpRole),
    Message(Route),
}

/// One of the functions.
#[derive(Debug)]
pub(crate) struct Function {
    name: String,
    role: Role,
}

impl Function {
    /// The function that `_HANDLER` names.
    pub(crate) fn from_env() -> Result<Self, Fault> {
        let name = required("_HANDLER")?;
        let role = role(&name).ok_or_else(|| Fault(format!("there is no handler {name}")))?;
        Ok(Self { name, role })
    }

    /// Serves one event. What a client did wrong is the client's to learn, and no error of the
    /// function; an error is only what nobody could be told.
    pub(crate) async fn invoke(
        &self,
        host: &Host,
        payload: Value,
        request_id: String,
    ) -> Result<Value, Fault> {
        let started = Instant::now();
        let (report, returned) = self.report(host, &payload).await;
        let connection_id = match self.role {
            Role::Refuse => payload["connectionId"].as_str(),
            _ => Event(&payload).connection_id(),
        };
        let invocation = Invocation {
            function: &self.name,
            stage: &host.stage,
            action: self.action(),
            request_id: &request_id,
            connection_id: connection_id.unwrap_or_default(),
            duration: started.elapsed(),
        };
        journal::line(invocation, &report);
        returned
    }

    async fn report(&self, host: &Host, payload: &Value) -> (Report, Result<Value, Fault>) {
        let event = Event(payload);
        let (report, failed) = match (self.role, event.connection_id()) {
            (Role::Http(role), None) => {
                let (report, answer) = role.serve(host).await;
                return (report, Ok(answer));
            }
            (Role::Refuse, None) => refused(host, payload).await,
            (Role::SweepVoice, None) => {
                let report = sweep_voice::handle(host).await;
                let fault = report.fault.clone().map(Fault);
                (report, fault)
            }
            (Role::Http(_) | Role::Refuse | Role::SweepVoice, Some(_)) => {
                lost("an event of a connection is not for this function")
            }
            (Role::Connect | Role::Disconnect | Role::Message(_), None) => {
                lost("the event names no connection")
            }
            (Role::Connect, Some(connection_id)) => connected(host, connection_id, event).await,
            (Role::Disconnect, Some(connection_id)) => {
                let report = disconnect::handle(host, connection_id).await;
                let fault = report.fault.clone().map(Fault);
                (report, fault)
            }
            (Role::Message(route), Some(connection_id)) => {
                let report = serve(host, route, connection_id, event.body()).await;
                let fault = report.fault.clone().map(Fault).filter(|_| report.unanswered);
                (report, fault)
            }
        };
        (report, failed.map_or_else(|| Ok(json!({ "statusCode": 200 })), Err))
    }

    fn action(&self) -> &'static str {
        match self.role {
            Role::Connect => "$connect",
            Role::Disconnect => "$disconnect",
            Role::Refuse => "refuse",
            Role::SweepVoice => "sweepVoice",
            Role::Http(role) => role.route(),
            Role::Message(Route::Default) => "$default",
            Role::Message(Route::Action(action)) => action.name(),
        }
    }
}

async fn connected(host: &Host, connection_id: &str, event: Event<'_>) -> (Report, Option<Fault>) {
    let greeting =
        Greeting { user_id: event.parameter("userId"), session: event.parameter("session") };
    match connect::handle(host, connection_id, greeting).await {
        Ok(report) => (report, None),
        Err((report, fault)) => (report, Some(fault)),
    }
}

async fn refused(host: &Host, payload: &Value) -> (Report, Option<Fault>) {
    match serde_json::from_value::<RefusalNotice>(payload.clone()) {
        Ok(notice) => {
            let report = refuse::handle(host, notice).await;
            let fault = report.fault.clone().map(Fault);
            (report, fault)
        }
        Err(error) => lost(&format!("not a notice of a refusal: {error}")),
    }
}

/// An event that nobody can be answered about.
fn lost(reason: &str) -> (Report, Option<Fault>) {
    let fault = Fault(reason.to_owned());
    (Report { fault: Some(fault.to_string()), ..Report::default() }, Some(fault))
}

/// The role of a handler's name; the names are those of the stack.
fn role(name: &str) -> Option<Role> {
    let action = |action| Some(Role::Message(Route::Action(action)));
    match name {
        "ConnectHandler" => Some(Role::Connect),
        "DisconnectHandler" => Some(Role::Disconnect),
        "RefuseHandler" => Some(Role::Refuse),
        "DefaultHandler" => Some(Role::Message(Route::Default)),
        "HelloHandler" => action(Action::Hello),
        "PingHandler" => action(Action::Ping),
        "CreateRoomHandler" => action(Action::CreateRoom),
        "JoinRoomHandler" => action(Action::JoinRoom),
        "SendMessageHandler" => action(Action::SendMessage),
        "GetRoomMembersHandler" => action(Action::GetMembers),
        "GetHistoryHandler" => action(Action::GetHistory),
        "LeaveRoomHandler" => action(Action::LeaveRoom),
        "VoiceSignalHandler" => action(Action::VoiceSignal),
        "CreateVoiceRoomHandler" => action(Action::CreateVoiceRoom),
        "GetVoiceCredentialsHandler" => action(Action::GetVoiceCredentials),
        "EndVoiceRoomHandler" => action(Action::EndVoiceRoom),
        "SweepVoiceHandler" => Some(Role::SweepVoice),
        "HealthHandler" => Some(Role::Http(HttpRole::Health)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_function() {
        let names = include_str!("../../../templates/stack.yaml");
        let handlers: Vec<&str> = names
            .lines()
            .filter_map(|line| line.trim_end().strip_suffix("Handler:"))
            .map(str::trim)
            .collect();
        let roles: Vec<Role> =
            handlers.iter().filter_map(|name| role(&format!("{name}Handler"))).collect();
        assert_eq!(roles.len(), handlers.len(), "{handlers:?}");
        for action in Action::ALL {
            assert!(roles.contains(&Role::Message(Route::Action(action))), "{}", action.name());
        }
        for role in roles {
            let Role::Http(role) = role else { continue };
            let route = format!("    http: {}\n", role.route());
            assert!(names.contains(&route), "{route}");
        }
    }
}
