//! The budget: a mail before the account costs more than somebody expects.
//!
//! It counts the whole account. By tag it would count nothing until the account's owner had
//! activated the tag for billing: an alarm that is silently off is worse than one that is early.

use serde_json::{Value, json};

use super::{Draft, tags};
use crate::cloudformation::template::Resource;

/// When somebody is told: of what is spent, and of what the month is heading for, in percent.
const NOTICES: [(&str, u32); 3] = [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)];

pub(super) fn add(draft: &mut Draft<'_>, usd: u32) {
    let stack = draft.stack;
    let mut properties = json!({
        "Budget": {
            "BudgetName": stack.name.physical("Monthly"),
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": usd, "Unit": "USD"},
        },
        "ResourceTags": tags::list(stack),
    });
    if let Some(email) = &stack.settings.alarms_email {
        let notices = NOTICES.iter().map(|(kind, percent)| notice(kind, *percent, email));
        properties["NotificationsWithSubscribers"] = notices.collect();
    }
    draft.add("Budget", Resource::new("AWS::Budgets::Budget", properties));
}

fn notice(kind: &str, percent: u32, email: &str) -> Value {
    json!({
        "Notification": {
            "NotificationType": kind,
            "ComparisonOperator": "GREATER_THAN",
            "Threshold": percent,
            "ThresholdType": "PERCENTAGE",
        },
        "Subscribers": [{"SubscriptionType": "EMAIL", "Address": email}],
    })
}
