//! TLS on the host's own port, with a certificate that is made for this machine when it is first
//! needed.
//!
//! One port serves both: a TLS connection begins with a byte that no HTTP request begins with. So an
//! address that was signed for `ws://` is as good over `wss://`.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, DnType, KeyPair};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use crate::local::state::StateDir;
use crate::whole;

/// The first byte of a TLS connection: a record of the handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// Some browsers trust no certificate for longer than 825 days.
const VALID: Duration = Duration::from_secs(820 * 86_400);

/// A certificate that is older than this is made anew at the next start.
const KEPT: Duration = Duration::from_secs(730 * 86_400);

/// The host's TLS; nothing is read or made before the first connection that needs it.
#[derive(Default)]
pub struct Tls(OnceCell<TlsAcceptor>);

/// Whether a connection begins as TLS does. Waits for its first byte and leaves it there.
pub async fn begins_as_tls(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first).await? == 1 && first[0] == HANDSHAKE)
}

impl Tls {
    /// Takes a connection over.
    pub async fn accept(
        &self,
        stream: TcpStream,
        state: &StateDir,
    ) -> io::Result<TlsStream<TcpStream>> {
        let acceptor = self.0.get_or_try_init(async || acceptor(state)).await?;
        acceptor.accept(stream).await
    }
}

fn acceptor(state: &StateDir) -> io::Result<TlsAcceptor> {
    let (certificate, key) = (state.certificate(), state.certificate_key());
    let made = fs::metadata(&certificate).and_then(|found| found.modified());
    let is_young =
        made.is_ok_and(|made| SystemTime::now().duration_since(made).is_ok_and(|age| age < KEPT));
    if !is_young || !key.is_file() {
        make(&certificate, &key)?;
    }
    let chain = CertificateDer::from_pem_slice(&fs::read(&certificate)?);
    let chain = vec![chain.map_err(io::Error::other)?];
    let key = PrivateKeyDer::from_pem_slice(&fs::read(&key)?).map_err(io::Error::other)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key));
    Ok(TlsAcceptor::from(Arc::new(config.map_err(io::Error::other)?)))
}

/// Makes a certificate for the loopback names, which only its owner can use and anyone can trust.
fn make(certificate: &Path, key: &Path) -> io::Result<()> {
    if let Some(folder) = certificate.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, "chatctl stage local");
    let now = SystemTime::now();
    params.not_before = (now - Duration::from_secs(3600)).into();
    params.not_after = (now + VALID).into();
    let pair = KeyPair::generate().map_err(io::Error::other)?;
    let signed = params.self_signed(&pair).map_err(io::Error::other)?;
    write(key, &pair.serialize_pem())?;
    write(certificate, &signed.pem())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    whole::replace(path, whole::PRIVATE, |file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    })
}
