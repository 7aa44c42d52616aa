//! The values of `chatctl.yaml`, each with its rule and the same rule as a schema.
//!
//! A check runs inside the parser's visitor, because only an error from there is given the value's
//! own line and column.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::stack::{Architecture, LogRetention, Transport};

/// The longest name of a stage: with the longest project and the longest function, a role's name
/// still has the 64 letters that IAM allows.
const STAGE_LENGTH: usize = 16;

/// A kind of value that people write as text.
pub(super) trait Rule {
    /// What it is, as in "expected …".
    const EXPECTED: &'static str;
    /// The rule as a regular expression, for editors.
    const PATTERN: &'static str;

    /// Why a text is not such a value.
    fn check(text: &str) -> Result<(), String>;
}

/// A text that its rule accepts.
#[derive(Debug, Clone)]
pub(super) struct Text<R>(pub String, PhantomData<R>);

impl<'de, R: Rule> Deserialize<'de> for Text<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts<R>(PhantomData<R>);
        impl<R: Rule> Visitor<'_> for Texts<R> {
            type Value = Text<R>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(R::EXPECTED)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<R>, E> {
                R::check(text).map_err(E::custom)?;
                Ok(Text(text.to_owned(), PhantomData))
            }

            // `account: 123456789012` is a number to YAML.
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Text<R>, E> {
                self.visit_str(&number.to_string())
            }
        }
        deserializer.deserialize_any(Texts(PhantomData))
    }
}

impl<R: Rule> JsonSchema for Text<R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": R::PATTERN })
    }
}

/// A rule that a predicate decides.
macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident: $expected:literal, $pattern:literal, $fits:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub(super) enum $name {}

        impl Rule for $name {
            const EXPECTED: &'static str = $expected;
            const PATTERN: &'static str = $pattern;

            fn check(text: &str) -> Result<(), String> {
                let fits: fn(&str) -> bool = $fits;
                if fits(text) { Ok(()) } else { Err(format!("`{text}` is not {}", Self::EXPECTED)) }
            }
        }
    )*};
}

rules! {
    /// The first part of every physical name.
    ProjectName:
        "a project's name: 1 to 20 lower-case letters, digits and hyphens, a letter first",
        "^[a-z][a-z0-9-]{0,19}$",
        |text| is_name(text, 20);
    /// A stage, or the beginning of a family of stages.
    StageName:
        "a stage's name: 1 to 16 lower-case letters, digits and hyphens, a letter first; a `*` at \
         the end stands for any ending",
        "^[a-z][a-z0-9-]{0,15}\\*?$",
        |text| is_name(text.strip_suffix('*').unwrap_or(text), STAGE_LENGTH);
    /// A region of AWS.
    Region:
        "an AWS region, such as eu-west-1",
        "^[a-z]{2,}(-[a-z]{2,})+-[0-9]+$",
        is_region;
    /// An AWS account.
    Account:
        "an AWS account id: twelve digits, in quotes",
        "^[0-9]{12}$",
        |text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    /// A profile of AWS's tools.
    Profile:
        "the name of an AWS profile",
        "^[^\\s].*$",
        |text| !text.trim().is_empty();
    /// An address for mail.
    Email:
        "an e-mail address",
        "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$",
        is_email;
    /// A host name with at least one dot.
    HostName:
        "a host name, such as chat.example.org",
        "^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$",
        is_host_name;
    /// A certificate that CloudFront accepts.
    Certificate:
        "a certificate's ARN in us-east-1, which is where CloudFront takes certificates from: \
         arn:aws:acm:us-east-1:ACCOUNT:certificate/ID",
        "^arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/.+$",
        is_certificate;
    /// An address of HTTP.
    HttpUrl:
        "a URL that begins with http:// or https://",
        "^https?://[^\\s]+$",
        |text| is_url(text, &["http://", "https://"]);
    /// An address of a WebSocket.
    WebSocketUrl:
        "a URL that begins with ws:// or wss://",
        "^wss?://[^\\s]+$",
        |text| is_url(text, &["ws://", "wss://"]);
    /// What people talk over.
    TransportName:
        "a transport of voice: mesh or kinesis",
        "^(mesh|kinesis)$",
        |text| text.parse::<Transport>().is_ok();
    /// An address of a TURN server.
    TurnUrl:
        "a TURN server's address, such as turn:turn.example.org:3478?transport=udp",
        "^turns?:[^\\s,]+$",
        |text| {
            let rest = text.strip_prefix("turn:").or_else(|| text.strip_prefix("turns:"));
            rest.is_some_and(|rest| !rest.is_empty() && !rest.contains([' ', ',', '\t']))
        };
    /// A parameter in the parameter store.
    ParameterName:
        "the name of a parameter in the parameter store, such as /chat/turn-secret",
        "^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$",
        |text| {
            let part = |part: &str| {
                !part.is_empty()
                    && part.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
            };
            text.strip_prefix('/').unwrap_or(text).split('/').all(part)
        };
    /// A processor.
    ArchitectureName:
        "an architecture: arm64 or x86_64",
        "^(arm64|x86_64)$",
        |text| text.parse::<Architecture>().is_ok();
}

