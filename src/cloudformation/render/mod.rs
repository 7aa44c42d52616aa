//! From a [`Stack`] to the [`Template`] that brings it up.
//!
//! One file a part of the stack; each only adds resources to the [`Draft`]. Texts with `${…}` are
//! functions of CloudFormation (see `value`), so that one template serves every account and region.

mod access_logs;
mod alarms;
mod budget;
mod dashboard;
mod functions;
mod gateway;
mod http;
mod outputs;
mod roles;
mod routes;
mod schedules;
mod site;
mod tables;
mod tags;

use std::collections::BTreeMap;

use serde_json::json;

pub use access_logs::ROLE as ACCESS_LOGS_ROLE;

use super::template::{OutputEntry, Resource, Template};
use crate::stack::{AccessLogs, Bucket, BucketPurpose, Stack};

/// Where the functions' code lies.
#[derive(Debug, Clone, Copy)]
pub struct Code<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The object's key, which carries the hash of its contents.
    pub key: &'a str,
    /// The hash of the code, in hex.
    pub sha256: &'a str,
    /// The same as Lambda tells it, in base64; none where it is not known.
    pub lambda_sha256: Option<&'a str>,
}

impl Code<'static> {
    /// Code that is not known yet: the template asks for it by parameters.
    pub const PARAMETERS: Self = Self {
        bucket: "${CodeBucket}",
        key: "${CodeKey}",
        sha256: "0000000000000000000000000000000000000000000000000000000000000000",
        lambda_sha256: None,
    };

    fn parameters() -> BTreeMap<String, serde_json::Value> {
        let parameter = |name: &str, what| {
            (name.to_owned(), json!({"Type": "String", "MinLength": 1, "Description": what}))
        };
        BTreeMap::from([
            parameter("CodeBucket", "The bucket with the functions' zip"),
            parameter("CodeKey", "The key of the functions' zip"),
        ])
    }
}

/// The logical id of the WebSocket API.
pub(super) const API: &str = "WebSocketApi";

/// The template that brings a stack up. Parameters are not in it: CloudFormation cannot make secrets
/// in the parameter store, so a deployment makes them before.
pub fn render(stack: &Stack, code: Code<'_>) -> Template {
    let Stack {
        name: _,
        place: _,
        api_id: _,
        settings,
        tables,
        parameters: _,
        buckets,
        roles,
        functions,
        schedules,
    } = stack;
    let mut draft = Draft::new(stack);
    tables::add(&mut draft, tables);
    gateway::add(&mut draft);
    http::add(&mut draft);
    for function in functions {
        roles::add_function(&mut draft, function);
        functions::add(&mut draft, function, code);
    }
    for schedule in schedules {
        schedules::add(&mut draft, schedule);
    }
    for role in roles {
        roles::add(&mut draft, role);
    }
    for bucket in buckets {
        let Bucket { logical: _, physical: _, purpose } = bucket;
        match purpose {
            BucketPurpose::Site => site::add(&mut draft, bucket),
        }
    }
    alarms::add(&mut draft);
    dashboard::add(&mut draft);
    if let Some(usd) = settings.monthly_budget_usd {
        budget::add(&mut draft, usd);
    }
    if settings.access_logs == AccessLogs::On {
        access_logs::add(&mut draft);
    }
    outputs::add(&mut draft, code);
    let mut template = draft.template;
    if code.bucket == Code::PARAMETERS.bucket {
        template.parameters = Code::parameters();
    }
    template
}

/// A template in the making.
struct Draft<'a> {
    stack: &'a Stack,
    template: Template,
}

impl<'a> Draft<'a> {
    fn new(stack: &'a Stack) -> Self {
        let name = &stack.name;
        let template = Template {
            format_version: "2010-09-09".to_owned(),
            description: format!("{} {}: a serverless chat", name.project, name.stage),
            parameters: BTreeMap::new(),
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
            other: BTreeMap::new(),
        };
        Self { stack, template }
    }

    fn add(&mut self, logical: impl Into<String>, resource: Resource) {
        let logical = logical.into();
        let before = self.template.resources.insert(logical.clone(), resource);
        debug_assert!(before.is_none(), "two resources are called {logical}");
    }

    fn output(&mut self, name: &str, description: &str, value: serde_json::Value) {
        let description = description.to_owned();
        let entry = OutputEntry { description, value, other: BTreeMap::new() };
        self.template.outputs.insert(name.to_owned(), entry);
    }
}

#[cfg(test)]
mod tests;
