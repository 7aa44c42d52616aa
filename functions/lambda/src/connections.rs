//! The open connections, through API Gateway's callback address.

use std::time::Duration;

use bytes::Bytes;
use chatctl_domain::{Connections, Fault, Posted};
use http::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::host::{Host, jitter};
use crate::http::{Answer, Kind, Outgoing};

/// Connection ids end in `=`, which a path must not carry as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One attempt's time: a slow client's full buffer must not hold up a whole room.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Attempts while API Gateway says 429, which means a rate or a full buffer and never a closed connection.
const ATTEMPTS: u32 = 8;

impl Host {
    async fn callback(&self, method: Method, id: &str, body: Bytes) -> Result<Answer, Fault> {
        let path = format!("/@connections/{}", utf8_percent_encode(id, SEGMENT));
        let endpoint = self.gateway()?;
        let mut attempt = 1;
        loop {
            let outgoing = Outgoing {
                method: method.clone(),
                path: &path,
                kind: Kind::Plain,
                body: body.clone(),
                timeout: TIMEOUT,
            };
            let answer = endpoint.send(outgoing).await?;
            if answer.status != StatusCode::TOO_MANY_REQUESTS || attempt == ATTEMPTS {
                return Ok(answer);
            }
            tokio::time::sleep(jitter(attempt)).await;
            attempt += 1;
        }
    }
}

impl Connections for Host {
    async fn post(&self, connection_id: &str, frame: Bytes) -> Posted {
        let posted = match self.callback(Method::POST, connection_id, frame).await {
            Ok(answer) if answer.status.is_success() => Posted::Delivered,
            Ok(answer) if answer.status == StatusCode::GONE => Posted::Gone,
            Ok(answer) => Posted::Failed(unexpected(&answer)),
            Err(Fault(text)) => Posted::Failed(text),
        };
        if let Posted::Failed(reason) = &posted {
            tracing::warn!(connectionId = connection_id, error = reason, "post failed");
        }
        posted
    }

    async fn is_open(&self, connection_id: &str) -> Result<bool, Fault> {
        let answer = self.callback(Method::GET, connection_id, Bytes::new()).await?;
        match answer.status {
            status if status.is_success() => Ok(true),
            StatusCode::GONE => Ok(false),
            _ => Err(Fault(unexpected(&answer))),
        }
    }

    async fn close(&self, connection_id: &str) -> Result<(), Fault> {
        let answer = self.callback(Method::DELETE, connection_id, Bytes::new()).await?;
        match answer.status {
            status if status.is_success() || status == StatusCode::GONE => Ok(()),
            _ => Err(Fault(unexpected(&answer))),
        }
    }
}

fn unexpected(answer: &Answer) -> String {
    let said: String = String::from_utf8_lossy(&answer.body).chars().take(200).collect();
    format!("@connections answered {}: {said}", answer.status.as_u16())
}
