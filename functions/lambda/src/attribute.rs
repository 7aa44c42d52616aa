//! DynamoDB's attribute values, as far as the tables have them: strings and sets of them, numbers,
//! truth values.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A string.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Text {
    #[serde(rename = "S")]
    pub(crate) value: String,
}

/// A number; every number here is a time or an expiry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Number {
    #[serde(rename = "N", serialize_with = "write", deserialize_with = "read")]
    pub(crate) value: u64,
}

/// A truth value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flag {
    #[serde(rename = "BOOL")]
    pub(crate) value: bool,
}

/// A set of strings; the database keeps no empty one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Texts {
    #[serde(rename = "SS")]
    pub(crate) values: Vec<String>,
}

/// A string as an attribute.
pub(crate) fn text(value: impl Into<String>) -> Text {
    Text { value: value.into() }
}

/// A number as an attribute.
pub(crate) fn number(value: u64) -> Number {
    Number { value }
}

/// A truth value as an attribute.
pub(crate) fn flag(value: bool) -> Flag {
    Flag { value }
}

fn write<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let digits = String::deserialize(deserializer)?;
    digits.parse().map_err(serde::de::Error::custom)
}
