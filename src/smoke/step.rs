//! The steps of the chat, and which route each of them proves.

use std::time::Duration;

use serde::Serialize;
use serde::ser::SerializeStruct;

use super::health::HEALTH_ROUTE;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The web app and its configuration are served.
    Site,
    /// The stage answers for itself.
    Health,
    /// Two people connect.
    Connect,
    /// Somebody with an impossible name is told so and turned away.
    Refusal,
    /// Both learn who they are.
    Hello,
    /// The line answers.
    Ping,
    /// The first makes a room.
    CreateRoom,
    /// The second asks to join; the first sees it.
    Ask,
    /// The first lets the second in; both see it.
    Approve,
    /// The list of participants is right.
    Members,
    /// Each says something; the other gets it.
    Send,
    /// The same message sent again is stored once.
    SendAgain,
    /// What was said is stored, in order.
    History,
    /// Both take part in voice, and one calls the other.
    Voice,
    /// A voice room is made; the other is told.
    CreateVoiceRoom,
    /// The other gets what reaches its channel.
    VoiceCredentials,
    /// It ends for both.
    EndVoiceRoom,
    /// An unknown action and text that is no JSON are refused in words.
    Default,
    /// The second goes away; the first sees it.
    Disconnect,
    /// The second comes back and is the same person.
    Resume,
    /// Both leave; the room is gone.
    Leave,
}

impl Step {
    /// Every step, in its order.
    pub const ALL: [Self; 21] = [
        Self::Site,
        Self::Health,
        Self::Connect,
        Self::Refusal,
        Self::Hello,
        Self::Ping,
        Self::CreateRoom,
        Self::Ask,
        Self::Approve,
        Self::Members,
        Self::Send,
        Self::SendAgain,
        Self::History,
        Self::Voice,
        Self::CreateVoiceRoom,
        Self::VoiceCredentials,
        Self::EndVoiceRoom,
        Self::Default,
        Self::Disconnect,
        Self::Resume,
        Self::Leave,
    ];

    /// A short name that scripts can rely on.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Health => "health",
            Self::Connect => "connect",
            Self::Refusal => "refusal",
            Self::Hello => "hello",
            Self::Ping => "ping",
            Self::CreateRoom => "create-room",
            Self::Ask => "ask-to-join",
            Self::Approve => "approve",
            Self::Members => "members",
            Self::Send => "send",
            Self::SendAgain => "send-again",
            Self::History => "history",
            Self::Voice => "voice",
            Self::CreateVoiceRoom => "voice-start",
            Self::VoiceCredentials => "voice-keys",
            Self::EndVoiceRoom => "voice-end",
            Self::Default => "default",
            Self::Disconnect => "disconnect",
            Self::Resume => "resume",
            Self::Leave => "leave",
        }
    }

    /// What it shows, in a few words.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Site => "the web app and its configuration are served",
            Self::Health => "the stage says by HTTP that it works",
            Self::Connect => "two people connect",
            Self::Refusal => "an impossible name is refused, with the reason",
            Self::Hello => "both are welcomed",
            Self::Ping => "the line answers",
            Self::CreateRoom => "a room is made",
            Self::Ask => "joining is asked for, and the admin is told",
            Self::Approve => "the admin lets the other in, and both are told",
            Self::Members => "the participants are listed",
            Self::Send => "each says something, and the other gets it",
            Self::SendAgain => "the same message again is stored once",
            Self::History => "what was said is stored, in order",
            Self::Voice => "both join voice, and one calls the other",
            Self::CreateVoiceRoom => "a voice room is made, and the other is told",
            Self::VoiceCredentials => "the other gets what reaches its channel",
            Self::EndVoiceRoom => "the voice room ends for both",
            Self::Default => "what nobody understands is refused in words",
            Self::Disconnect => "one goes away, and the other is told",
            Self::Resume => "the same person comes back",
            Self::Leave => "both leave, and the room is gone",
        }
    }

    /// The route that it proves, of whichever API, if one.
    pub const fn route(self) -> Option<&'static str> {
        match self {
            Self::Site | Self::Refusal => None,
            Self::Health => Some(HEALTH_ROUTE),
            Self::Connect | Self::Resume => Some("$connect"),
            Self::Hello => Some("hello"),
            Self::Ping => Some("ping"),
            Self::CreateRoom => Some("createRoom"),
            Self::Ask | Self::Approve => Some("joinRoom"),
            Self::Members => Some("getMembers"),
            Self::Send | Self::SendAgain => Some("sendMessage"),
            Self::History => Some("getHistory"),
            Self::Voice => Some("voiceSignal"),
            Self::CreateVoiceRoom => Some("createVoiceRoom"),
            Self::VoiceCredentials => Some("getVoiceCredentials"),
            Self::EndVoiceRoom => Some("endVoiceRoom"),
            Self::Default => Some("$default"),
            Self::Disconnect => Some("$disconnect"),
            Self::Leave => Some("leaveRoom"),
        }
    }
}

/// A step that went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// The step.
    pub step: Step,
    /// How long it took.
    pub took: Duration,
}

impl Serialize for Passed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Passed", 4)?;
        object.serialize_field("step", self.step.name())?;
        object.serialize_field("route", &self.step.route())?;
        object.serialize_field("says", self.step.says())?;
        object.serialize_field("millis", &millis(self.took))?;
        object.end()
    }
}

/// Milliseconds with three digits after the point.
fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::stack::{
        BUILT_IN_MANIFEST, LOCAL_API_ID, Manifest, Place, Settings, StackName, lower,
    };

    #[test]
    fn every_route_of_the_stack_is_proved() {
        let name = StackName { project: "chat".into(), stage: "local".into() };
        let manifest = Manifest::parse(BUILT_IN_MANIFEST).unwrap();
        let api = LOCAL_API_ID.to_owned();
        let stack = lower(manifest, name, Place::local(), api, Settings::local()).unwrap();
        let routes = stack.functions.iter().filter_map(|function| function.route.as_ref());
        let proved: BTreeSet<&str> = Step::ALL.into_iter().filter_map(Step::route).collect();
        let routes: Vec<String> = routes.map(ToString::to_string).collect();
        assert_eq!(proved, routes.iter().map(String::as_str).collect());
    }

    #[test]
    fn names_are_different() {
        let names: BTreeSet<&str> = Step::ALL.into_iter().map(Step::name).collect();
        assert_eq!(names.len(), Step::ALL.len());
    }
}
