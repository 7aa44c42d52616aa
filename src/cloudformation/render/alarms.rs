//! The alarms, and the topic that tells a person of them.
//!
//! An alarm costs 0.10 USD a month for each metric that it reads, ten a month being free. Functions
//! with an error rate of their own would read two each, which is more than a small stage costs
//! altogether. So the functions' logs make one metric for all of them: of each invocation that Lambda
//! reports, 0 if it succeeded and 1 if not. Its average is the rate of errors, and
//! `chatctl logs --level error` says which function it was. Tables are watched for writes; for reads
//! too where many rows share a partition, because only there can one key be read faster than a
//! partition serves. The APIs are watched for requests that reach no function: one that fails in its
//! function is a failed invocation. With all of it a small stage stays below a dollar.

use serde_json::{Map, Value, json};

use super::{API, Draft, functions, http, tags};
use crate::cloudformation::template::Resource;
use crate::cloudformation::value::{logical_id, reference};
use crate::stack::{Stack, Table};

/// The logical id of the topic, which is there if somebody is to be told.
const TOPIC: &str = "AlarmTopic";

/// The metric of failed invocations, in the stage's own namespace.
pub(super) const FAILED: &str = "FailedInvocations";

/// What counts as an invocation that succeeded, and as one that did not: Lambda's own reports.
const COUNTED: [(&str, &str, &str); 2] = [
    ("Successes", "0", r#"{ $.type = "platform.report" && $.record.status = "success" }"#),
    ("Failures", "1", r#"{ $.type = "platform.report" && $.record.status != "success" }"#),
];

/// A hundredth of the invocations.
const ERROR_RATE: f64 = 0.01;
/// Requests of the API that may fail inside in a period: what one slow start of a region brings.
const API_ERRORS: f64 = 5.0;
/// How long each look at a metric is, in seconds.
const PERIOD: u32 = 300;

/// What an alarm looks at.
struct Watch<'a> {
    namespace: &'a str,
    metric: &'a str,
    dimensions: Vec<(&'a str, Value)>,
    statistic: &'a str,
    above: f64,
}

pub(super) fn add(draft: &mut Draft<'_>) {
    let stack = draft.stack;
    add_topic(draft);
    for function in &stack.functions {
        let group = reference(&functions::log_group_id(function));
        for (what, value, pattern) in COUNTED {
            let id = format!("{}{what}", logical_id(&function.logical));
            draft.add(id, counted(stack, &group, value, pattern));
        }
    }
    let rate = Watch {
        namespace: &namespace(stack),
        metric: FAILED,
        dimensions: Vec::new(),
        statistic: "Average",
        above: ERROR_RATE,
    };
    add_alarm(draft, "FunctionErrors", "More than 1 % of the functions' invocations fail", rate);
    let api = |metric, id, stage: &str| Watch {
        namespace: "AWS/ApiGateway",
        metric,
        dimensions: vec![("ApiId", reference(id)), ("Stage", json!(stage))],
        statistic: "Sum",
        above: API_ERRORS,
    };
    let web_socket = api("ExecutionError", API, &stack.name.stage);
    let called = "The WebSocket API cannot call its functions";
    add_alarm(draft, "ApiExecutionErrors", called, web_socket);
    if http::is_there(stack) {
        let http = api("5xx", http::API, http::STAGE_NAME);
        add_alarm(draft, "HttpApiErrors", "The HTTP API answers with errors of its own", http);
    }
    for table in &stack.tables {
        add_throttling(draft, table);
    }
}

/// Where the stage's own metrics are.
pub(super) fn namespace(stack: &Stack) -> String {
    format!("chatctl/{}-{}", stack.name.project, stack.name.stage)
}

fn add_topic(draft: &mut Draft<'_>) {
    let stack = draft.stack;
    let Some(email) = &stack.settings.alarms_email else { return };
    let topic = json!({"TopicName": stack.name.physical("Alarms"), "Tags": tags::list(stack)});
    draft.add(TOPIC, Resource::new("AWS::SNS::Topic", topic));
    let subscription =
        json!({"TopicArn": reference(TOPIC), "Protocol": "email", "Endpoint": email});
    draft.add("AlarmEmail", Resource::new("AWS::SNS::Subscription", subscription));
}

fn counted(stack: &Stack, group: &Value, value: &str, pattern: &str) -> Resource {
    let transformation = json!({
        "MetricNamespace": namespace(stack),
        "MetricName": FAILED,
        "MetricValue": value,
    });
    let properties = json!({
        "LogGroupName": group,
        "FilterPattern": pattern,
        "MetricTransformations": [transformation],
    });
    Resource::new("AWS::Logs::MetricFilter", properties)
}

fn add_throttling(draft: &mut Draft<'_>, table: &Table) {
    let Table { logical, physical, partition: _, sort, indexes: _, ttl: _ } = table;
    let reads = sort.as_ref().map(|_| ("Reads", "ReadThrottleEvents"));
    for (what, metric) in [("Writes", "WriteThrottleEvents")].into_iter().chain(reads) {
        let watch = Watch {
            namespace: "AWS/DynamoDB",
            metric,
            dimensions: vec![("TableName", json!(physical))],
            statistic: "Sum",
            above: 0.0,
        };
        let name = format!("{logical}{what}Throttled");
        let description = format!("{logical} turns {} away", what.to_ascii_lowercase());
        add_alarm(draft, &name, &description, watch);
    }
}

/// An alarm that rings when a metric is above its threshold in two of three periods: what happens
/// once is an accident. Silence is none.
fn add_alarm(draft: &mut Draft<'_>, name: &str, description: &str, watch: Watch<'_>) {
    let stack = draft.stack;
    let Watch { namespace, metric, dimensions, statistic, above } = watch;
    let dimensions: Vec<Value> =
        dimensions.into_iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
    let mut properties = Map::from_iter([
        ("AlarmName".to_owned(), json!(stack.name.physical(name))),
        ("AlarmDescription".to_owned(), json!(description)),
        ("Namespace".to_owned(), json!(namespace)),
        ("MetricName".to_owned(), json!(metric)),
        ("Statistic".to_owned(), json!(statistic)),
        ("Period".to_owned(), json!(PERIOD)),
        ("ComparisonOperator".to_owned(), json!("GreaterThanThreshold")),
        ("Threshold".to_owned(), json!(above)),
        ("EvaluationPeriods".to_owned(), json!(3)),
        ("DatapointsToAlarm".to_owned(), json!(2)),
        ("TreatMissingData".to_owned(), json!("notBreaching")),
        ("Tags".to_owned(), tags::list(stack)),
    ]);
    if !dimensions.is_empty() {
        properties.insert("Dimensions".to_owned(), dimensions.into());
    }
    if stack.settings.alarms_email.is_some() {
        properties.insert("AlarmActions".to_owned(), json!([reference(TOPIC)]));
        properties.insert("OKActions".to_owned(), json!([reference(TOPIC)]));
    }
    let id = format!("{}Alarm", logical_id(name));
    draft.add(id, Resource::new("AWS::CloudWatch::Alarm", Value::Object(properties)));
}
