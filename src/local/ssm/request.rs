//! The requests of the parameter store, as far as they are served.

use serde::Deserialize;

use super::store::Kind;

/// `GetParameter`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Get {
    pub name: String,
    #[serde(default)]
    pub with_decryption: bool,
}

/// `GetParameters`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetMany {
    pub names: Vec<String>,
    #[serde(default)]
    pub with_decryption: bool,
}

/// `PutParameter`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Put {
    pub name: String,
    pub value: String,
    #[serde(rename = "Type")]
    pub kind: Option<String>,
    #[serde(default)]
    pub overwrite: bool,
}

/// `DeleteParameter`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Delete {
    pub name: String,
}

/// `DescribeParameters`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Describe {
    #[serde(default)]
    pub parameter_filters: Vec<Filter>,
    pub max_results: Option<u8>,
    pub next_token: Option<String>,
}

/// One of the filters, which must all fit.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Filter {
    pub key: String,
    pub option: Option<String>,
    #[serde(default)]
    pub values: Vec<String>,
}

impl Filter {
    /// Whether a parameter fits; a key that no parameter here has fits none.
    pub fn fits(&self, name: &str, kind: Kind) -> bool {
        let option = self.option.as_deref().unwrap_or("Equals");
        let fits = |value: &String| match (self.key.as_str(), option) {
            ("Name", "Equals") => name == value,
            ("Name", "BeginsWith") => name.starts_with(value.as_str()),
            ("Name", "Contains") => name.contains(value.as_str()),
            ("Type", "Equals") => Kind::named(value) == Some(kind),
            _ => false,
        };
        self.values.iter().any(fits)
    }
}
