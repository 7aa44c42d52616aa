//! The control plane through its handler, on a file of a test's own.

use http_body_util::BodyExt;
use serde_json::json;
use tempfile::TempDir;

use super::*;

struct Service {
    folder: TempDir,
    video: KinesisVideo,
}

fn open(folder: &Path, quotas: Quotas) -> KinesisVideo {
    let access = Access::new("000000000000", |_| {});
    let settings = KinesisVideoSettings {
        place: Place::local(),
        port: 4566,
        scheme: Scheme::Plain,
        quotas,
        limits: SignalingLimits::default(),
    };
    KinesisVideo::new(&folder.join("channels.db"), settings, access, Requests::default())
}

fn service() -> Service {
    let quotas = Quotas { channel_per_second: 1000, changes_per_second: 1000, ..Quotas::default() };
    let folder = tempfile::tempdir().unwrap();
    let video = open(folder.path(), quotas);
    Service { folder, video }
}

async fn ask_as(
    video: &KinesisVideo,
    caller: Caller,
    path: &str,
    body: &Value,
) -> (StatusCode, String, Value) {
    let (parts, ()) = http::Request::post(path).body(()).unwrap().into_parts();
    let answer = video.handle(Call { caller, parts, body: body.to_string().into() }).await;
    let status = answer.status();
    let kind =
        answer.headers().get("x-amzn-errortype").map(|kind| kind.to_str().unwrap().to_owned());
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, kind.unwrap_or_default(), serde_json::from_slice(&body).unwrap())
}

impl Service {
    async fn ask(&self, path: &str, body: Value) -> Value {
        let (status, kind, body) = ask_as(&self.video, Caller::Operator, path, &body).await;
        assert_eq!(status, StatusCode::OK, "{kind}: {body}");
        body
    }

    /// The error's name.
    async fn refused(&self, path: &str, body: Value) -> String {
        ask_as(&self.video, Caller::Operator, path, &body).await.1
    }

    async fn create(&self, name: &str) -> String {
        let made = self.ask("/createSignalingChannel", json!({"ChannelName": name})).await;
        made["ChannelARN"].as_str().unwrap().to_owned()
    }

    async fn describe(&self, name: &str) -> Value {
        let body = json!({"ChannelName": name});
        self.ask("/describeSignalingChannel", body).await["ChannelInfo"].take()
    }
}

#[tokio::test]
async fn nothing_is_opened_before_it_is_used() {
    let service = service();
    let file = service.folder.path().join("channels.db");
    assert!(!file.exists());
    service.create("room").await;
    assert!(file.exists());
}

#[tokio::test]
async fn a_channel_is_made_described_changed_and_removed() {
    let service = service();
    let arn = service.create("room").await;
    assert!(arn.starts_with("arn:aws:kinesisvideo:us-east-1:000000000000:channel/room/"), "{arn}");
    let info = service.describe("room").await;
    assert_eq!(info["ChannelARN"], arn.as_str());
    assert_eq!(info["ChannelStatus"], "ACTIVE");
    assert_eq!(info["SingleMasterConfiguration"]["MessageTtlSeconds"], 60);
    let mut update = json!({"ChannelARN": arn, "CurrentVersion": "other",
        "SingleMasterConfiguration": {"MessageTtlSeconds": 5}});
    let refused = service.refused("/updateSignalingChannel", update.clone()).await;
    assert_eq!(refused, "VersionMismatchException");
    update["CurrentVersion"] = info["Version"].clone();
    service.ask("/updateSignalingChannel", update).await;
    let changed = service.describe("room").await;
    assert_eq!(changed["SingleMasterConfiguration"]["MessageTtlSeconds"], 5);
    assert_ne!(changed["Version"], info["Version"]);
    let old = json!({"ChannelARN": arn, "CurrentVersion": info["Version"]});
    let refused = service.refused("/deleteSignalingChannel", old).await;
    assert_eq!(refused, "VersionMismatchException");
    service.ask("/deleteSignalingChannel", json!({"ChannelARN": arn})).await;
    for (path, body) in [
        ("/describeSignalingChannel", json!({"ChannelARN": arn})),
        ("/deleteSignalingChannel", json!({"ChannelARN": arn})),
        ("/getSignalingChannelEndpoint", json!({"ChannelARN": arn})),
        ("/ListTagsForResource", json!({"ResourceARN": arn})),
    ] {
        assert_eq!(service.refused(path, body).await, "ResourceNotFoundException", "{path}");
    }
}

