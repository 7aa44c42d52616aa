//! Which API the gateway is, and its limits.

use std::time::Duration;

use crate::local::websocket::Frames;

/// Which API this is.
#[derive(Debug, Clone)]
pub struct GatewaySettings {
    /// The API's id.
    pub api_id: String,
    /// The stage; the path that clients connect to.
    pub stage: String,
    /// The region, for ARNs.
    pub region: String,
    /// The account, for ARNs.
    pub account: String,
    /// The limits in force.
    pub limits: GatewayLimits,
}

impl GatewaySettings {
    /// The ARN of a method of this API, such as `$connect` or `POST/@connections/ID`.
    pub fn arn(&self, method: &str) -> String {
        let Self { api_id, stage, region, account, limits: _ } = self;
        format!("arn:aws:execute-api:{region}:{account}:{api_id}/{stage}/{method}")
    }
}

/// API Gateway's limits; the defaults are AWS's own.
#[derive(Debug, Clone)]
pub struct GatewayLimits {
    /// A connection without a message for so long is closed with 1001.
    pub idle: Duration,
    /// A connection as old as this is closed with 1001.
    pub max_duration: Duration,
    /// How long a function may take before the gateway gives up on it.
    pub integration_timeout: Duration,
    /// The largest frame from a client, in bytes; a larger one closes with 1009. Longer messages
    /// to a client are cut into frames of this size.
    pub frame_bytes: usize,
    /// The largest message from a client, in bytes; a larger one closes with 1009.
    pub message_bytes: usize,
    /// The largest body of a post, in bytes; a larger one is answered 413.
    pub post_bytes: usize,
    /// How much may wait for a slow client, in bytes; beyond it posts are answered 429. AWS does
    /// not tell its own figure.
    pub queue_bytes: usize,
    /// The longest URL of a handshake, in characters; a longer one is answered 414.
    pub url_characters: usize,
    /// The largest answer of an authorizer, in bytes; a larger one is answered 500.
    pub authorizer_bytes: usize,
}

impl Default for GatewayLimits {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(10 * 60),
            max_duration: Duration::from_secs(2 * 60 * 60),
            integration_timeout: Duration::from_secs(29),
            frame_bytes: 32 * 1024,
            message_bytes: 128 * 1024,
            post_bytes: 128 * 1024,
            queue_bytes: 1024 * 1024,
            url_characters: 4096,
            authorizer_bytes: 8 * 1024,
        }
    }
}

impl GatewayLimits {
    /// The limits of frames and messages.
    pub fn frames(&self) -> Frames {
        Frames { frame_bytes: self.frame_bytes, message_bytes: self.message_bytes }
    }
}
