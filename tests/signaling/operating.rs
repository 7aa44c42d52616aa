//! What an operator sees of channels, and what a stage leaves behind.

use chatctl::aws::{Channels, Cloud as Access};
use serde_json::json;

use super::support::Cloud;

const OURS: [(&str, &str); 2] = [("chatctl:project", "chat"), ("chatctl:stage", "dev")];

fn channels(cloud: &Cloud) -> Channels {
    let endpoint = format!("http://127.0.0.1:{}", cloud.port);
    Channels::new(&Access::with_keys(&endpoint, "us-east-1", cloud.keys.clone()))
}

async fn create(cloud: &Cloud, name: &str, stage: &str) -> String {
    let tags = json!([{"Key": "chatctl:project", "Value": "chat"},
        {"Key": "chatctl:stage", "Value": stage}]);
    let body = json!({"ChannelName": name, "Tags": tags});
    let (_, made) = cloud.call("/createSignalingChannel", &body).await;
    made["ChannelARN"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stages_channels_are_found_by_their_tags_and_removed() {
    let cloud = Cloud::new().await;
    let room = create(&cloud, "chat-dev_room", "dev").await;
    create(&cloud, "chat-dev_turn", "dev").await;
    create(&cloud, "chat-dev-2_room", "dev-2").await;
    cloud.channel("chat-dev_untagged").await;
    let channels = channels(&cloud);
    let found = channels.tagged("chat-dev_", &OURS).await.unwrap();
    let names: Vec<&str> = found.iter().map(|channel| channel.name.as_str()).collect();
    assert_eq!(names, ["chat-dev_room", "chat-dev_turn"]);
    assert_eq!(found[0].arn, room);
    assert!(room.ends_with(&format!("/{}", found[0].created_ms)));
    channels.delete(&room).await.unwrap();
    channels.delete(&room).await.expect("what is gone is deleted already");
    assert_eq!(channels.tagged("chat-dev_", &OURS).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_channels_are_looked_at_within_the_accounts_quotas() {
    let cloud = Cloud::new().await;
    for n in 0..70 {
        // The account makes 50 a second.
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        create(&cloud, &format!("chat-dev_{n:02}"), "dev").await;
    }
    assert_eq!(channels(&cloud).tagged("chat-dev_", &OURS).await.unwrap().len(), 70);
}
