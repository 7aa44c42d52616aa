//! Opens a connection to a URL's host: plain, or TLS with the system's roots. Roots are read only
//! when a secure address is dialled.

use std::sync::Arc;

use http::Uri;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::Trouble;

/// A connection, whatever carries it.
pub(super) trait Line: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Line for T {}

/// Connects to the host of a `ws`, `wss`, `http` or `https` URL.
pub(super) async fn dial(url: &str) -> Result<Box<dyn Line>, Trouble> {
    let not_one = || Trouble::Address(url.to_owned());
    let uri: Uri = url.parse().map_err(|_| not_one())?;
    let secure = match uri.scheme_str() {
        Some("ws" | "http") => false,
        Some("wss" | "https") => true,
        _ => return Err(not_one()),
    };
    let host = uri.host().ok_or_else(not_one)?;
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let unreachable =
        |reason: String| Trouble::Unreachable { address: format!("{host}:{port}"), reason };
    let stream =
        TcpStream::connect((host, port)).await.map_err(|error| unreachable(error.to_string()))?;
    // Frames are small, and each waits for the answer to the one before.
    stream.set_nodelay(true).map_err(|error| unreachable(error.to_string()))?;
    if !secure {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(host.to_owned()).map_err(|_| not_one())?;
    let secured = connector().map_err(unreachable)?.connect(name, stream).await;
    Ok(Box::new(secured.map_err(|error| unreachable(error.to_string()))?))
}

fn connector() -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
