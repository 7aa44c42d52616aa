//! The HTTP API: the stage answers for itself.

use chatctl_protocol::{Health, HttpError};
use http::StatusCode;
use serde_json::Value;

use super::fetch::fetch;
use super::{Endpoints, Trouble};

/// The route that is asked.
pub const HEALTH_ROUTE: &str = "GET /healthz";

/// The stage says that it is well, and is the stage that was meant.
pub(super) async fn check(api: &str, endpoints: &Endpoints) -> Result<(), Trouble> {
    let url = format!("{}/healthz", api.trim_end_matches('/'));
    let (status, body) = fetch(&url, endpoints.patience).await?;
    let body = String::from_utf8_lossy(&body);
    let health = serde_json::from_str::<Health>(&body).ok().filter(|_| status == StatusCode::OK);
    match health {
        Some(health) if health.stage == endpoints.stage => Ok(()),
        _ => Err(trouble(&url, status, &body, endpoints)),
    }
}

fn trouble(url: &str, status: StatusCode, body: &str, endpoints: &Endpoints) -> Trouble {
    let told: Value = serde_json::from_str(body).unwrap_or_default();
    if let Ok(HttpError { code, message }) = serde_json::from_str(body) {
        return Trouble::Refused { code: format!("{code:?}"), message };
    }
    if status.is_server_error() && told["message"].is_string() {
        return Trouble::Gateway(format!("HTTP {status}: {body}"));
    }
    let wanted = format!("HTTP 200 and the health of the stage {} from {url}", endpoints.stage);
    Trouble::unexpected(wanted, format!("{status}: {body}"))
}
