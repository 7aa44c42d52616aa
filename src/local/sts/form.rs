//! The query protocol's forms: pairs of names and values, percent-encoded.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// The fields of a request; the first of a name counts.
#[derive(Debug, Default)]
pub struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads `Name=value&…`.
    pub fn parse(text: &str) -> Self {
        let mut fields = BTreeMap::new();
        for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            fields.entry(decode(name)).or_insert_with(|| decode(value));
        }
        Self(fields)
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether a field's name begins so, as the members of a list do.
    pub fn has_any(&self, prefix: &str) -> bool {
        self.0.keys().any(|name| name.starts_with(prefix))
    }
}

/// In forms a plus sign is a space.
fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
