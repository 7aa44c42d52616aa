//! CloudWatch Logs over its protocol, on a store in a temporary folder.

mod refusals;
#[path = "../support/logs.rs"]
mod support;

use std::collections::HashSet;

use chatctl::local::logs::{LogLine, MESSAGE_BYTES};
use serde_json::{Value, json};
use support::{Api, now_ms};

const GROUP: &str = "/aws/lambda/chat-local-Send";

/// A stream of the lines 0, 1, 2 …, one a millisecond.
fn numbered(count: i64, from_ms: i64) -> Vec<LogLine> {
    (0..count).map(|n| LogLine { timestamp_ms: from_ms + n, message: n.to_string() }).collect()
}

fn messages(answer: &Value) -> Vec<&str> {
    let events = answer["events"].as_array().unwrap_or_else(|| panic!("{answer}"));
    events.iter().map(|event| event["message"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn lines_of_all_streams_come_in_the_order_of_time() {
    let api = Api::new();
    let now = now_ms();
    api.store.put(GROUP, "b", vec![line(now + 1, "second"), line(now + 3, "fourth")]);
    api.store.put(GROUP, "a", vec![line(now, "first"), line(now + 2, "third")]);
    let found = api.ok("FilterLogEvents", json!({"logGroupName": GROUP})).await;
    assert_eq!(messages(&found), ["first", "second", "third", "fourth"]);
    assert_eq!(found["events"][0]["logStreamName"], "a");
    let ids: Vec<&str> = found["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["eventId"].as_str().unwrap())
        .collect();
    assert!(ids.is_sorted(), "{ids:?}");
    assert!(ids.iter().all(|id| id.len() == 56));
    let again = api.ok("FilterLogEvents", json!({"logGroupIdentifier": arn()})).await;
    assert_eq!(again["events"], found["events"], "the same events have the same ids");
}

fn line(timestamp_ms: i64, message: &str) -> LogLine {
    LogLine { timestamp_ms, message: message.into() }
}

fn arn() -> String {
    format!("arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}")
}

#[tokio::test]
async fn pages_leave_nothing_out_and_repeat_nothing() {
    let api = Api::new();
    let now = now_ms();
    // Many events of one millisecond, so that time alone could not tell where to go on.
    let same: Vec<_> = (0..250).map(|n| line(now, &n.to_string())).collect();
    api.store.put(GROUP, "one", same);
    let request = json!({"logGroupName": GROUP, "limit": 7});
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    loop {
        let mut request = request.clone();
        if !token.is_null() {
            request["nextToken"] = token;
        }
        let page = api.ok("FilterLogEvents", request).await;
        assert!(messages(&page).len() <= 7);
        seen.extend(messages(&page).into_iter().map(str::to_owned));
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, (0..250).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_token_goes_on_after_what_came_later_and_only_for_its_own_search() {
    let api = Api::new();
    let now = now_ms();
    api.store.put(GROUP, "one", numbered(3, now));
    let page = api.ok("FilterLogEvents", json!({"logGroupName": GROUP, "limit": 2})).await;
    api.store.put(GROUP, "two", vec![line(now + 10, "late")]);
    let token = &page["nextToken"];
    let request = json!({"logGroupName": GROUP, "limit": 9, "nextToken": token});
    let next = api.ok("FilterLogEvents", request).await;
    assert_eq!(messages(&next), ["2", "late"]);
    let other = json!({"logGroupName": GROUP, "filterPattern": "x", "nextToken": token});
    api.refused("FilterLogEvents", other, "InvalidParameterException").await;
    let broken = json!({"logGroupName": GROUP, "nextToken": "broken"});
    api.refused("FilterLogEvents", broken, "InvalidParameterException").await;
}

#[tokio::test]
async fn a_page_is_a_megabyte_at_most() {
    let api = Api::new();
    let now = now_ms();
    let large = "x".repeat(MESSAGE_BYTES + 1000);
    api.store.put(GROUP, "one", (0..6).map(|n| line(now + n, &large)).collect());
    let page = api.ok("FilterLogEvents", json!({"logGroupName": GROUP})).await;
    assert_eq!(messages(&page).len(), 3);
    assert_eq!(messages(&page)[0].len(), MESSAGE_BYTES, "what is too long is cut");
    assert!(page["nextToken"].is_string());
}

#[tokio::test]
async fn a_search_over_much_gives_empty_pages_and_finds_in_the_end() {
    let api = Api::new();
    let now = now_ms();
    api.store.put(GROUP, "one", numbered(120_000, now));
    let mut request = json!({"logGroupName": GROUP, "filterPattern": "119999"});
    let mut pages = 0;
    loop {
        let page = api.ok("FilterLogEvents", request.clone()).await;
        pages += 1;
        if page["nextToken"].is_null() {
            assert_eq!(messages(&page), ["119999"]);
            break;
        }
        assert_eq!(messages(&page), [""; 0]);
        request["nextToken"] = page["nextToken"].clone();
    }
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn a_search_is_narrowed_by_time_stream_and_pattern() {
    let api = Api::new();
    let now = now_ms();
    api.store.put(GROUP, "2026/01/01/[$LATEST]a", numbered(5, now));
    api.store.put(GROUP, "2026/01/02/[$LATEST]b", vec![line(now, r#"{"level":"ERROR","n":4}"#)]);
    for (narrow, expected) in [
        (json!({"startTime": now + 3}), &["3", "4"][..]),
        (json!({"startTime": now + 1, "endTime": now + 2}), &["1", "2"]),
        (json!({"logStreamNames": ["2026/01/01/[$LATEST]a"], "limit": 1}), &["0"]),
        (json!({"logStreamNamePrefix": "2026/01/02"}), &[r#"{"level":"ERROR","n":4}"#]),
        (
            json!({"filterPattern": "{ $.level = ERR* && $.n > 3 }"}),
            &[r#"{"level":"ERROR","n":4}"#],
        ),
        (json!({"filterPattern": "-level -1 -2 -3 -4"}), &["0"]),
        (json!({"logStreamNamePrefix": "2027"}), &[]),
    ] {
        let mut request = json!({"logGroupName": GROUP});
        request.as_object_mut().unwrap().extend(narrow.as_object().unwrap().clone());
        assert_eq!(messages(&api.ok("FilterLogEvents", request).await), expected, "{narrow}");
    }
}

#[tokio::test]
async fn a_stream_is_read_forward_and_backward() {
    let api = Api::new();
    let now = now_ms();
    api.store.put(GROUP, "one", numbered(10, now));
    let get = |more: Value| {
        let mut request = json!({"logGroupName": GROUP, "logStreamName": "one", "limit": 4});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        api.ok("GetLogEvents", request)
    };
    let newest = get(json!({})).await;
    assert_eq!(messages(&newest), ["6", "7", "8", "9"], "the newest by default");
    let older = get(json!({"nextToken": newest["nextBackwardToken"]})).await;
    assert_eq!(messages(&older), ["2", "3", "4", "5"]);
    let end = get(json!({"nextToken": newest["nextForwardToken"]})).await;
    assert_eq!(messages(&end), [""; 0]);
    assert_eq!(end["nextForwardToken"], newest["nextForwardToken"], "at the end the same again");
    let back = get(json!({"nextToken": end["nextBackwardToken"]})).await;
    assert_eq!(messages(&back), ["6", "7", "8", "9"], "nothing is skipped on the way back");

    let first = get(json!({"startFromHead": true})).await;
    assert_eq!(messages(&first), ["0", "1", "2", "3"]);
    let before = get(json!({"nextToken": first["nextBackwardToken"]})).await;
    assert_eq!(before["nextBackwardToken"], first["nextBackwardToken"]);
    let forth = get(json!({"nextToken": before["nextForwardToken"]})).await;
    assert_eq!(messages(&forth), ["0", "1", "2", "3"], "nothing is skipped on the way forth");

    let between =
        get(json!({"startTime": now + 2, "endTime": now + 4, "startFromHead": true})).await;
    assert_eq!(messages(&between), ["2", "3"], "the end is left out");
    let follower = api.ok("GetLogEvents", json!({"logGroupName": GROUP, "logStreamName": "one", "nextToken": newest["nextForwardToken"]}));
    api.store.put(GROUP, "one", vec![line(now + 20, "new")]);
    assert_eq!(messages(&follower.await), ["new"]);
    api.refused(
        "GetLogEvents",
        json!({"logGroupName": GROUP, "logStreamName": "one", "nextToken": "f/1"}),
        "InvalidParameterException",
    )
    .await;
    api.refused(
        "GetLogEvents",
        json!({"logGroupName": GROUP, "logStreamName": "no"}),
        "ResourceNotFoundException",
    )
    .await;
}

#[tokio::test]
async fn groups_are_made_listed_and_deleted() {
    let api = Api::new();
    for n in 0..120 {
        api.ok("CreateLogGroup", json!({"logGroupName": format!("/many/{n:03}")})).await;
    }
    api.store.create_group(GROUP, 14);
    api.refused("CreateLogGroup", json!({"logGroupName": GROUP}), "ResourceAlreadyExistsException")
        .await;
    api.refused("CreateLogGroup", json!({"logGroupName": "a b"}), "InvalidParameterException")
        .await;

    let (mut names, mut pages, mut request) =
        (Vec::new(), 0, json!({"logGroupNamePrefix": "/many/"}));
    loop {
        let page = api.ok("DescribeLogGroups", request.clone()).await;
        let groups = page["logGroups"].as_array().unwrap();
        names.extend(groups.iter().map(|group| group["logGroupName"].as_str().unwrap().to_owned()));
        pages += 1;
        if page["nextToken"].is_null() {
            break;
        }
        request["nextToken"] = page["nextToken"].clone();
    }
    assert_eq!((names.len(), names.iter().collect::<HashSet<_>>().len(), pages), (120, 120, 3));

    api.store.put(GROUP, "one", vec![line(now_ms(), "hello")]);
    let one = api.ok("DescribeLogGroups", json!({"logGroupNamePattern": "LOCAL-send"})).await;
    let group = &one["logGroups"][0];
    assert_eq!((&group["retentionInDays"], &group["storedBytes"]), (&json!(14), &json!(5)));
    assert_eq!(group["arn"], format!("{}:*", arn()));
    api.ok("PutRetentionPolicy", json!({"logGroupName": GROUP, "retentionInDays": 30})).await;
    api.refused(
        "PutRetentionPolicy",
        json!({"logGroupName": GROUP, "retentionInDays": 31}),
        "InvalidParameterException",
    )
    .await;
    api.ok("DeleteRetentionPolicy", json!({"logGroupName": GROUP})).await;
    let one = api.ok("DescribeLogGroups", json!({"logGroupNamePrefix": GROUP})).await;
    assert_eq!(one["logGroups"][0]["retentionInDays"], Value::Null);

    api.ok("DeleteLogGroup", json!({"logGroupName": GROUP})).await;
    for operation in ["DeleteLogGroup", "FilterLogEvents", "DescribeLogStreams"] {
        api.refused(operation, json!({"logGroupName": GROUP}), "ResourceNotFoundException").await;
    }
    api.store.put(GROUP, "one", vec![line(now_ms(), "again")]);
    let found = api.ok("FilterLogEvents", json!({"logGroupName": GROUP})).await;
    assert_eq!(messages(&found), ["again"], "a line makes its group; old ones do not come back");
}

#[tokio::test]
async fn streams_are_listed_by_name_or_by_their_last_event() {
    let api = Api::new();
    let now = now_ms();
    for n in 0..60 {
        api.store.put(GROUP, format!("s{n:02}"), vec![line(now - n, "x")]);
    }
    let named = json!({"logGroupName": GROUP, "logStreamName": "empty"});
    api.ok("CreateLogStream", named.clone()).await;
    api.refused("CreateLogStream", named, "ResourceAlreadyExistsException").await;
    let by_name = api.ok("DescribeLogStreams", json!({"logGroupName": GROUP})).await;
    assert_eq!(by_name["logStreams"].as_array().unwrap().len(), 50);
    assert_eq!(by_name["logStreams"][0]["logStreamName"], "empty");
    let rest = json!({"logGroupName": GROUP, "nextToken": by_name["nextToken"]});
    let rest = api.ok("DescribeLogStreams", rest).await;
    assert_eq!(rest["logStreams"].as_array().unwrap().len(), 11);
    let latest =
        json!({"logGroupName": GROUP, "orderBy": "LastEventTime", "descending": true, "limit": 2});
    let latest = api.ok("DescribeLogStreams", latest).await;
    assert_eq!(latest["logStreams"][0]["logStreamName"], "s00");
    assert_eq!(latest["logStreams"][1]["lastEventTimestamp"], now - 1);
    let prefixed = json!({"logGroupName": GROUP, "logStreamNamePrefix": "s5"});
    let prefixed = api.ok("DescribeLogStreams", prefixed).await;
    assert_eq!(prefixed["logStreams"].as_array().unwrap().len(), 10);
    let both =
        json!({"logGroupName": GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "s"});
    api.refused("DescribeLogStreams", both, "InvalidParameterException").await;
}

#[tokio::test]
async fn events_are_put_and_those_out_of_time_rejected() {
    let api = Api::new();
    let now = now_ms();
    let put =
        |events: Value| json!({"logGroupName": GROUP, "logStreamName": "one", "logEvents": events});
    let event = |timestamp: i64, message: &str| json!({"timestamp": timestamp, "message": message});
    let missing = put(json!([event(now, "x")]));
    api.refused("PutLogEvents", missing, "ResourceNotFoundException").await;
    api.ok("CreateLogGroup", json!({"logGroupName": GROUP})).await;
    api.ok("CreateLogStream", json!({"logGroupName": GROUP, "logStreamName": "one"})).await;
    const DAY: i64 = 86_400_000;
    let events = json!([event(now - 15 * DAY, "old"), event(now, "now"), event(now + DAY, "new")]);
    let answer = api.ok("PutLogEvents", put(events)).await;
    assert_eq!(answer["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"], 1);
    assert_eq!(answer["rejectedLogEventsInfo"]["tooNewLogEventStartIndex"], 2);
    let found = api.ok("FilterLogEvents", json!({"logGroupName": GROUP})).await;
    assert_eq!(messages(&found), ["now"]);
    for events in [json!([]), json!([event(now, "b"), event(now - 1, "a")])] {
        api.refused("PutLogEvents", put(events), "InvalidParameterException").await;
    }
    api.store.put(GROUP, "two", vec![line(now + 1, "a function's")]);
    let found = api.ok("FilterLogEvents", json!({"logGroupName": GROUP})).await;
    assert_eq!(messages(&found), ["now", "a function's"], "what else is stored goes on");
}

#[tokio::test]
async fn what_is_past_its_retention_is_not_shown() {
    let api = Api::new();
    let now = now_ms();
    const DAY: i64 = 86_400_000;
    api.store.create_group(GROUP, 1);
    api.store.put(GROUP, "one", vec![line(now - 2 * DAY, "old"), line(now, "new")]);
    let found = api.ok("FilterLogEvents", json!({"logGroupName": GROUP})).await;
    assert_eq!(messages(&found), ["new"]);
    let stream = json!({"logGroupName": GROUP, "logStreamName": "one", "startFromHead": true});
    assert_eq!(messages(&api.ok("GetLogEvents", stream).await), ["new"]);
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let mut api = Api::new();
    let now = now_ms();
    api.store.create_group(GROUP, 14);
    api.store.put(GROUP, "one", numbered(3, now));
    api.store.flush().await;
    let before = api.ok("FilterLogEvents", json!({"logGroupName": GROUP})).await;
    api.reopen();
    api.store.put(GROUP, "one", vec![line(now, "new")]);
    let after = api.ok("FilterLogEvents", json!({"logGroupName": GROUP})).await;
    assert_eq!(messages(&after), ["0", "new", "1", "2"]);
    assert_eq!(after["events"][0], before["events"][0], "ids last");
}

#[tokio::test]
async fn a_hundred_thousand_lines_are_stored_in_order() {
    let api = Api::new();
    let now = now_ms();
    for n in 0..100_000_i64 {
        api.store.put(GROUP, "one", vec![line(now, &n.to_string())]);
    }
    let (mut next, mut request) = (0, json!({"logGroupName": GROUP}));
    loop {
        let page = api.ok("FilterLogEvents", request.clone()).await;
        for message in messages(&page) {
            assert_eq!(message, next.to_string());
            next += 1;
        }
        if page["nextToken"].is_null() {
            break;
        }
        request["nextToken"] = page["nextToken"].clone();
    }
    assert_eq!(next, 100_000);
}
