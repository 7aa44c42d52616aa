//! What peers say to each other, and what comes of what they say wrongly.

use serde_json::{Value, json};

use super::support::Cloud;

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_reaches_the_master_and_the_master_the_viewer_that_it_names() {
    let cloud = Cloud::new().await;
    let channel = cloud.channel("room").await;
    let mut master = cloud.master(&channel).await;
    let (mut ana, mut bo) =
        (cloud.viewer(&channel, "ana").await, cloud.viewer(&channel, "bo").await);
    ana.say("SDP_OFFER", "b2ZmZXI=", None).await;
    assert_eq!(
        master.hears().await,
        json!({"messageType": "SDP_OFFER", "messagePayload": "b2ZmZXI=", "senderClientId": "ana"})
    );
    master.say("SDP_ANSWER", "YW5zd2Vy", Some("ana")).await;
    assert_eq!(
        ana.hears().await,
        json!({"messageType": "SDP_ANSWER", "messagePayload": "YW5zd2Vy"})
    );
    master.say("ICE_CANDIDATE", "Y2FuZA==", Some("bo")).await;
    assert_eq!(bo.hears().await["messageType"], "ICE_CANDIDATE");
    ana.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_are_apart() {
    let cloud = Cloud::new().await;
    let (one, other) = (cloud.channel("one").await, cloud.channel("other").await);
    let mut masters = (cloud.master(&one).await, cloud.master(&other).await);
    let mut viewer = cloud.viewer(&one, "v").await;
    viewer.say("SDP_OFFER", "e30=", None).await;
    masters.0.hears().await;
    masters.1.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_before_its_addressee_waits_for_a_while() {
    let cloud = Cloud::new().await;
    let channel = cloud.channel("room").await;
    let mut viewer = cloud.viewer(&channel, "v").await;
    viewer.say("SDP_OFFER", "b25l", None).await;
    viewer.say("ICE_CANDIDATE", "dHdv", None).await;
    viewer.hears_nothing().await;
    let mut master = cloud.master(&channel).await;
    assert_eq!(master.hears().await["messagePayload"], "b25l");
    assert_eq!(master.hears().await["messagePayload"], "dHdv");
    master.say("SDP_ANSWER", "YQ==", Some("late")).await;
    let mut late = cloud.viewer(&channel, "late").await;
    assert_eq!(late.hears().await["messagePayload"], "YQ==");
}

/// What a peer is told of a message with a correlation id.
fn status(message: &Value, error: &str) {
    assert_eq!(message["messageType"], "STATUS_RESPONSE", "{message}");
    let status = &message["statusResponse"];
    assert_eq!(status["correlationId"], "c1", "{message}");
    assert_eq!((&status["errorType"], &status["statusCode"]), (&json!(error), &json!("400")));
    assert!(!status["description"].as_str().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_message_is_answered_where_it_has_a_correlation_id() {
    let cloud = Cloud::new().await;
    let channel = cloud.channel("room").await;
    let mut viewer = cloud.viewer(&channel, "v").await;
    let long = "x".repeat(10_001);
    for wrong in [
        json!({"action": "SHOUT", "messagePayload": "e30="}),
        json!({"action": "SDP_OFFER", "messagePayload": ""}),
        json!({"action": "SDP_OFFER", "messagePayload": "{}"}),
        json!({"action": "SDP_OFFER", "messagePayload": long}),
        json!({"action": "SDP_OFFER", "messagePayload": "e30=", "recipientClientId": "w"}),
    ] {
        viewer.send(&wrong).await;
        let mut known = wrong.clone();
        known["correlationId"] = "c1".into();
        viewer.send(&known).await;
        status(&viewer.hears().await, "InvalidArgumentException");
    }
    viewer.send(&json!("no object")).await;
    viewer.hears_nothing().await;
    let mut master = cloud.master(&channel).await;
    let unnamed = json!({"action": "SDP_ANSWER", "messagePayload": "e30=", "correlationId": "c1"});
    master.send(&unnamed).await;
    status(&master.hears().await, "InvalidArgumentException");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_sends_5_offers_and_20_candidates_a_second() {
    let cloud = Cloud::new().await;
    let channel = cloud.channel("room").await;
    for (action, rate) in [("SDP_OFFER", 5), ("SDP_ANSWER", 5), ("ICE_CANDIDATE", 20)] {
        let mut viewer = cloud.viewer(&channel, action).await;
        let message = json!({"action": action, "messagePayload": "e30=", "correlationId": "c1"});
        for _ in 0..rate * 3 {
            viewer.send(&message).await;
        }
        status(&viewer.hears().await, "ClientLimitExceededException");
    }
}
