//! DynamoDB's attribute values, as far as the tables have them: strings and sets of them, numbers
//! and lists of them, truth values.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A string.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Text {
    #[serde(rename = "S")]
    pub(crate) value: String,
}

/// A number; a time, an expiry or a count.
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

impl Texts {
    /// Whether there is none, which the database does not store.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// A list of numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Numbers {
    #[serde(rename = "L")]
    items: Vec<Number>,
}

impl Numbers {
    /// The numbers.
    pub(crate) fn values(&self) -> Vec<u64> {
        self.items.iter().map(|item| item.value).collect()
    }
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
