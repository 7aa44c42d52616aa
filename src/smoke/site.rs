//! The web app as a browser first asks for it.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::fetch::fetch;
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
    let (status, body) = fetch(url, endpoints.patience).await?;
    if status == StatusCode::OK {
        return Ok(body);
    }
    Err(Trouble::unexpected(format!("HTTP 200 from {url}"), status))
}
