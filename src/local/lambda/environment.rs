//! What a process finds in its environment: what AWS puts there, and nothing of the host's own.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::{FunctionConfig, LambdaSettings};
use crate::local::credentials::Keys;

/// What is particular to one instance.
pub struct Particulars<'a> {
    pub keys: &'a Keys,
    pub runtime_api: SocketAddr,
    pub log_stream: &'a str,
}

/// The whole environment. A function's own variables may change the conventional ones but not the
/// reserved ones, as on AWS.
pub fn environment(
    settings: &LambdaSettings,
    config: &FunctionConfig,
    particulars: &Particulars<'_>,
) -> BTreeMap<String, String> {
    let root = config.bootstrap.parent().unwrap_or(&config.bootstrap).display().to_string();
    let mut all: BTreeMap<String, String> = conventional(&root).into();
    all.extend(config.environment.clone());
    all.extend(reserved(settings, config, particulars, root));
    all.extend(particulars.keys.session_token.clone().map(|t| ("AWS_SESSION_TOKEN".to_owned(), t)));
    all
}

fn conventional(root: &str) -> [(String, String); 8] {
    [
        ("TZ", ":UTC".to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin".to_owned()),
        ("LD_LIBRARY_PATH", format!("/lib64:/usr/lib64:{root}:{root}/lib:/opt/lib")),
        ("AWS_LAMBDA_LOG_LEVEL", "INFO".to_owned()),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned()),
        ("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000".to_owned()),
        ("LAMBDA_RUNTIME_DIR", root.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

fn reserved(
    settings: &LambdaSettings,
    config: &FunctionConfig,
    particulars: &Particulars<'_>,
    root: String,
) -> [(String, String); 17] {
    [
        ("_HANDLER", config.handler.clone()),
        ("LAMBDA_TASK_ROOT", root),
        ("AWS_LAMBDA_RUNTIME_API", particulars.runtime_api.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", config.physical.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", config.memory_mb.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", config.log_group.clone()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", particulars.log_stream.to_owned()),
        ("AWS_REGION", settings.region.clone()),
        ("AWS_DEFAULT_REGION", settings.region.clone()),
        ("AWS_ACCESS_KEY_ID", particulars.keys.access_key_id.clone()),
        ("AWS_SECRET_ACCESS_KEY", particulars.keys.secret_access_key.clone()),
        ("AWS_ENDPOINT_URL", settings.endpoint.clone()),
        ("CONNECTIONS_ENDPOINT", settings.connections_endpoint.clone()),
        // With TLS the two sides settle it; here there is none.
        ("CONNECTIONS_HTTP2", "prior-knowledge".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}
