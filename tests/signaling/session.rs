//! What credentials of the voice role reach: the one channel and the one role that their session
//! names, and nothing once they have ended. They are lent as on AWS, by a function that may.

use std::os::unix::fs::PermissionsExt;

use chatctl::local::control::Client;
use chatctl::local::credentials::Keys;
use chatctl::local::state::Deployment;
use chatctl::stack::BUILT_IN_MANIFEST;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::support::{Cloud, Peer};

const ROLE: &str = "arn:aws:iam::000000000000:role/chat-local-VoiceAccess";

/// A stage whose `ConnectHandler` may assume the voice role; its keys.
async fn deploy(cloud: &Cloud) -> Keys {
    let bootstrap = cloud.state.bootstrap("test");
    std::fs::create_dir_all(bootstrap.parent().unwrap()).unwrap();
    let found = std::process::Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .expect("python3 runs");
    let python = String::from_utf8(found.stdout).unwrap();
    let script = include_str!("../fixtures/lambda/bootstrap.py");
    std::fs::write(&bootstrap, format!("#!{} -S\n{script}", python.trim())).unwrap();
    std::fs::set_permissions(&bootstrap, std::fs::Permissions::from_mode(0o755)).unwrap();
    let grant = "- invoke RefuseHandler";
    let manifest =
        BUILT_IN_MANIFEST.replacen(grant, &format!("{grant}\n      - assume VoiceAccess"), 1);
    let deployment = Deployment {
        project: "chat".to_owned(),
        stage: "local".to_owned(),
        manifest,
        code_sha256: "test".to_owned(),
        deployed_at: 0,
    };
    let control = Client::new(cloud.state.host().unwrap().unwrap());
    control.deploy(&deployment).await.unwrap();
    let path = "/2015-03-31/functions/chat-local-ConnectHandler/invocations";
    let event = json!({"do": "env"}).to_string();
    let (_, answer) = cloud.request(&cloud.keys, "lambda", path, event).await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let variable = |name: &str| answer["env"][name].as_str().unwrap().to_owned();
    Keys {
        access_key_id: variable("AWS_ACCESS_KEY_ID"),
        secret_access_key: variable("AWS_SECRET_ACCESS_KEY"),
        session_token: Some(variable("AWS_SESSION_TOKEN")),
    }
}

/// Credentials for some actions on a channel, as the function lends them.
async fn lend(cloud: &Cloud, lender: &Keys, actions: &[&str], channel: &str) -> Keys {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": actions, "Resource": [channel]}]});
    let policy = utf8_percent_encode(&policy.to_string(), NON_ALPHANUMERIC).to_string();
    let role = utf8_percent_encode(ROLE, NON_ALPHANUMERIC);
    let form = format!(
        "Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=someone&Policy={policy}"
    );
    let (status, answer) = cloud.request(lender, "sts", "/", form).await;
    let answer = String::from_utf8(answer.to_vec()).unwrap();
    assert_eq!(status, 200, "{answer}");
    let element = |name: &str| {
        let (_, rest) = answer.split_once(&format!("<{name}>")).unwrap();
        rest.split_once("</").unwrap().0.to_owned()
    };
    Keys {
        access_key_id: element("AccessKeyId"),
        secret_access_key: element("SecretAccessKey"),
        session_token: Some(element("SessionToken")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_reaches_its_own_channel_in_its_own_role_alone() {
    let cloud = Cloud::new().await;
    let lender = deploy(&cloud).await;
    let (own, other) = (cloud.channel("chat-local_a").await, cloud.channel("chat-local_b").await);
    let viewer = lend(&cloud, &lender, &["kinesisvideo:ConnectAsViewer"], &own).await;
    Peer::connect(&cloud.url_with(&own, Some("v"), &viewer, 299)).await.map(drop).unwrap();
    let wrong = [
        ("as master", cloud.url_with(&own, None, &viewer, 299)),
        ("another channel", cloud.url_with(&other, Some("v"), &viewer, 299)),
    ];
    for (what, url) in wrong {
        let refused = Peer::connect(&url).await.map(drop).unwrap_err();
        assert_eq!(
            (refused.status, refused.kind.as_str()),
            (403, "AccessDeniedException"),
            "{what}"
        );
    }
    let endpoint = json!({"ChannelARN": own}).to_string();
    let path = "/getSignalingChannelEndpoint";
    let (status, _) = cloud.request(&viewer, "kinesisvideo", path, endpoint).await;
    assert_eq!(status, 403, "what the session does not name");
    let foreign = cloud.channel("elsewhere").await;
    let beyond = lend(&cloud, &lender, &["kinesisvideo:*"], &foreign).await;
    let url = cloud.url_with(&foreign, None, &beyond, 299);
    let refused = Peer::connect(&url).await.map(drop).unwrap_err();
    assert_eq!(refused.status, 403, "a session cannot say more than its role");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_needs_its_token() {
    let cloud = Cloud::new().await;
    let lender = deploy(&cloud).await;
    let channel = cloud.channel("chat-local_a").await;
    let master = lend(&cloud, &lender, &["kinesisvideo:ConnectAsMaster"], &channel).await;
    Peer::connect(&cloud.url_with(&channel, None, &master, 299)).await.map(drop).unwrap();
    let without = Keys { session_token: None, ..master };
    let url = cloud.url_with(&channel, None, &without, 299);
    let refused = Peer::connect(&url).await.map(drop).unwrap_err();
    assert_eq!((refused.status, refused.kind.as_str()), (403, "UnrecognizedClientException"));
}
