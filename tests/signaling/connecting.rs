//! Who is let in, and what the others are told.

use chatctl::local::credentials::Keys;
use chatctl::local::kinesisvideo::SignalingLimits;
use serde_json::json;

use super::support::{Cloud, Peer};

async fn refused(url: &str) -> (u16, String) {
    let refused = Peer::connect(url).await.map(drop).unwrap_err();
    (refused.status, refused.kind)
}

fn told(status: u16, kind: &str) -> (u16, String) {
    (status, kind.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_or_old_signature_is_refused_with_403() {
    let cloud = Cloud::new().await;
    let channel = cloud.channel("room").await;
    let url = cloud.url(&channel, None);
    let tampered = format!("{url}&X-Amz-ClientId=other");
    assert_eq!(refused(&tampered).await, told(403, "InvalidSignatureException"));
    let stranger = Keys::generate_user().unwrap();
    let theirs = cloud.url_with(&channel, None, &stranger, 299);
    assert_eq!(refused(&theirs).await, told(403, "UnrecognizedClientException"));
    let old = cloud.url_with(&channel, None, &cloud.keys, 0);
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(refused(&old).await, told(403, "InvalidSignatureException"));
    let unsigned = format!("ws://127.0.0.1:{}/?X-Amz-ChannelARN=x", cloud.port);
    assert_eq!(refused(&unsigned).await, told(403, "MissingAuthenticationTokenException"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_of_its_form_is_refused_with_400() {
    let cloud = Cloud::new().await;
    let channel = cloud.channel("room").await;
    let invalid = || told(400, "InvalidArgumentException");
    let long = "x".repeat(257);
    for client in ["a b", "AWS_me", "aws_me", "", &long] {
        assert_eq!(refused(&cloud.url(&channel, Some(client))).await, invalid(), "{client:?}");
    }
    assert_eq!(refused(&cloud.url("room", None)).await, invalid());
    let bare = format!("http://127.0.0.1:{}/?X-Amz-ClientId=a", cloud.port);
    assert_eq!(refused(&cloud.presigned(&bare, &cloud.keys, 299)).await, invalid());
    let week = cloud.url_with(&channel, None, &cloud.keys, 604_800);
    assert_eq!(refused(&week).await, invalid());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_not_there_is_refused_with_404() {
    let cloud = Cloud::new().await;
    let channel = cloud.channel("room").await;
    let peer = cloud.master(&channel).await;
    cloud.call("/deleteSignalingChannel", &json!({"ChannelARN": channel})).await;
    let gone = told(404, "ResourceNotFoundException");
    assert_eq!(refused(&cloud.url(&channel, None)).await, gone);
    drop(peer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_channel_ends_its_connections() {
    let cloud = Cloud::new().await;
    let channel = cloud.channel("room").await;
    let (mut master, mut viewer) =
        (cloud.master(&channel).await, cloud.viewer(&channel, "v").await);
    cloud.call("/deleteSignalingChannel", &json!({"ChannelARN": channel})).await;
    assert_eq!(master.closed().await, 1001);
    assert_eq!(viewer.closed().await, 1001);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newer_of_two_with_the_same_role_takes_its_place() {
    let cloud = Cloud::new().await;
    let channel = cloud.channel("room").await;
    let (mut old_master, mut old_viewer) =
        (cloud.master(&channel).await, cloud.viewer(&channel, "v").await);
    let (mut master, mut viewer) =
        (cloud.master(&channel).await, cloud.viewer(&channel, "v").await);
    assert_eq!(old_master.closed().await, 1000);
    assert_eq!(old_viewer.closed().await, 1000);
    viewer.say("SDP_OFFER", "e30=", None).await;
    assert_eq!(master.hears().await["senderClientId"], "v");
    master.say("SDP_ANSWER", "e30=", Some("v")).await;
    assert_eq!(viewer.hears().await["messageType"], "SDP_ANSWER");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_viewers_are_let_in_and_no_eleventh() {
    let cloud = Cloud::new().await;
    let channel = cloud.channel("room").await;
    let mut viewers = Vec::new();
    for n in 0..10 {
        viewers.push(cloud.viewer(&channel, &format!("v{n}")).await);
    }
    let eleventh = refused(&cloud.url(&channel, Some("v10"))).await;
    assert_eq!(eleventh, told(400, "ClientLimitExceededException"));
    cloud.viewer(&channel, "v3").await;
    viewers.pop().unwrap().leave().await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    cloud.viewer(&channel, "v10").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_takes_three_connections_of_a_role_a_second() {
    let cloud = Cloud::limited(SignalingLimits::default()).await;
    let channel = cloud.channel("room").await;
    let mut taken = 0;
    for n in 0..8 {
        match Peer::connect(&cloud.url(&channel, Some(&format!("v{n}")))).await {
            Ok(_) => taken += 1,
            Err(refused) => assert_eq!(refused.kind, "ClientLimitExceededException"),
        }
    }
    assert!((3..=5).contains(&taken), "{taken}");
}
