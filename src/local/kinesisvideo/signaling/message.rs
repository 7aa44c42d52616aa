//! What goes over a signaling connection: one JSON object a frame.

use serde::{Deserialize, Serialize};

use crate::local::kinesisvideo::request::is_word;

/// The longest payload, in characters of base64.
pub const PAYLOAD_CHARACTERS: usize = 10_000;

/// A message from a client, as it came.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    #[serde(default)]
    pub action: String,
    #[serde(default)]
    pub message_payload: String,
    pub recipient_client_id: Option<String>,
    pub correlation_id: Option<String>,
}

/// What a message carries; each has a rate of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A session description that offers.
    Offer,
    /// A session description that answers.
    Answer,
    /// A candidate for a path between the peers.
    Candidate,
}

impl Kind {
    const ALL: [(&'static str, Self); 3] = [
        ("SDP_OFFER", Self::Offer),
        ("SDP_ANSWER", Self::Answer),
        ("ICE_CANDIDATE", Self::Candidate),
    ];

    /// The kind's name, in either direction.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// A message from the service.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Received<'a> {
    /// What it is: a client's action, or `STATUS_RESPONSE`, `GO_AWAY`.
    pub message_type: &'a str,
    /// The payload, as its sender gave it.
    pub message_payload: &'a str,
    /// Which viewer sent it; the master has no id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_client_id: Option<&'a str>,
    /// What was wrong with a client's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_response: Option<Status<'a>>,
}

/// What was wrong with a message that had a correlation id.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status<'a> {
    /// The message's.
    pub correlation_id: &'a str,
    /// The error's name.
    pub error_type: &'a str,
    /// An HTTP status.
    pub status_code: &'a str,
    /// What was wrong, in words.
    pub description: &'a str,
}

impl Received<'_> {
    /// The text of the frame.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Why a message goes nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It is not of its form.
    Invalid(String),
    /// There are too many of them.
    TooMany(String),
}

impl Wrong {
    /// The error's name and its description.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Invalid(description) => ("InvalidArgumentException", description),
            Self::TooMany(description) => ("ClientLimitExceededException", description),
        }
    }
}

impl Sent {
    /// What the message carries, if it is of its form.
    pub fn kind(&self) -> Result<Kind, Wrong> {
        let invalid = |description: String| Err(Wrong::Invalid(description));
        let Some((_, kind)) = Kind::ALL.iter().find(|(name, _)| *name == self.action) else {
            return invalid(format!(
                "action '{}' must be SDP_OFFER, SDP_ANSWER or ICE_CANDIDATE",
                self.action.chars().take(64).collect::<String>()
            ));
        };
        let base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
        let length = self.message_payload.len();
        if length == 0 || length > PAYLOAD_CHARACTERS {
            return invalid(format!(
                "messagePayload has {length} characters; 1 to {PAYLOAD_CHARACTERS} are allowed"
            ));
        }
        if !self.message_payload.bytes().all(base64) {
            return invalid("messagePayload must be base64".to_owned());
        }
        for (name, word) in [
            ("recipientClientId", &self.recipient_client_id),
            ("correlationId", &self.correlation_id),
        ] {
            if word.as_ref().is_some_and(|word| !is_word(word)) {
                return invalid(format!("{name} must have 1 to 256 characters of [a-zA-Z0-9_.-]"));
            }
        }
        Ok(*kind)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(value: serde_json::Value) -> Sent {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_message_is_of_its_form_or_not() {
        let good = sent(json!({"action": "SDP_OFFER", "messagePayload": "eyJ9"}));
        assert_eq!(good.kind(), Ok(Kind::Offer));
        let wrong = [
            json!({"action": "SDP_OFFER"}),
            json!({"action": "SHOUT", "messagePayload": "eyJ9"}),
            json!({"action": "SDP_OFFER", "messagePayload": "x".repeat(10_001)}),
            json!({"action": "SDP_OFFER", "messagePayload": "{}"}),
            json!({"action": "SDP_OFFER", "messagePayload": "e", "recipientClientId": "a b"}),
            json!({"action": "SDP_OFFER", "messagePayload": "e", "correlationId": ""}),
        ];
        for message in wrong {
            assert!(matches!(sent(message.clone()).kind(), Err(Wrong::Invalid(_))), "{message}");
        }
    }

    #[test]
    fn the_master_has_no_id_on_the_wire() {
        let from_master =
            Received { message_type: "SDP_ANSWER", message_payload: "e", ..Received::default() };
        assert_eq!(from_master.text(), r#"{"messageType":"SDP_ANSWER","messagePayload":"e"}"#);
    }
}