#[tokio::test]
async fn channels_survive_a_restart_and_an_older_one_of_a_name_is_another() {
    let service = service();
    let first = service.create("room").await;
    let again = open(service.folder.path(), Quotas::default());
    let body = json!({"ChannelARN": first});
    let (status, ..) = ask_as(&again, Caller::Operator, "/describeSignalingChannel", &body).await;
    assert_eq!(status, StatusCode::OK);
    service.ask("/deleteSignalingChannel", body.clone()).await;
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    assert_ne!(service.create("room").await, first);
    let refused = service.refused("/describeSignalingChannel", body).await;
    assert_eq!(refused, "ResourceNotFoundException");
}

#[tokio::test]
async fn what_is_not_of_its_form_is_refused() {
    let service = service();
    service.create("room").await;
    let create = "/createSignalingChannel";
    let named = |name: &str, extra: Value| {
        let mut body = json!({"ChannelName": name});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    let tag = |key: &str| json!({"Tags": [{"Key": key, "Value": "v"}]});
    let many: Vec<Value> = (0..51).map(|n| json!({"Key": n.to_string(), "Value": ""})).collect();
    for (body, code) in [
        (named("room", json!({})), "ResourceInUseException"),
        (named("", json!({})), "InvalidArgumentException"),
        (named("a b", json!({})), "InvalidArgumentException"),
        (named(&"x".repeat(257), json!({})), "InvalidArgumentException"),
        (named("a", json!({"ChannelType": "FULL_MESH"})), "InvalidArgumentException"),
        (
            named("a", json!({"SingleMasterConfiguration": {"MessageTtlSeconds": 4}})),
            "InvalidArgumentException",
        ),
        (named("a", tag("")), "InvalidArgumentException"),
        (named("a", tag("aws:x")), "InvalidArgumentException"),
        (named("a", tag("a#b")), "InvalidArgumentException"),
        (named("a", json!({"Tags": many})), "TagsPerResourceExceededLimitException"),
        (json!({}), "InvalidArgumentException"),
    ] {
        assert_eq!(service.refused(create, body.clone()).await, code, "{body}");
    }
    let describe = "/describeSignalingChannel";
    assert_eq!(service.refused(describe, json!({})).await, "InvalidArgumentException");
    let no_arn = json!({"ChannelARN": "room"});
    assert_eq!(service.refused(describe, no_arn).await, "InvalidArgumentException");
    assert_eq!(service.refused("/createStream", json!({})).await, "AccessDeniedException");
}

#[tokio::test]
async fn lists_have_pages_and_conditions() {
    let service = service();
    for name in ["a-1", "a-2", "a-3", "b-1"] {
        service.create(name).await;
    }
    let names = |list: &Value| -> Vec<String> {
        let infos = list["ChannelInfoList"].as_array().unwrap();
        infos.iter().map(|info| info["ChannelName"].as_str().unwrap().to_owned()).collect()
    };
    let condition = json!({"ComparisonOperator": "BEGINS_WITH", "ComparisonValue": "a-"});
    let mut body = json!({"MaxResults": 2, "ChannelNameCondition": condition});
    let first = service.ask("/listSignalingChannels", body.clone()).await;
    assert_eq!(names(&first), ["a-1", "a-2"]);
    body["NextToken"] = first["NextToken"].clone();
    let second = service.ask("/listSignalingChannels", body).await;
    assert_eq!(names(&second), ["a-3"]);
    assert!(second.get("NextToken").is_none());
    assert_eq!(names(&service.ask("/listSignalingChannels", json!({})).await).len(), 4);
    for wrong in [json!({"MaxResults": 0}), json!({"NextToken": "?"})] {
        let refused = service.refused("/listSignalingChannels", wrong).await;
        assert_eq!(refused, "InvalidArgumentException");
    }
}

#[tokio::test]
async fn tags_come_and_go() {
    let service = service();
    let body = json!({"ChannelName": "room", "Tags": [{"Key": "chatctl:stage", "Value": "local"}]});
    let made = service.ask("/createSignalingChannel", body).await;
    let arn = &made["ChannelARN"];
    let tags: Vec<Value> = (0..49).map(|n| json!({"Key": format!("k{n}"), "Value": "v"})).collect();
    service.ask("/TagResource", json!({"ResourceARN": arn, "Tags": tags})).await;
    let more = json!({"ResourceARN": arn, "Tags": [{"Key": "one-more", "Value": ""}]});
    let refused = service.refused("/TagResource", more).await;
    assert_eq!(refused, "TagsPerResourceExceededLimitException");
    let keys: Vec<String> = (0..49).map(|n| format!("k{n}")).collect();
    service.ask("/UntagResource", json!({"ResourceARN": arn, "TagKeyList": keys})).await;
    let left = service.ask("/ListTagsForResource", json!({"ResourceARN": arn})).await;
    assert_eq!(left["Tags"], json!({"chatctl:stage": "local"}));
}

#[tokio::test]
async fn endpoints_are_on_the_loopback_address() {
    let service = service();
    let arn = service.create("room").await;
    let configuration = json!({"Protocols": ["WSS", "HTTPS"], "Role": "VIEWER"});
    let mut body =
        json!({"ChannelARN": arn, "SingleMasterChannelEndpointConfiguration": configuration});
    let endpoints = service.ask("/getSignalingChannelEndpoint", body.clone()).await;
    let list = endpoints["ResourceEndpointList"].as_array().unwrap();
    assert_eq!(list[0], json!({"Protocol": "WSS", "ResourceEndpoint": "ws://127.0.0.1:4566"}));
    assert_eq!(list[1], json!({"Protocol": "HTTPS", "ResourceEndpoint": "http://127.0.0.1:4566"}));
    for (member, wrong) in
        [("Role", json!("BOTH")), ("Protocols", json!(["FTP"])), ("Protocols", json!([]))]
    {
        body["SingleMasterChannelEndpointConfiguration"] = json!({member: wrong});
        let refused = service.refused("/getSignalingChannelEndpoint", body.clone()).await;
        assert_eq!(refused, "InvalidArgumentException", "{member}");
    }
}

#[tokio::test]
async fn quotas_hold() {
    let folder = tempfile::tempdir().unwrap();
    let video = open(folder.path(), Quotas { channels: 2, ..Quotas::default() });
    let mut arns = Vec::new();
    for name in ["a", "b"] {
        let body = json!({"ChannelName": name});
        let (_, _, made) = ask_as(&video, Caller::Operator, "/createSignalingChannel", &body).await;
        arns.push(made["ChannelARN"].clone());
    }
    let body = json!({"ChannelName": "c"});
    let (_, kind, _) = ask_as(&video, Caller::Operator, "/createSignalingChannel", &body).await;
    assert_eq!(kind, "AccountChannelLimitExceededException");
    let describe = async |arn: &Value| {
        let body = json!({"ChannelARN": arn});
        ask_as(&video, Caller::Operator, "/describeSignalingChannel", &body).await.1
    };
    for _ in 0..5 {
        assert_eq!(describe(&arns[0]).await, "");
    }
    assert_eq!(describe(&arns[0]).await, "ClientLimitExceededException");
    assert_eq!(describe(&arns[1]).await, "", "another channel has its own");
}

#[tokio::test]
async fn a_function_needs_a_grant_for_each_call() {
    let service = service();
    let arn = service.create("room").await;
    let function = Caller::Function("f".into());
    for (path, body) in [
        ("/createSignalingChannel", json!({"ChannelName": "other"})),
        ("/describeSignalingChannel", json!({"ChannelARN": arn})),
        ("/describeSignalingChannel", json!({"ChannelName": "room"})),
        ("/listSignalingChannels", json!({})),
        ("/updateSignalingChannel", json!({"ChannelARN": arn, "CurrentVersion": "x"})),
        ("/deleteSignalingChannel", json!({"ChannelARN": arn})),
        ("/getSignalingChannelEndpoint", json!({"ChannelARN": arn})),
        ("/TagResource", json!({"ResourceARN": arn, "Tags": []})),
        ("/UntagResource", json!({"ResourceARN": arn, "TagKeyList": []})),
        ("/ListTagsForResource", json!({"ResourceARN": arn})),
    ] {
        let (status, kind, body) = ask_as(&service.video, function.clone(), path, &body).await;
        assert_eq!(
            (status, kind.as_str()),
            (StatusCode::FORBIDDEN, "AccessDeniedException"),
            "{path}"
        );
        let message = body["message"].as_str().unwrap();
        assert!(message.contains("not authorized to perform: kinesisvideo:"), "{message}");
    }
}
