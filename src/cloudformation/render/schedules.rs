//! The functions that run by the clock: a rule of EventBridge, and its permission to invoke.

use serde_json::json;

use super::{Draft, functions};
use crate::cloudformation::template::Resource;
use crate::cloudformation::value::{attribute, logical_id, reference};
use crate::stack::Schedule;

pub(super) fn add(draft: &mut Draft<'_>, schedule: &Schedule) {
    let Schedule { logical, physical, function, minutes } = schedule;
    let Some(function) = draft.stack.function(function) else { return };
    let (id, alias) = (logical_id(logical), functions::alias_id(function));
    let rule = format!("{id}Schedule");
    let properties = json!({
        "Name": physical,
        "Description": format!("Runs {} every {minutes} minutes", function.logical),
        "ScheduleExpression": format!("rate({minutes} minutes)"),
        "State": "ENABLED",
        "Targets": [{"Id": function.logical, "Arn": reference(&alias)}],
    });
    draft.add(&rule, Resource::new("AWS::Events::Rule", properties));
    let properties = json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": reference(&alias),
        "Principal": "events.amazonaws.com",
        "SourceArn": attribute(&rule, "Arn"),
    });
    draft.add(
        format!("{id}SchedulePermission"),
        Resource::new("AWS::Lambda::Permission", properties),
    );
}
