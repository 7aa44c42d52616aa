//! What time does to a connection.

use std::time::{Duration, Instant};

use chatctl::local::kinesisvideo::SignalingLimits;

use super::support::Cloud;

#[tokio::test(flavor = "multi_thread")]
async fn an_old_connection_is_told_to_go_and_then_ends() {
    let limits = SignalingLimits {
        max_duration: Duration::from_millis(1500),
        go_away_ahead: Duration::from_millis(1000),
        ..SignalingLimits::default()
    };
    let cloud = Cloud::limited(limits).await;
    let channel = cloud.channel("room").await;
    let begun = Instant::now();
    let mut master = cloud.master(&channel).await;
    assert_eq!(master.hears().await["messageType"], "GO_AWAY");
    let told = begun.elapsed();
    assert!((400..1200).contains(&told.as_millis()), "{told:?}");
    assert_eq!(master.closed().await, 1001);
    assert!(begun.elapsed() >= Duration::from_millis(1400), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_ends_and_one_that_talks_does_not() {
    let limits = SignalingLimits { idle: Duration::from_millis(900), ..SignalingLimits::default() };
    let cloud = Cloud::limited(limits).await;
    let channel = cloud.channel("room").await;
    let (mut idle, mut talks) =
        (cloud.viewer(&channel, "idle").await, cloud.viewer(&channel, "talks").await);
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        talks.say("ICE_CANDIDATE", "e30=", None).await;
    }
    assert_eq!(idle.closed().await, 1001);
    let mut master = cloud.master(&channel).await;
    master.say("SDP_ANSWER", "e30=", Some("talks")).await;
    assert_eq!(talks.hears().await["messageType"], "SDP_ANSWER");
}
