//! What is refused, and by which of the service's names.

use chatctl::local::credentials::Caller;
use serde_json::json;

use super::support::Api;
use super::{GROUP, arn};

#[tokio::test]
async fn requests_that_make_no_sense_are_named() {
    let api = Api::new();
    api.store.create_group(GROUP, 14);
    for (request, name) in [
        (json!({}), "InvalidParameterException"),
        (json!({"logGroupName": GROUP, "logGroupIdentifier": GROUP}), "InvalidParameterException"),
        (json!({"logGroupName": GROUP, "limit": 0}), "InvalidParameterException"),
        (json!({"logGroupName": GROUP, "limit": 10_001}), "InvalidParameterException"),
        (json!({"logGroupName": GROUP, "filterPattern": "{ $.a"}), "InvalidParameterException"),
        (
            json!({"logGroupName": GROUP, "logStreamNames": ["a"], "logStreamNamePrefix": "a"}),
            "InvalidParameterException",
        ),
        (json!({"logGroupName": GROUP, "logStreamNames": ["no"]}), "ResourceNotFoundException"),
        (json!({"logGroupName": 3}), "SerializationException"),
    ] {
        api.refused("FilterLogEvents", request, name).await;
    }
    api.refused("StartQuery", json!({}), "UnknownOperationException").await;
}

#[tokio::test]
async fn live_tail_takes_one_to_ten_groups_that_are_there_by_their_arns() {
    let api = Api::new();
    api.store.create_group(GROUP, 14);
    let invalid = "InvalidParameterException";
    let arns = |count: usize| vec![arn(); count];
    for (request, name) in [
        (json!({}), invalid),
        (json!({"logGroupIdentifiers": arns(0)}), invalid),
        (json!({"logGroupIdentifiers": arns(11)}), invalid),
        (json!({"logGroupIdentifiers": [GROUP]}), invalid),
        (json!({"logGroupIdentifiers": [format!("{}:*", arn())]}), invalid),
        (json!({"logGroupIdentifiers": arns(1), "logEventFilterPattern": "{ $.a"}), invalid),
        (json!({"logGroupIdentifiers": arns(2), "logStreamNames": ["a"]}), invalid),
        (
            json!({"logGroupIdentifiers": arns(1), "logStreamNames": ["a"], "logStreamNamePrefixes": ["a"]}),
            invalid,
        ),
        (
            json!({"logGroupIdentifiers": [arn(), format!("{}No", arn())]}),
            "ResourceNotFoundException",
        ),
        (
            json!({"logGroupIdentifiers": [arn().replace("us-east-1", "eu-west-1")]}),
            "ResourceNotFoundException",
        ),
        (json!({"logGroupIdentifiers": "x"}), "SerializationException"),
    ] {
        api.refused("StartLiveTail", request, name).await;
    }
}

#[tokio::test]
async fn functions_may_not_read_logs() {
    let api = Api::new();
    api.store.create_group(GROUP, 14);
    let caller = Caller::Function("chat-local-Send".into());
    let (status, answer) =
        api.call(caller, "FilterLogEvents", json!({"logGroupName": GROUP})).await;
    assert_eq!((status, &answer["__type"]), (400, &json!("AccessDeniedException")));
    assert!(answer["message"].as_str().unwrap().contains("logs:FilterLogEvents"), "{answer}");
    let caller = Caller::Function("chat-local-Send".into());
    let (status, answer) =
        api.call(caller, "StartLiveTail", json!({"logGroupIdentifiers": [arn()]})).await;
    assert_eq!((status, &answer["__type"]), (400, &json!("AccessDeniedException")));
}
