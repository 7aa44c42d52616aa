//! Signed requests over kept-alive connections: the one way out of a function.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use chatctl_domain::Fault;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::sign::{Identity, Signable, Signer};

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const INVOCATION: HeaderName = HeaderName::from_static("x-amz-invocation-type");

/// How long a connection attempt may take.
const CONNECT: Duration = Duration::from_secs(2);

/// How long an idle connection is kept; the services close theirs later.
const IDLE: Duration = Duration::from_secs(20);

/// The network, shared by every service of a function. TLS is set up only where an address asks for
/// it: its roots cost a cold start milliseconds that the stage `local` need not pay.
#[derive(Debug)]
pub(crate) struct Network {
    identity: Identity,
    plain: OnceLock<Client<HttpConnector, Full<Bytes>>>,
    secure: OnceLock<Client<HttpsConnector<HttpConnector>, Full<Bytes>>>,
}

/// One service at one address.
#[derive(Debug)]
pub(crate) struct Endpoint {
    network: Arc<Network>,
    signer: Signer,
    base: String,
    authority: String,
}

/// A request to an endpoint.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) method: Method,
    /// Appended to the endpoint's address; already percent-encoded.
    pub(crate) path: &'a str,
    pub(crate) kind: Kind<'a>,
    pub(crate) body: Bytes,
    pub(crate) timeout: Duration,
}

/// How the service is told what is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind<'a> {
    /// The path says it all.
    Plain,
    /// AWS's JSON protocols: the operation in a header.
    Target(&'a str, &'static str),
    /// Lambda's asynchronous invocation.
    Event,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Network {
    pub(crate) fn new(identity: Identity) -> Self {
        Self { identity, plain: OnceLock::new(), secure: OnceLock::new() }
    }

    /// The region that the function runs in.
    pub(crate) fn region(&self) -> &str {
        &self.identity.region
    }

    fn plain(&self) -> &Client<HttpConnector, Full<Bytes>> {
        self.plain.get_or_init(|| pool().build(connector()))
    }

    fn secure(&self) -> &Client<HttpsConnector<HttpConnector>, Full<Bytes>> {
        self.secure.get_or_init(|| {
            let mut inner = connector();
            inner.enforce_http(false);
            let tls = HttpsConnectorBuilder::new().with_webpki_roots().https_only().enable_http1();
            pool().build(tls.wrap_connector(inner))
        })
    }
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT));
    connector
}

fn pool() -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_idle_timeout(IDLE).pool_timer(hyper_util::rt::TokioTimer::new());
    builder
}

impl Endpoint {
    /// A service, by the name that signatures carry, at `base` (`scheme://host[:port][/path]`).
    pub(crate) fn new(
        network: Arc<Network>,
        service: &'static str,
        base: &str,
    ) -> Result<Self, Fault> {
        let uri: Uri = base.parse().map_err(|error| Fault(format!("{base}: {error}")))?;
        let authority = uri.authority().ok_or_else(|| Fault(format!("{base} names no host")))?;
        let authority = authority.as_str().to_owned();
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { network, signer: Signer::new(service), base, authority })
    }

    /// Sends one request and reads the whole answer.
    ///
    /// # Errors
    /// Where no answer came: no connection, a broken one, or none in time.
    pub(crate) async fn send(&self, outgoing: Outgoing<'_>) -> Result<Answer, Fault> {
        let timeout = outgoing.timeout;
        let request = self.request(outgoing)?;
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault(format!("no answer within {} ms", timeout.as_millis()))),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, Fault> {
        let secure = request.uri().scheme_str() == Some("https");
        let sent = match secure {
            true => self.network.secure().request(request).await,
            false => self.network.plain().request(request).await,
        };
        let response = sent.map_err(|error| Fault(reason(&error)))?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| Fault(reason(&error)))?;
        Ok(Answer { status, body: body.to_bytes() })
    }

    fn request(&self, outgoing: Outgoing<'_>) -> Result<Request<Full<Bytes>>, Fault> {
        let Outgoing { method, path, kind, body, timeout: _ } = outgoing;
        let address = format!("{}{path}", self.base);
        let uri: Uri = address.parse().map_err(|error| Fault(format!("{address}: {error}")))?;
        let signable = Signable {
            method: method.as_str(),
            host: &self.authority,
            path: uri.path(),
            body: &body,
        };
        let mut headers = self.signer.sign(&self.network.identity, signable, SystemTime::now())?;
        match kind {
            Kind::Plain => {}
            Kind::Target(operation, content) => {
                let operation =
                    HeaderValue::from_str(operation).map_err(|error| Fault(error.to_string()))?;
                headers.insert(TARGET, operation);
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(content));
            }
            Kind::Event => {
                headers.insert(INVOCATION, HeaderValue::from_static("Event"));
            }
        }
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// An error with its causes: the outermost one alone says only that something failed.
fn reason(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}