/// Whether a name could be a stage's; `chatctl.yaml` has to know it as well.
pub fn is_stage_name(text: &str) -> bool {
    is_name(text, STAGE_LENGTH)
}

fn is_name(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether a text has the form of a region's name: `eu-west-1`, `us-gov-east-1`.
pub fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return false };
    let word = |part: &&str| part.len() > 1 && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    word(first) && !middle.is_empty() && middle.iter().all(word) && number
}

fn is_email(text: &str) -> bool {
    let spaceless = !text.contains(char::is_whitespace);
    let parts = text.split_once('@');
    spaceless
        && parts.is_some_and(|(name, host)| !name.is_empty() && is_host_name(&host.to_lowercase()))
}

fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.contains('.') && text.split('.').all(label)
}

fn is_certificate(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "acm", "us-east-1", account, id] = parts.as_slice() else {
        return false;
    };
    partition.starts_with("aws")
        && Account::check(account).is_ok()
        && id.strip_prefix("certificate/").is_some_and(|id| !id.is_empty())
}

fn is_url(text: &str, schemes: &[&str]) -> bool {
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}

/// A number within bounds, which its rule explains.
pub(super) trait Amount {
    /// What it is, as in "expected …".
    const EXPECTED: &'static str;
    /// The smallest and the largest.
    const BOUNDS: (u64, u64);

    /// Why a number within the bounds is none of these.
    fn check(_: u64) -> Result<(), String> {
        Ok(())
    }
}

/// A number that its rule accepts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<A>(pub u64, PhantomData<A>);

impl<'de, A: Amount> Deserialize<'de> for Number<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers<A>(PhantomData<A>);
        impl<A: Amount> Visitor<'_> for Numbers<A> {
            type Value = Number<A>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(A::EXPECTED)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number<A>, E> {
                let (least, most) = A::BOUNDS;
                if !(least..=most).contains(&number) {
                    return Err(E::custom(format!("`{number}` is not {}", A::EXPECTED)));
                }
                A::check(number).map_err(E::custom)?;
                Ok(Number(number, PhantomData))
            }
        }
        deserializer.deserialize_u64(Numbers(PhantomData))
    }
}

impl<A: Amount> JsonSchema for Number<A> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let (least, most) = A::BOUNDS;
        json_schema!({ "type": "integer", "minimum": least, "maximum": most })
    }
}

/// A TCP port.
#[derive(Debug, Clone, Copy)]
pub(super) enum Port {}

impl Amount for Port {
    const EXPECTED: &'static str = "a port from 1 to 65535";
    const BOUNDS: (u64, u64) = (1, 65_535);
}

/// Days that CloudWatch Logs keeps events.
#[derive(Debug, Clone, Copy)]
pub(super) enum Days {}

impl Amount for Days {
    const EXPECTED: &'static str =
        "a number of days that CloudWatch Logs keeps events, from 1 to 3653";
    const BOUNDS: (u64, u64) = (1, 3653);

    fn check(days: u64) -> Result<(), String> {
        let days = u16::try_from(days).unwrap_or(u16::MAX);
        LogRetention::try_from(days).map(drop).map_err(|error| error.to_string())
    }
}

/// A positive number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Positive {}

impl Amount for Positive {
    const EXPECTED: &'static str = "a whole number from 1";
    const BOUNDS: (u64, u64) = (1, u32::MAX as u64);
}

impl<A> Number<A> {
    /// The number, which every rule keeps below 2³².
    pub fn get(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }
}
