//! What CloudFormation would refuse, found before it is asked: its limits, names that lead nowhere,
//! resources that wait for one another.

use std::collections::BTreeMap;
use std::fmt;

use super::references::{self, References};
use super::template::Template;

/// The largest template, from S3, in bytes.
pub const MOST_BYTES: usize = 1_000_000;
/// The largest template within a request, in bytes.
pub const MOST_INLINE_BYTES: usize = 51_200;
const MOST_RESOURCES: usize = 500;
const MOST_PARAMETERS: usize = 200;
const MOST_OUTPUTS: usize = 200;
const MOST_DESCRIPTION: usize = 1024;
const MOST_LOGICAL_ID: usize = 255;

/// What is wrong with a template, each with the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("CloudFormation would refuse the template: {}", .0.iter().map(Fault::to_string).collect::<Vec<_>>().join("; "))]
pub struct CheckError(pub Vec<Fault>);

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// There is more of something than CloudFormation takes.
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How much there is.
        found: usize,
        /// How much may be.
        most: usize,
    },
    /// A logical id with other characters than letters and digits, or too many.
    Id(String),
    /// A name of something that the template does not have.
    Unknown {
        /// The resource or output that names it.
        by: String,
        /// What it names.
        name: String,
    },
    /// Resources that wait for one another, in order.
    Circle(Vec<String>),
    /// A physical name that its service does not take.
    Name {
        /// The resource.
        resource: String,
        /// Its physical name.
        name: String,
        /// What the service takes.
        rule: &'static str,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMuch { what, found, most } => {
                write!(f, "{found} {what}, where {most} are the most")
            }
            Self::Id(id) => write!(f, "`{id}` is not 1 to {MOST_LOGICAL_ID} letters and digits"),
            Self::Unknown { by, name } => write!(f, "{by} names `{name}`, which is not there"),
            Self::Circle(ids) => write!(f, "{} wait for one another", ids.join(", ")),
            Self::Name { resource, name, rule } => write!(f, "{resource}: `{name}` is not {rule}"),
        }
    }
}

impl Template {
    /// Checks what can be known without asking AWS.
    ///
    /// # Errors
    /// Everything that CloudFormation, or the service of a resource, would refuse.
    pub fn check(&self) -> Result<(), CheckError> {
        let references = References::of(self);
        let mut faults = self.sizes();
        faults.extend(self.ids());
        faults.extend(self.names());
        faults.extend(references.unknown().map(|(by, name)| Fault::Unknown { by, name }));
        faults.extend(references::circle(&references).map(Fault::Circle));
        if faults.is_empty() { Ok(()) } else { Err(CheckError(faults)) }
    }

    fn sizes(&self) -> Vec<Fault> {
        let sizes = [
            ("bytes", self.to_json().len(), MOST_BYTES),
            ("resources", self.resources.len(), MOST_RESOURCES),
            ("parameters", self.parameters.len(), MOST_PARAMETERS),
            ("outputs", self.outputs.len(), MOST_OUTPUTS),
            ("bytes of description", self.description.len(), MOST_DESCRIPTION),
        ];
        let over = sizes.into_iter().filter(|(_, found, most)| found > most);
        over.map(|(what, found, most)| Fault::TooMuch { what, found, most }).collect()
    }

    fn ids(&self) -> impl Iterator<Item = Fault> {
        let all = self.resources.keys().chain(self.parameters.keys()).chain(self.outputs.keys());
        let good = |id: &&String| {
            (1..=MOST_LOGICAL_ID).contains(&id.len())
                && id.chars().all(|c| c.is_ascii_alphanumeric())
        };
        all.filter(move |id| !good(id)).map(|id| Fault::Id(id.clone()))
    }

    /// Names that are whole texts; what CloudFormation puts together is known to it alone.
    fn names(&self) -> impl Iterator<Item = Fault> {
        self.resources.iter().filter_map(|(resource, one)| {
            let (property, rule, good) = NAMES.iter().find(|(kind, ..)| *kind == one.kind)?.1;
            let name = one.properties[property].as_str()?;
            let fault = || Fault::Name { resource: resource.clone(), name: name.to_owned(), rule };
            (!good(name)).then(fault)
        })
    }
}

