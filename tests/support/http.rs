//! Plain HTTP, as any client speaks it.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::answered::Answered;

/// Asks a URL.
pub async fn ask(method: Method, url: &str, body: impl Into<Bytes>) -> Answered {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::builder().method(method).uri(url).body(Full::new(body.into())).unwrap();
    Answered::read(client.request(request).await.unwrap()).await
}
