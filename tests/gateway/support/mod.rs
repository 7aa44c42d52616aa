//! APIs of a test's own: a gateway on a free port, an HTTP API, and one function behind all routes.

#[path = "../../support/answered.rs"]
mod answered;
mod client;
mod raw;

pub use answered::Answered;
pub use client::{Client, Refused};
pub use raw::{Raw, frame, handshake};

use std::convert::Infallible;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use chatctl::local::answer::Call;
use chatctl::local::credentials::{Caller, Credentials, Keys};
use chatctl::local::faults::Faults;
use chatctl::local::gateway::{
    Authorizer, Gateway, GatewayLimits, GatewaySettings, HttpApi, HttpLimits, HttpTarget, Route,
    RouteResponse,
};
use chatctl::local::iam::Access;
use chatctl::local::lambda::{FunctionConfig, Lambda, LambdaSettings};
use chatctl::local::logs::LogStore;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The function's physical name.
pub const FUNCTION: &str = "chat-local-Everything";

/// The routes of the HTTP API.
const HTTP_ROUTES: [&str; 3] = ["GET /act", "POST /rooms/{roomId}/join", "POST /rooms/open/join"];

/// How long anything may take that is to happen.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How an API differs from the usual one.
pub struct Setup {
    pub limits: GatewayLimits,
    pub http: HttpLimits,
    /// Routes beside `$connect` and `$disconnect`.
    pub routes: Vec<(&'static str, RouteResponse)>,
    pub authorizer: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let routes = vec![("$default", RouteResponse::None), ("act", RouteResponse::None)];
        let (limits, http) = (GatewayLimits::default(), HttpLimits::default());
        Self { limits, http, routes, authorizer: false }
    }
}

/// A running API.
pub struct Api {
    folder: TempDir,
    lambda: Lambda,
    pub gateway: Gateway,
    pub http: HttpApi,
    pub faults: Faults,
    pub access: Access,
    pub address: SocketAddr,
}

impl Api {
    pub async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn limited(limits: GatewayLimits) -> Self {
        Self::with(Setup { limits, ..Setup::default() }).await
    }

