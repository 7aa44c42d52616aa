//! A template: what [`render`](super::render) makes and what CloudFormation gives back.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A CloudFormation template. Sections and logical ids are in alphabetical order, so that the same
/// stack is the same text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Template {
    /// The one version there is.
    #[serde(rename = "AWSTemplateFormatVersion", default = "format_version")]
    pub format_version: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it is given from outside.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    /// What it makes, by logical id.
    pub resources: BTreeMap<String, Resource>,
    /// What it tells.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, OutputEntry>,
    /// Sections that this program does not write but other people's templates have.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

fn format_version() -> String {
    "2010-09-09".to_owned()
}

/// A resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Resource {
    /// Its type, such as `AWS::Lambda::Function`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// What must be there before it and is not named in its properties.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_many")]
    pub depends_on: Vec<String>,
    /// What becomes of it when the template or the stack goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<String>,
    /// What becomes of it when a change replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_replace_policy: Option<String>,
    /// Its properties.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub properties: Value,
    /// Attributes that this program does not write.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

impl Resource {
    /// A resource of a type with properties.
    pub fn new(kind: &str, properties: Value) -> Self {
        Self {
            kind: kind.to_owned(),
            properties,
            depends_on: Vec::new(),
            deletion_policy: None,
            update_replace_policy: None,
            other: BTreeMap::new(),
        }
    }

    /// The same, made only after these.
    #[must_use]
    pub fn after(mut self, others: impl IntoIterator<Item = String>) -> Self {
        self.depends_on.extend(others);
        self
    }

    /// The same, with policies for its end: when it leaves the template, and when it is replaced.
    #[must_use]
    pub fn kept(mut self, deletion: &str, update_replace: &str) -> Self {
        self.deletion_policy = Some(deletion.to_owned());
        self.update_replace_policy = Some(update_replace.to_owned());
        self
    }
}

/// An output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OutputEntry {
    /// What it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Its value.
    pub value: Value,
    /// Attributes that this program does not write.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// The text is no template.
#[derive(Debug, thiserror::Error)]
#[error("not a CloudFormation template in JSON: {0}")]
pub struct TemplateError(#[from] serde_json::Error);

impl Template {
    /// Reads a template from JSON.
    ///
    /// # Errors
    /// The text is not JSON or has no resources.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Ok(serde_json::from_str(text)?)
    }

    /// The template as CloudFormation takes it: the same text for the same template, whatever
    /// order its values were made in.
    pub fn to_json(&self) -> String {
        self.value().to_string()
    }

    /// The template as people read it.
    pub fn to_pretty_json(&self) -> String {
        format!("{:#}", self.value())
    }

    fn value(&self) -> Value {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        value.sort_all_objects();
        value
    }
}

/// `DependsOn` is a name or a list of them.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Names::deserialize(deserializer)? {
        Names::One(name) => vec![name],
        Names::Many(names) => names,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_reads_as_it_is_written() {
        let text = r#"{"AWSTemplateFormatVersion":"2010-09-09","Conditions":{"No":{"Fn::Equals":["a","b"]}},"Resources":{"A":{"Condition":"No","DependsOn":"B","Type":"AWS::SNS::Topic"},"B":{"DeletionPolicy":"Retain","Properties":{"TopicName":"b"},"Type":"AWS::SNS::Topic"}}}"#;
        let template = Template::parse(text).unwrap();
        assert_eq!(template.resources["A"].depends_on, ["B"]);
        let again = template.to_json();
        assert_eq!(again, text.replace(r#""DependsOn":"B""#, r#""DependsOn":["B"]"#));
        assert_eq!(Template::parse(&again).unwrap(), template);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for text in ["", "[]", "{}", "AWSTemplateFormatVersion: 2010-09-09"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
