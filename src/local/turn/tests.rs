//! The relay, by a TURN client: what comes through, and who is refused.

use turn::client::{Client, ClientConfig};
use webrtc_util::Conn;

use super::*;

async fn client(credentials: &TurnCredentials) -> Client {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = credentials.uri.strip_prefix("turn:").unwrap();
    let address = address.strip_suffix("?transport=udp").unwrap().to_owned();
    let client = Client::new(ClientConfig {
        stun_serv_addr: address.clone(),
        turn_serv_addr: address,
        username: credentials.username.clone(),
        password: credentials.password.clone(),
        realm: REALM.to_owned(),
        software: String::new(),
        rto_in_ms: 0,
        conn: Arc::new(socket),
        vnet: None,
    })
    .await
    .unwrap();
    client.listen().await.unwrap();
    client
}

#[tokio::test]
async fn two_clients_reach_each_other_through_it() {
    let turn = Turn::default();
    assert!(!turn.is_running(), "nothing listens before it is needed");
    let first = client(&turn.credentials("first").await.unwrap()).await;
    let second = client(&turn.credentials("second").await.unwrap()).await;
    let (one, other) = (first.allocate().await.unwrap(), second.allocate().await.unwrap());
    let (to, from) = (other.local_addr().unwrap(), one.local_addr().unwrap());
    assert_eq!(to.ip(), IpAddr::V4(Ipv4Addr::LOCALHOST));
    // Each opens its relay for the other by sending.
    other.send_to(b"open", from).await.unwrap();
    one.send_to(b"heard", to).await.unwrap();
    let mut buffer = [0; 64];
    let heard = tokio::time::timeout(Duration::from_secs(10), other.recv_from(&mut buffer));
    let (length, by) = heard.await.unwrap().unwrap();
    assert_eq!((&buffer[..length], by), (&b"heard"[..], from));
    turn.shutdown().await;
}

#[tokio::test]
async fn wrong_and_ended_credentials_are_refused() {
    let turn = Turn::default();
    let good = turn.credentials("someone").await.unwrap();
    let wrong = TurnCredentials { password: "guessed".to_owned(), ..good.clone() };
    assert!(client(&wrong).await.allocate().await.is_err());
    let secret = &turn.0.get().unwrap().secret;
    let username = "1:c29tZW9uZQ".to_owned();
    let ended = TurnCredentials { password: secret.password(&username), username, ..good };
    assert!(client(&ended).await.allocate().await.is_err());
    turn.shutdown().await;
}

#[test]
fn what_was_allocated_in_time_outlives_its_credentials() {
    let secret = Secret::fresh().unwrap();
    let (here, elsewhere) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
    assert!(secret.admits("1000:a", here, 999));
    assert!(secret.admits("1000:a", here, 1000), "a refresh of the same client");
    assert!(!secret.admits("1000:a", elsewhere, 1000), "somebody who comes too late");
    assert!(!secret.admits("1000:b", here, 1000));
    assert!(!secret.admits("someone", here, 0));
}
