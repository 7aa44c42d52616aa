//! Which service a request is for: one endpoint, told apart by the signature's scope.

use std::net::IpAddr;
use std::sync::PoisonError;
use std::time::SystemTime;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use super::Host;
use super::serve::{Peer, Room};
use crate::local::answer::{self, Answer, Call, Reply, whole};
use crate::local::control;
use crate::local::gateway::Gateway;
use crate::local::kinesisvideo::{self, KinesisVideo};
use crate::local::sigv4::{self, Service, SignatureError};
use crate::local::site;

/// The largest body taken; above S3's part size as every SDK uses it.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

impl Host {
    /// Answers one request.
    pub(super) async fn dispatch(&self, request: Request<Incoming>, peer: Peer) -> Reply {
        if wants_websocket(&request) {
            return whole(self.web_socket(request, peer).await);
        }
        let (parts, body) = request.into_parts();
        let body = match Limited::new(body, BODY_LIMIT).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                return whole(answer::answer(status, "text/plain", error.to_string()));
            }
        };
        if parts.uri.path().starts_with(control::PREFIX) {
            return whole(control::server::handle(self, &parts, body).await);
        }
        if !is_aws_request(&parts) {
            return whole(self.public(&parts, body, peer.address.ip()).await);
        }
        self.aws(parts, body).await
    }

    /// A handshake with the WebSocket API, or with a signaling channel.
    async fn web_socket(&self, request: Request<Incoming>, peer: Peer) -> Answer {
        if kinesisvideo::is_signaling(request.uri().query()) {
            return self.signaling(request, peer.room);
        }
        match peer.room {
            Room::Enough => self.0.gateway.handshake(request, peer.address).await,
            Room::Scarce => Gateway::unavailable(),
        }
    }

    /// Everything that is signed.
    async fn aws(&self, parts: http::request::Parts, body: Bytes) -> Reply {
        let service = sigv4::service(&parts);
        // S3's own rules of signing (chunks, POST policies) are s3s's to check.
        if service == Some(Service::S3) || is_old_s3_request(&parts) {
            return whole(self.0.buckets.handle(Request::from_parts(parts, body)).await);
        }
        let (caller, service) = match self.0.verifier.verify(&parts, &body, SystemTime::now()) {
            Ok(verified) => verified,
            Err(error) => return whole(error.answer(service)),
        };
        self.0.requests.count(&caller, service, &parts);
        let call = Call { caller, parts, body };
        whole(match service {
            Service::Logs => return self.0.logs_api.handle(call).await,
            Service::ExecuteApi => self.0.gateway.callback(call).await,
            Service::DynamoDb => self.0.tables.handle(call).await,
            Service::Lambda => self.0.lambda.handle(call).await,
            Service::Ssm => self.0.parameters.handle(call).await,
            Service::KinesisVideo => self.0.voice.handle(call).await,
            Service::Sts => self.0.identity.handle(call).await,
            Service::S3 => self.0.buckets.handle(Request::from_parts(call.parts, call.body)).await,
        })
    }

    /// A handshake with a signaling channel, whose signature is in its URL.
    fn signaling(&self, mut request: Request<Incoming>, room: Room) -> Answer {
        if let Room::Scarce = room {
            return KinesisVideo::unavailable();
        }
        let upgrade = hyper::upgrade::on(&mut request);
        let (parts, _) = request.into_parts();
        match self.0.verifier.verify(&parts, &Bytes::new(), SystemTime::now()) {
            Ok((caller, Service::KinesisVideo)) => self.0.voice.connect(&caller, &parts, upgrade),
            Ok((_, other)) => SignatureError::Scope(format!(
                "Credential should be scoped to correct service: 'kinesisvideo', not '{}'.",
                other.name()
            ))
            .answer(Some(Service::KinesisVideo)),
            Err(error) => error.answer(Some(Service::KinesisVideo)),
        }
    }

    /// What anyone may ask without a signature: the HTTP API and the site, under one origin.
    async fn public(&self, parts: &http::request::Parts, body: Bytes, source: IpAddr) -> Answer {
        if self.0.http_api.takes(parts.uri.path()) {
            return site::secured(self.0.http_api.handle(parts, body, source).await);
        }
        let site = self.0.site.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match site {
            Some(site) => site.handle(parts).await,
            None => answer::answer(
                StatusCode::NOT_FOUND,
                "text/plain",
                "nothing is deployed yet; run `chatctl deploy`",
            ),
        }
    }
}

fn wants_websocket(request: &Request<Incoming>) -> bool {
    let upgrade = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// Signed, or plainly meant for an AWS service and to be told that it is not signed.
fn is_aws_request(parts: &http::request::Parts) -> bool {
    sigv4::is_signed(parts)
        || is_old_s3_request(parts)
        || parts.headers.contains_key("x-amz-target")
        || parts.uri.path().contains("/@connections/")
        || parts.uri.path().starts_with("/2015-03-31/")
        || kinesisvideo::is_operation(parts.uri.path())
}

/// A presigned URL in S3's older form, which SDKs still make unless told otherwise.
fn is_old_s3_request(parts: &http::request::Parts) -> bool {
    parts.uri.query().is_some_and(|query| query.contains("AWSAccessKeyId="))
}
