//! Signed requests over kept-alive connections: the one way out of a function.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

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
const REFUSAL: HeaderName = HeaderName::from_static("x-amzn-errortype");
const INVOCATION: HeaderName = HeaderName::from_static("x-amz-invocation-type");

/// How long a connection attempt may take.
const CONNECT: Duration = Duration::from_secs(2);

/// How long an idle connection is kept; the services close theirs later.
const IDLE: Duration = Duration::from_secs(20);

/// The network, shared by every service of a function. TLS is set up only where an address asks for
/// it: its roots cost a cold start milliseconds that the stage `local` need not pay.
#[derive(Debug)]
pub(crate) struct Network {
    identity: Arc<Identity>,
    plain: OnceLock<Client<HttpConnector, Full<Bytes>>>,
    plain_http2: OnceLock<Client<HttpConnector, Full<Bytes>>>,
    secure: OnceLock<Client<HttpsConnector<HttpConnector>, Full<Bytes>>>,
}

/// What an address without TLS speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    /// One request at a time on a connection.
    Http1,
    /// Many at a time.
    Http2,
}

/// Over which of the network's clients an address is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Plain(Speech),
    Secure,
}

/// One service at one address.
#[derive(Debug)]
pub(crate) struct Endpoint {
    network: Arc<Network>,
    identity: Arc<Identity>,
    signer: Signer,
    base: String,
    authority: String,
    way: Way,
    vanguard: Vanguard,
}

/// Lets one request go ahead where no connection is open, as far as is known: the handshake settles
/// whether the others fit onto that connection, and fifty at once would open fifty.
#[derive(Debug, Default)]
struct Vanguard {
    turn: tokio::sync::Mutex<()>,
    /// When the last answer came; held for an instruction, never across an await.
    answered: Mutex<Option<Instant>>,
}

impl Vanguard {
    /// The right to go ahead, held until the answer; none where nobody need wait.
    async fn ahead(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        if self.is_open() {
            return None;
        }
        let turn = self.turn.lock().await;
        (!self.is_open()).then_some(turn)
    }

    fn is_open(&self) -> bool {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.is_some_and(|at| at.elapsed() < IDLE / 2)
    }

    fn opened(&self) {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
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
    /// A body of this type; the path says the rest.
    Content(&'static str),
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The kind of refusal, where AWS's REST protocols name one in a header; else empty.
    pub(crate) refusal: String,
    pub(crate) body: Bytes,
}

impl Network {
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            identity: Arc::new(identity),
            plain: OnceLock::new(),
            plain_http2: OnceLock::new(),
            secure: OnceLock::new(),
        }
    }

    /// The region that the function runs in.
    pub(crate) fn region(&self) -> &str {
        &self.identity.region
    }

    fn plain(&self) -> &Client<HttpConnector, Full<Bytes>> {
        self.plain.get_or_init(|| pool().build(connector()))
    }

    fn plain_http2(&self) -> &Client<HttpConnector, Full<Bytes>> {
        self.plain_http2.get_or_init(|| pool().http2_only(true).build(connector()))
    }

    fn secure(&self) -> &Client<HttpsConnector<HttpConnector>, Full<Bytes>> {
        self.secure.get_or_init(|| {
            let mut inner = connector();
            inner.enforce_http(false);
            let tls = HttpsConnectorBuilder::new().with_webpki_roots().https_only();
            pool().build(tls.enable_all_versions().wrap_connector(inner))
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
    /// A service, by the name that signatures carry, at `base` (`scheme://host[:port][/path]`), which
    /// without TLS speaks `plain`.
    pub(crate) fn new(
        network: Arc<Network>,
        service: &'static str,
        base: &str,
        plain: Speech,
    ) -> Result<Self, Fault> {
        let uri: Uri = base.parse().map_err(|error| Fault(format!("{base}: {error}")))?;
        let authority = uri.authority().ok_or_else(|| Fault(format!("{base} names no host")))?;
        let authority = authority.as_str().to_owned();
        let way = match uri.scheme_str() {
            Some("https") => Way::Secure,
            _ => Way::Plain(plain),
        };
        let base = base.trim_end_matches('/').to_owned();
        let (signer, vanguard) = (Signer::new(service), Vanguard::default());
        let identity = Arc::clone(&network.identity);
        Ok(Self { network, identity, signer, base, authority, way, vanguard })
    }

    /// The same endpoint, asked by somebody else than the function itself.
    pub(crate) fn acting(self, identity: Arc<Identity>) -> Self {
        let signer = Signer::new(self.signer.service());
        Self { identity, signer, ..self }
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
        let sent = match self.way {
            Way::Plain(Speech::Http1) => self.network.plain().request(request).await,
            Way::Plain(Speech::Http2) => self.network.plain_http2().request(request).await,
            Way::Secure => {
                let _ahead = self.vanguard.ahead().await;
                let sent = self.network.secure().request(request).await;
                if sent.is_ok() {
                    self.vanguard.opened();
                }
                sent
            }
        };
        let response = sent.map_err(|error| Fault(reason(&error)))?;
        let status = response.status();
        let refusal = response.headers().get(REFUSAL).and_then(|name| name.to_str().ok());
        let refusal = refusal.unwrap_or_default().to_owned();
        let body = response.into_body().collect().await.map_err(|error| Fault(reason(&error)))?;
        Ok(Answer { status, refusal, body: body.to_bytes() })
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
        let mut headers = self.signer.sign(&self.identity, signable, SystemTime::now())?;
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
            Kind::Content(content) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(content));
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn one_goes_ahead_and_the_others_wait_for_its_answer() {
        let vanguard = Vanguard::default();
        let first = vanguard.ahead().now_or_never().expect("nobody is before it");
        assert!(first.is_some());
        let mut second = std::pin::pin!(vanguard.ahead());
        assert!(second.as_mut().now_or_never().is_none(), "the first has no answer yet");
        vanguard.opened();
        drop(first);
        assert!(second.now_or_never().expect("its turn").is_none(), "nobody waits for it");
        assert!(vanguard.ahead().now_or_never().expect("no wait").is_none());
    }

    #[test]
    fn where_the_first_fails_the_next_goes_ahead() {
        let vanguard = Vanguard::default();
        drop(vanguard.ahead().now_or_never());
        assert!(vanguard.ahead().now_or_never().expect("its turn").is_some());
    }
}
