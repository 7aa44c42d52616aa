//! One request over HTTP, as a browser makes it.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;

use super::Trouble;
use super::dial::dial;

/// What a URL is answered with, within a time.
pub(super) async fn fetch(url: &str, patience: Duration) -> Result<(StatusCode, Bytes), Trouble> {
    let late = |_| Trouble::Late { wanted: url.to_owned(), patience };
    tokio::time::timeout(patience, exchange(url)).await.map_err(late)?
}

async fn exchange(url: &str) -> Result<(StatusCode, Bytes), Trouble> {
    let uri: Uri = url.parse().map_err(|_| Trouble::Address(url.to_owned()))?;
    let ended =
        |error: hyper::Error| Trouble::Ended { wanted: url.to_owned(), how: error.to_string() };
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(dial(url).await?))
            .await
            .map_err(ended)?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let request = Request::get(path)
        .header(http::header::HOST, host)
        .body(Empty::<Bytes>::new())
        .map_err(|_| Trouble::Address(url.to_owned()))?;
    let answered = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    };
    tokio::select! {
        answered = answered => answered.map_err(ended),
        closed = connection => Err(Trouble::Ended {
            wanted: url.to_owned(),
            how: closed.err().map_or_else(|| "closed".to_owned(), |error| error.to_string()),
        }),
    }
}
