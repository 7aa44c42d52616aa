//! One HTTP client for every service: plain for `http://`, with TLS for the rest.
//!
//! What TLS needs (the system's roots, `AWS_CA_BUNDLE`, the proxy's address) is read when the first
//! `https://` address is called, so a stage on a loopback address never pays for it.

use std::sync::{Arc, LazyLock};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// A client for loopback addresses and AWS alike; `roots` are certificates in PEM to trust beside
/// the system's own.
pub(super) fn client(roots: Option<Vec<u8>>) -> SharedHttpClient {
    let make: Make = Box::new(move || with_tls(roots.clone()));
    SharedHttpClient::new(ByScheme {
        plain: Builder::new().build_http(),
        tls: Arc::new(LazyLock::new(make)),
    })
}

type Make = Box<dyn FnOnce() -> SharedHttpClient + Send>;
type Tls = Arc<LazyLock<SharedHttpClient, Make>>;

#[derive(Debug)]
struct ByScheme {
    plain: SharedHttpClient,
    tls: Tls,
}

impl HttpClient for ByScheme {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Chosen {
            plain: self.plain.http_connector(settings, components),
            tls: self.tls.clone(),
            settings: settings.clone(),
            components: components.clone(),
        })
    }
}

#[derive(Debug)]
struct Chosen {
    plain: SharedHttpConnector,
    tls: Tls,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for Chosen {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if request.uri().starts_with("http://") {
            return self.plain.call(request);
        }
        self.tls.http_connector(&self.settings, &self.components).call(request)
    }
}

fn with_tls(roots: Option<Vec<u8>>) -> SharedHttpClient {
    let store = TrustStore::default();
    let store = match roots {
        Some(pem) => store.with_pem_certificate(pem),
        None => store,
    };
    let context = TlsContext::builder().with_trust_store(store).build().unwrap_or_default();
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        let connector = connector.tls_provider(Provider::Rustls(CryptoMode::Ring));
        connector.tls_context(context.clone()).build()
    })
}
