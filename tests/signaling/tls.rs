//! The same port over TLS, with the certificate that the host made for itself.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::support::{Cloud, Peer};

async fn connector(cloud: &Cloud) -> TlsConnector {
    // The first who asks for TLS has the certificate made.
    let mut first = TcpStream::connect(("127.0.0.1", cloud.port)).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut first, &[22]).await.unwrap();
    let path = cloud.state.certificate();
    while !path.is_file() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&path).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_is_as_good_with_tls_as_without() {
    let cloud = Cloud::new().await;
    assert!(!cloud.state.certificate().exists(), "nothing is made before it is needed");
    let channel = cloud.channel("room").await;
    let connector = connector(&cloud).await;
    let url = cloud.url(&channel, Some("v")).replacen("ws://", "wss://", 1);
    let stream = TcpStream::connect(("127.0.0.1", cloud.port)).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream = connector.connect(name, stream).await.unwrap();
    let mut viewer = Peer::over(Box::new(stream), &url).await.unwrap();
    let mut master = cloud.master(&channel).await;
    viewer.say("SDP_OFFER", "e30=", None).await;
    assert_eq!(master.hears().await["senderClientId"], "v");
    let key = std::fs::metadata(cloud.state.certificate_key()).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}
