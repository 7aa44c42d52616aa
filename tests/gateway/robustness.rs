//! Whatever bytes come, the gateway lives, and nobody else notices.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::support::{Api, PATIENCE, Raw, frame, handshake, until};

/// Bytes that look more or less like frames.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let payload = proptest::collection::vec(any::<u8>(), 0..300);
    let proper = (any::<u8>(), payload.clone()).prop_map(|(first, payload)| frame(first, &payload));
    let texts =
        (0x80_u8..=0x8f, "\\PC{0,60}").prop_map(|(first, text)| frame(first, text.as_bytes()));
    let header = proptest::collection::vec(any::<u8>(), 2..15);
    let one = prop_oneof![3 => proper, 2 => texts, 1 => header, 1 => payload];
    proptest::collection::vec(one, 0..6).prop_map(|frames| frames.concat())
}

/// Says something, hears out whatever comes, and leaves.
async fn try_out(mut stream: TcpStream, bytes: &[u8]) {
    // The gateway may have closed already, which is no failure.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut heard = Vec::new();
    let over = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut heard)).await;
    assert!(over.is_ok(), "the gateway keeps a connection that its client has left");
}

#[test]
fn any_bytes_instead_of_frames_leave_the_gateway_as_it_was() {
    let runtime = Runtime::new().unwrap();
    let api = runtime.block_on(Api::new());
    let mut witness = runtime.block_on(api.connect(""));
    let mut runner = TestRunner::new(ProptestConfig { cases: 60, ..ProptestConfig::default() });
    let ran = runner.run(&frames(), |bytes| {
        runtime.block_on(async {
            let raw = Raw::connect(&api).await;
            try_out(raw.stream, &bytes).await;
        });
        Ok(())
    });
    ran.unwrap();
    runtime.block_on(async {
        until(|| api.gateway.connections() == 1).await;
        let id = witness.id(&api).await;
        assert_eq!(api.post(&id, "still here").await, 200);
        while witness.text().await != "still here" {}
        api.end().await;
    });
}

#[test]
fn any_bytes_instead_of_a_handshake_leave_the_gateway_as_it_was() {
    let runtime = Runtime::new().unwrap();
    let api = runtime.block_on(Api::new());
    let good = handshake("/local").into_bytes();
    let spoilt = (0..good.len(), any::<u8>(), 0..good.len()).prop_map(move |(at, byte, end)| {
        let mut request = good.clone();
        request[at] = byte;
        request.truncate(end.max(at + 1));
        request
    });
    let anything = prop_oneof![3 => spoilt, 1 => proptest::collection::vec(any::<u8>(), 0..500)];
    let mut runner = TestRunner::new(ProptestConfig { cases: 60, ..ProptestConfig::default() });
    let ran = runner.run(&anything, |bytes| {
        runtime.block_on(async {
            try_out(TcpStream::connect(api.address).await.unwrap(), &bytes).await;
        });
        Ok(())
    });
    ran.unwrap();
    runtime.block_on(async {
        api.connect("").await;
        api.end().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_messages_is_answered_and_the_connection_stays() {
    let api = Api::new().await;
    let mut client = api.connect("").await;
    const COUNT: usize = 1000;
    for n in 0..COUNT {
        client.send(n.to_string()).await;
    }
    until(|| api.events("MESSAGE").len() == COUNT).await;
    let id = client.id(&api).await;
    assert_eq!(api.post(&id, "still here").await, 200);
    assert_eq!(client.text().await, "still here");
    api.end().await;
}
