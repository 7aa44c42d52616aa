//! The dashboard: what somebody who is called at night looks at first, on one page.

use serde_json::{Value, json};

use super::{API, Draft, alarms, http};
use crate::cloudformation::template::Resource;
use crate::cloudformation::value::text;
use crate::stack::Stack;

/// The page is 24 columns wide; two graphs stand beside one another.
const WIDTH: u32 = 12;
const HEIGHT: u32 = 6;

pub(super) fn add(draft: &mut Draft<'_>) {
    let stack = draft.stack;
    let mut graphs = vec![
        ("Requests", api(stack, &["ConnectCount", "MessageCount"], &["Sum"])),
        (
            "Errors of the API",
            api(stack, &["ClientError", "IntegrationError", "ExecutionError"], &["Sum"]),
        ),
        ("Time to an answer, ms", api(stack, &["IntegrationLatency"], &["p50", "p95", "p99"])),
        ("Failed invocations of all", own(stack)),
        ("Errors by function", functions(stack, "Errors", "Sum")),
        ("Throttles by function", functions(stack, "Throttles", "Sum")),
        ("Duration by function, p95 ms", functions(stack, "Duration", "p95")),
        ("Instances by function", functions(stack, "ConcurrentExecutions", "Maximum")),
        ("Writes by table", tables(stack, "ConsumedWriteCapacityUnits")),
        ("Requests that tables turned away", tables(stack, "WriteThrottleEvents")),
    ];
    if http::is_there(stack) {
        graphs.push(("HTTP requests and their errors", http_api(&["Count", "4xx", "5xx"], "Sum")));
        graphs.push(("Time to an HTTP answer, p95 ms", http_api(&["Latency"], "p95")));
    }
    let widgets: Vec<Value> =
        (0..).zip(graphs).map(|(at, (title, rows))| graph(at, title, rows)).collect();
    let body = json!({"widgets": widgets}).to_string();
    let properties = json!({
        "DashboardName": format!("{}-{}", stack.name.project, stack.name.stage),
        "DashboardBody": text(body),
    });
    draft.add("Dashboard", Resource::new("AWS::CloudWatch::Dashboard", properties));
}

fn graph(at: u32, title: &str, metrics: Vec<Value>) -> Value {
    json!({
        "type": "metric",
        "x": at % 2 * WIDTH,
        "y": at / 2 * HEIGHT,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": title,
            "view": "timeSeries",
            "region": "${AWS::Region}",
            "period": 300,
            "metrics": metrics,
        },
    })
}

fn api(stack: &Stack, names: &[&str], stats: &[&str]) -> Vec<Value> {
    let id = format!("${{{API}}}");
    let row = |name: &str, stat: &str| json!(["AWS/ApiGateway", name, "ApiId", id, "Stage", stack.name.stage, {"stat": stat}]);
    names.iter().flat_map(|name| stats.iter().map(move |stat| row(name, stat))).collect()
}

fn http_api(names: &[&str], stat: &str) -> Vec<Value> {
    let id = format!("${{{}}}", http::API);
    let row = |name: &&str| json!(["AWS/ApiGateway", name, "ApiId", id, {"stat": stat}]);
    names.iter().map(row).collect()
}

fn own(stack: &Stack) -> Vec<Value> {
    let row = |options: Value| json!([alarms::namespace(stack), alarms::FAILED, options]);
    vec![
        row(json!({"stat": "Sum", "label": "failed"})),
        row(json!({"stat": "SampleCount", "label": "all"})),
    ]
}

fn functions(stack: &Stack, name: &str, stat: &str) -> Vec<Value> {
    let row = |function: &crate::stack::Function| {
        let options = json!({"stat": stat, "label": function.logical});
        json!(["AWS/Lambda", name, "FunctionName", function.physical, options])
    };
    stack.functions.iter().map(row).collect()
}

fn tables(stack: &Stack, name: &str) -> Vec<Value> {
    let row = |table: &crate::stack::Table| {
        let options = json!({"stat": "Sum", "label": table.logical});
        json!(["AWS/DynamoDB", name, "TableName", table.physical, options])
    };
    stack.tables.iter().map(row).collect()
}
