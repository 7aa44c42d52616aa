//! The one binary of every function: `_HANDLER` says which of them this process is.

mod attribute;
mod channels;
mod connections;
mod dynamo;
mod event;
mod function;
mod host;
mod http;
mod http_api;
mod ice;
mod journal;
mod refuser;
mod secret;
mod settings;
mod sign;
mod store;
mod turn;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

use function::Function;
use host::Host;

/// A message to a room is some fifty small requests, whose buffers this allocator turns over faster
/// than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    journal::start();
    let function = Function::from_env()?;
    let host = Host::from_env()?;
    let (function, host) = (&function, &host);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let LambdaEvent { payload, context } = event;
        function.invoke(host, payload, context.request_id).await.map_err(Error::from)
    }))
    .await
}
