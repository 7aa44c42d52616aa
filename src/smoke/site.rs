//! The web app as a browser first asks for it.

use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::dial::dial;
use super::{Endpoints, Trouble};

/// The page is there, and its configuration names the very WebSocket that is tried next.
pub(super) async fn check(site: &str, endpoints: &Endpoints) -> Result<(), Trouble> {
    let site = site.trim_end_matches('/');
    let page = get(&format!("{site}/"), endpoints).await?;
    if !String::from_utf8_lossy(&page).contains("<") {
        return Err(Trouble::unexpected("a page of HTML", String::from_utf8_lossy(&page)));
    }
    let address = format!("{site}/config.json");
    let config = get(&address, endpoints).await?;
    let config: Value = serde_json::from_slice(&config)
        .map_err(|error| Trouble::unexpected(format!("JSON from {address}"), error))?;
    let named = config["webSocketUrl"].as_str().unwrap_or_default().trim_end_matches('/');
    if named == endpoints.web_socket_url.trim_end_matches('/') {
        return Ok(());
    }
    Err(Trouble::unexpected(
        format!("webSocketUrl {} in {address}", endpoints.web_socket_url),
        named,
    ))
}

async fn get(url: &str, endpoints: &Endpoints) -> Result<Bytes, Trouble> {
    let patience = endpoints.patience;
    let late = |_| Trouble::Late { wanted: url.to_owned(), patience };
    let (status, body) = tokio::time::timeout(patience, fetch(url)).await.map_err(late)??;
    if status == StatusCode::OK {
        return Ok(body);
    }
    Err(Trouble::unexpected(format!("HTTP 200 from {url}"), status))
}

async fn fetch(url: &str) -> Result<(StatusCode, Bytes), Trouble> {
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
    let exchange = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    };
    tokio::select! {
        answered = exchange => answered.map_err(ended),
        closed = connection => Err(Trouble::Ended {
            wanted: url.to_owned(),
            how: closed.err().map_or_else(|| "closed".to_owned(), |error| error.to_string()),
        }),
    }
}
