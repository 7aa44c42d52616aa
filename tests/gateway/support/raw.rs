//! A client that says exactly the bytes that a test wants, and hears exactly those that come.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Api, PATIENCE};

/// A TCP connection.
pub struct Raw {
    pub stream: TcpStream,
}

impl Raw {
    /// A TCP connection on which nothing was said yet.
    pub async fn open(api: &Api) -> Self {
        let stream = TcpStream::connect(api.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    /// A connection after its handshake.
    pub async fn connect(api: &Api) -> Self {
        let mut raw = Self::open(api).await;
        raw.say(&handshake("/local")).await;
        let head = raw.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        raw
    }

    pub async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The head of an HTTP answer.
    pub async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(PATIENCE, self.stream.read_u8()).await.expect("an answer").unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    /// The next frame: its first byte (FIN and opcode) and its payload.
    pub async fn frame(&mut self) -> (u8, Vec<u8>) {
        let read = async {
            let first = self.stream.read_u8().await.unwrap();
            let length = match self.stream.read_u8().await.unwrap() {
                126 => u64::from(self.stream.read_u16().await.unwrap()),
                127 => self.stream.read_u64().await.unwrap(),
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.stream.read_exact(&mut payload).await.unwrap();
            (first, payload)
        };
        timeout(PATIENCE, read).await.expect("a frame comes")
    }

    /// The code of the close frame that comes next.
    pub async fn close_code(&mut self) -> u16 {
        let (first, payload) = self.frame().await;
        assert_eq!(first, 0x88, "{payload:?}");
        u16::from_be_bytes([payload[0], payload[1]])
    }

    /// That nothing comes for a while.
    pub async fn hears_nothing(&mut self, for_ms: u64) {
        let waited = timeout(Duration::from_millis(for_ms), self.stream.read_u8()).await;
        assert!(waited.is_err(), "{waited:?}");
    }
}

/// A handshake for a path, as text.
pub fn handshake(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive, Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// A client's frame: its first byte (FIN and opcode) and its payload, masked with zeros.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | u8::try_from(short).unwrap()),
        medium @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}