type Rule = (&'static str, &'static str, fn(&str) -> bool);

/// The properties that name resources, and what their services take.
const NAMES: [(&str, Rule); 5] = [
    (
        "AWS::Lambda::Function",
        ("FunctionName", "1 to 64 letters, digits, `-` and `_`", |name| fits(name, 1, 64, "-_")),
    ),
    (
        "AWS::IAM::Role",
        ("RoleName", "1 to 64 letters, digits and `+=,.@-_`", |name| fits(name, 1, 64, "+=,.@-_")),
    ),
    (
        "AWS::DynamoDB::Table",
        ("TableName", "3 to 255 letters, digits, `_`, `-` and `.`", |name| {
            fits(name, 3, 255, "_-.")
        }),
    ),
    (
        "AWS::S3::Bucket",
        ("BucketName", "3 to 63 lower-case letters, digits, `-` and `.`", |name| {
            fits(name, 3, 63, "-.") && !name.contains(|c: char| c.is_ascii_uppercase())
        }),
    ),
    (
        "AWS::ApiGatewayV2::Stage",
        ("StageName", "1 to 128 letters, digits, `-` and `_`, or `$default`", |name| {
            name == "$default" || fits(name, 1, 128, "-_")
        }),
    ),
];

fn fits(name: &str, least: usize, most: usize, besides: &str) -> bool {
    (least..=most).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || besides.contains(c))
}

/// How many resources there are of each type: what quotas count.
pub fn census(template: &Template) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for resource in template.resources.values() {
        *counts.entry(resource.kind.as_str()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(resources: serde_json::Value) -> Vec<Fault> {
        let text = serde_json::json!({"Resources": resources}).to_string();
        Template::parse(&text).unwrap().check().err().map(|error| error.0).unwrap_or_default()
    }

    #[test]
    fn names_that_lead_nowhere_are_found_wherever_they_stand() {
        let topic = |name: serde_json::Value| {
            faults(
                serde_json::json!({"A": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}}}),
            )
        };
        for (value, name) in [
            (serde_json::json!({"Ref": "B"}), "B"),
            (serde_json::json!({"Fn::GetAtt": ["B", "Arn"]}), "B"),
            (serde_json::json!({"Fn::GetAtt": "B.Arn"}), "B"),
            (serde_json::json!({"Fn::Sub": "x-${B.Arn}"}), "B"),
            (serde_json::json!({"Fn::Join": ["", ["x", {"Ref": "B"}]]}), "B"),
        ] {
            let expected = Fault::Unknown { by: "A".to_owned(), name: name.to_owned() };
            assert_eq!(topic(value.clone()), [expected], "{value}");
        }
        for fine in [
            serde_json::json!({"Ref": "AWS::Region"}),
            serde_json::json!({"Fn::Sub": "${!B}-${AWS::StackName}"}),
            serde_json::json!({"Fn::Sub": ["${B}", {"B": "b"}]}),
        ] {
            assert_eq!(topic(fine.clone()), [], "{fine}");
        }
    }

    #[test]
    fn what_waits_for_itself_is_told_in_order() {
        let found = faults(serde_json::json!({
            "A": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "B"}}},
            "B": {"Type": "AWS::SNS::Topic", "DependsOn": "C"},
            "C": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::Sub": "${A}"}}},
            "D": {"Type": "AWS::SNS::Topic", "DependsOn": ["A"]},
        }));
        let circle = ["A", "B", "C"].map(str::to_owned).to_vec();
        assert_eq!(found, [Fault::Circle(circle)]);
    }

    #[test]
    fn limits_and_names_are_kept() {
        let mut many = serde_json::Map::new();
        for n in 0..501 {
            many.insert(format!("T{n}"), serde_json::json!({"Type": "AWS::SNS::Topic"}));
        }
        let found = faults(many.into());
        assert_eq!(found, [Fault::TooMuch { what: "resources", found: 501, most: 500 }]);
        let found = faults(serde_json::json!({
            "not-good": {"Type": "AWS::SNS::Topic"},
            "F": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "f".repeat(65)}},
            "S": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "Site"}},
        }));
        assert_eq!(found.len(), 3, "{found:?}");
    }
}
