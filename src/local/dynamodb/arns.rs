//! The account's ARNs: the database knows only its own.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::Value;

use crate::stack::Place;

/// What the database writes before `table/…`.
const ITS_OWN: &str = "arn:aws:dynamodb:dynoxide:000000000000:";

/// Translates ARNs between the account and the database.
#[derive(Clone)]
pub struct Arns {
    /// `arn:aws:dynamodb:REGION:ACCOUNT:`
    prefix: std::sync::Arc<str>,
}

impl Arns {
    /// The ARNs of this place.
    pub fn new(place: &Place) -> Self {
        Self { prefix: place.arn("dynamodb", "").into() }
    }

    /// The ARN of a resource such as `table/T/index/I`.
    pub fn of(&self, resource: &str) -> String {
        format!("{}{resource}", self.prefix)
    }

    /// A request with the names that the database expects: where AWS takes a table's name it takes
    /// its ARN too. Requests without an ARN, nearly all, pass as they are.
    pub fn inbound<'a>(&self, body: &'a Bytes) -> Cow<'a, [u8]> {
        if memchr::memmem::find(body, self.prefix.as_bytes()).is_none() {
            return Cow::Borrowed(body);
        }
        let Ok(mut request) = serde_json::from_slice::<Value>(body) else {
            return Cow::Borrowed(body);
        };
        self.rename(&mut request);
        Cow::Owned(request.to_string().into_bytes())
    }

    /// A control-plane answer with the account's ARNs.
    pub fn outbound(&self, body: &str) -> Vec<u8> {
        body.replace(ITS_OWN, &self.prefix).into_bytes()
    }

    /// Item attributes are never plain strings, so a plain `TableName` is the request's own.
    fn rename(&self, value: &mut Value) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(|value| self.rename(value)),
            Value::Object(members) => {
                for (name, value) in members.iter_mut() {
                    match value {
                        Value::String(text) if name == "TableName" => self.shorten(text),
                        Value::String(text) if name == "StreamArn" => {
                            *text = text.replace(&*self.prefix, ITS_OWN);
                        }
                        Value::Object(tables) if name == "RequestItems" => {
                            *tables = std::mem::take(tables)
                                .into_iter()
                                .map(|(table, value)| (self.name(&table).to_owned(), value))
                                .collect();
                        }
                        value => self.rename(value),
                    }
                }
            }
            _ => {}
        }
    }

    fn shorten(&self, text: &mut String) {
        let name = self.name(text);
        if name.len() < text.len() {
            *text = name.to_owned();
        }
    }

    fn name<'a>(&self, text: &'a str) -> &'a str {
        let table = text.strip_prefix(&*self.prefix).and_then(|rest| rest.strip_prefix("table/"));
        table.filter(|name| !name.contains('/')).unwrap_or(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"TableName":"arn:aws:dynamodb:us-east-1:000000000000:table/T","Item":{"TableName":{"S":"arn:aws:dynamodb:us-east-1:000000000000:table/T"}}}"#;

    #[test]
    fn a_table_may_be_named_by_its_arn_and_items_stay_as_they_are() {
        let body = Bytes::from_static(BODY.as_bytes());
        let inbound: Value =
            serde_json::from_slice(&Arns::new(&Place::local()).inbound(&body)).unwrap();
        assert_eq!(inbound["TableName"], "T");
        let kept = "arn:aws:dynamodb:us-east-1:000000000000:table/T";
        assert_eq!(inbound["Item"]["TableName"]["S"], kept);
    }

    #[test]
    fn answers_carry_the_accounts_arns() {
        let answer = r#"{"TableArn":"arn:aws:dynamodb:dynoxide:000000000000:table/T"}"#;
        let outbound = Arns::new(&Place::local()).outbound(answer);
        assert_eq!(
            String::from_utf8(outbound).unwrap(),
            r#"{"TableArn":"arn:aws:dynamodb:us-east-1:000000000000:table/T"}"#
        );
    }
}
