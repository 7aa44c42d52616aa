//! AssumeRole: lends a role for a while, narrowed by the document that comes with the request.

use jiff::Timestamp;

use super::Refusal;
use super::form::Form;
use crate::local::credentials::Session;
use crate::local::iam::{self, SessionPolicy};
use crate::stack::MOST_SESSION_SECONDS;

/// How long a session lasts unless asked otherwise, and at least, in seconds.
const USUAL_SECONDS: u32 = 3600;
const LEAST_SECONDS: u32 = 900;
/// The most that STS takes at all; a role's own maximum comes on top.
const MOST_SECONDS: u32 = 43_200;

/// The longest document of a session, in characters.
const POLICY_CHARACTERS: usize = 2048;

/// A request that is well-formed.
#[derive(Debug)]
pub struct AssumeRole<'a> {
    /// The role's ARN.
    pub role_arn: &'a str,
    name: &'a str,
    seconds: u32,
    policy: Option<SessionPolicy>,
    policy_characters: usize,
}

impl<'a> AssumeRole<'a> {
    /// Reads and checks the fields.
    pub fn read(form: &'a Form) -> Result<Self, Refusal> {
        let role_arn = required(form, "RoleArn", 20..=2048)?;
        let name = required(form, "RoleSessionName", 2..=64)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_=,.@+-".contains(c);
        if !name.chars().all(allowed) {
            return Err(invalid(name, "RoleSessionName", "satisfy the pattern [\\w+=,.@-]*"));
        }
        for refused in ["PolicyArns.", "Tags.", "TransitiveTagKeys.", "ProvidedContexts."] {
            if form.has_any(refused) {
                return Err(Refusal::validation(format!(
                    "The stage `local` does not know {} of AssumeRole; narrow the session by \
                     Policy",
                    refused.trim_end_matches('.')
                )));
            }
        }
        let text = form.get("Policy");
        let policy_characters = text.map_or(0, |text| text.chars().count());
        if policy_characters > POLICY_CHARACTERS {
            let text = text.unwrap_or_default();
            return Err(invalid(text, "Policy", "have length less than or equal to 2048"));
        }
        let policy = text.map(iam::parse).transpose()?;
        Ok(Self { role_arn, name, seconds: seconds(form)?, policy, policy_characters })
    }

    /// The session that begins now, of a role by its physical name.
    pub fn session(self, role: &str) -> Session {
        Session {
            role: role.to_owned(),
            name: self.name.to_owned(),
            policy: self.policy,
            expires_s: Timestamp::now().as_second() + i64::from(self.seconds),
        }
    }

    /// How much of what a session may carry is used, in per cent, if it carries anything.
    pub fn packed_policy_size(&self) -> Option<usize> {
        self.policy.as_ref().map(|_| (self.policy_characters * 100).div_ceil(POLICY_CHARACTERS))
    }
}

fn seconds(form: &Form) -> Result<u32, Refusal> {
    let Some(text) = form.get("DurationSeconds") else { return Ok(USUAL_SECONDS) };
    match text.parse() {
        Ok(seconds @ LEAST_SECONDS..=MOST_SESSION_SECONDS) => Ok(seconds),
        Ok(seconds) if seconds < LEAST_SECONDS => {
            Err(invalid(text, "DurationSeconds", "have value greater than or equal to 900"))
        }
        Ok(seconds) if seconds > MOST_SECONDS => {
            Err(invalid(text, "DurationSeconds", "have value less than or equal to 43200"))
        }
        Ok(_) => Err(Refusal::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
             role chaining",
        )),
        Err(_) => Err(invalid(text, "DurationSeconds", "be a number")),
    }
}

fn required<'a>(
    form: &'a Form,
    name: &str,
    length: std::ops::RangeInclusive<usize>,
) -> Result<&'a str, Refusal> {
    let Some(value) = form.get(name) else {
        return Err(Refusal::validation(format!(
            "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member \
             must not be null",
            member(name)
        )));
    };
    if !length.contains(&value.chars().count()) {
        let (least, most) = (length.start(), length.end());
        let rule = format!("have length between {least} and {most}");
        return Err(invalid(value, name, &rule));
    }
    Ok(value)
}

fn invalid(value: &str, name: &str, rule: &str) -> Refusal {
    Refusal::validation(format!(
        "1 validation error detected: Value '{value}' at '{}' failed to satisfy constraint: Member \
         must {rule}",
        member(name)
    ))
}

/// STS names members by a small first letter.
fn member(name: &str) -> String {
    name[..1].to_ascii_lowercase() + &name[1..]
}