    pub async fn with(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let access = Access::new("000000000000", |_| {});
        let faults = Faults::default();
        let lambda = lambda(&folder, &access, &faults);
        lambda.configure(vec![function(&folder)]).await;
        let settings = GatewaySettings {
            api_id: "local".to_owned(),
            stage: "local".to_owned(),
            region: "us-east-1".to_owned(),
            account: "000000000000".to_owned(),
            limits: setup.limits,
        };
        let gateway = Gateway::new(settings, lambda.clone(), access.clone(), faults.clone());
        gateway.configure(routes(&setup.routes, setup.authorizer));
        let http = HttpApi::new("000000000000", lambda.clone(), faults.clone(), setup.http.clone());
        http.configure(HTTP_ROUTES.map(target).into());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, gateway.clone()));
        let timed = gateway.clone();
        tokio::spawn(async move { timed.enforce_time_limits().await });
        Self { folder, lambda, gateway, http, faults, access, address }
    }

    /// Ends the function's processes.
    pub async fn end(self) {
        self.lambda.shutdown().await;
    }

    /// A request to the HTTP API.
    pub async fn ask(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answered {
        let request = Request::builder().method(method).uri(path).body(()).unwrap();
        let parts = request.into_parts().0;
        let answer = self.http.handle(&parts, body.into(), self.address.ip()).await;
        Answered::read(answer).await
    }

    /// Connects, which has to succeed.
    pub async fn connect(&self, query: &str) -> Client {
        self.try_connect(query, &[]).await.unwrap_or_else(|refused| panic!("{refused:?}"))
    }

    /// Connects with headers of one's own.
    pub async fn try_connect(
        &self,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Client, Refused> {
        Client::connect(self.address, query, headers).await
    }

    /// A request to @connections by the operator.
    pub async fn call(&self, method: Method, id: &str, body: impl Into<Bytes>) -> Answered {
        let path = format!("/local/@connections/{}", id.replace('=', "%3D"));
        self.call_as("operator", method, &path, body).await
    }

    /// Posts a text as the operator; its status.
    pub async fn post(&self, id: &str, text: &str) -> u16 {
        self.call(Method::POST, id, text.to_owned()).await.status
    }

    /// A request to a path by a function, or by the operator.
    pub async fn call_as(
        &self,
        caller: &str,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Answered {
        let client = HttpClient::builder(TokioExecutor::new()).build_http();
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("x-caller", caller)
            .body(Full::new(body.into()))
            .unwrap();
        Answered::read(client.request(request).await.unwrap()).await
    }

    /// What the function wrote of its invocations, both when they began and when they ended.
    pub fn records(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(record(&self.folder)).unwrap_or_default();
        // What comes after the last line's end is still being written.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The events of a type that reached the function.
    pub fn events(&self, event_type: &str) -> Vec<Value> {
        let began = self.records().into_iter().filter(|record| record.get("began").is_some());
        let events = began.map(|mut record| record["event"].take());
        let of_type = |event: &Value| event["requestContext"]["eventType"] == event_type;
        events.filter(of_type).collect()
    }

    /// The first event of a type, once there is one.
    pub async fn event(&self, event_type: &str) -> Value {
        self.nth_event(event_type, 1).await
    }

    /// The nth event of a type, counted from one, once there are so many.
    pub async fn nth_event(&self, event_type: &str, n: usize) -> Value {
        until(|| self.events(event_type).len() >= n).await;
        self.events(event_type).swap_remove(n - 1)
    }
}

/// Waits until something holds.
pub async fn until(mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it came to hold");
}

fn record(folder: &TempDir) -> PathBuf {
    folder.path().join("record")
}

fn routes(messages: &[(&str, RouteResponse)], authorized: bool) -> Vec<Route> {
    let route = |key: &str, response, authorizer| Route {
        key: key.to_owned(),
        function: FUNCTION.to_owned(),
        response,
        authorizer,
    };
    let authorizer = authorized.then(|| Authorizer {
        function: FUNCTION.to_owned(),
        identity_sources: vec!["route.request.querystring.token".to_owned()],
    });
    let mut routes = vec![
        route("$connect", RouteResponse::None, authorizer),
        route("$disconnect", RouteResponse::None, None),
    ];
    routes.extend(messages.iter().map(|(key, response)| route(key, *response, None)));
    routes
}

fn target(route: &str) -> HttpTarget {
    HttpTarget { route: route.parse().unwrap(), function: FUNCTION.to_owned() }
}

fn lambda(folder: &TempDir, access: &Access, faults: &Faults) -> Lambda {
    let settings = LambdaSettings {
        endpoint: "http://127.0.0.1:1".to_owned(),
        connections_endpoint: "http://127.0.0.1:1/local".to_owned(),
        region: "us-east-1".to_owned(),
        account: "000000000000".to_owned(),
    };
    let logs = LogStore::open(&folder.path().join("logs.sqlite")).unwrap();
    let credentials = Credentials::new(Keys::generate_user().unwrap());
    Lambda::new(settings, logs, credentials, access.clone(), faults.clone())
}

fn function(folder: &TempDir) -> FunctionConfig {
    let record = record(folder).display().to_string();
    FunctionConfig {
        physical: FUNCTION.to_owned(),
        handler: "EverythingHandler".to_owned(),
        bootstrap: install(folder),
        code_sha256: "first".to_owned(),
        memory_mb: 128,
        timeout_s: 10,
        environment: [("RECORD".to_owned(), record)].into(),
        log_group: format!("/aws/lambda/{FUNCTION}"),
    }
}

/// Puts the bootstrap there, for the Python that is on this machine: its environment will be clean.
fn install(folder: &TempDir) -> PathBuf {
    let found = std::process::Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .expect("python3 runs");
    let python = String::from_utf8(found.stdout).unwrap();
    let script = include_str!("../../fixtures/gateway/bootstrap.py");
    let path = folder.path().join("bootstrap");
    std::fs::write(&path, format!("#!{} -S\n{script}", python.trim())).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Serves as the host does, but takes the caller's word for who it is: signatures are not the
/// gateway's affair.
async fn serve(listener: TcpListener, gateway: Gateway) {
    loop {
        let (stream, peer) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let gateway = gateway.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let gateway = gateway.clone();
            async move {
                if !request.headers().contains_key("x-caller") {
                    return Ok::<_, Infallible>(gateway.handshake(request, peer).await);
                }
                let (parts, body) = request.into_parts();
                let caller = match parts.headers["x-caller"].to_str().unwrap() {
                    "operator" => Caller::Operator,
                    function => Caller::Function(function.into()),
                };
                let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                Ok(gateway.callback(Call { caller, parts, body }).await)
            }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::spawn(connection);
    }
}
