//! The bodies of the HTTP API's answers.

use serde::{Deserialize, Serialize};

/// The answer to `GET /healthz` of a stage that works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// How it is.
    pub status: HealthStatus,
    /// The stage.
    pub stage: String,
    /// The version of the functions.
    pub version: String,
}

/// How a stage is that answers for itself; one that is not well answers with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HealthStatus {
    /// It works.
    Ok,
}

/// The body of every answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpError {
    /// The kind of error.
    pub code: HttpErrorCode,
    /// A sentence for people.
    pub message: String,
}

/// Why a request was not granted; the set is closed and part of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HttpErrorCode {
    /// The stage does not work just now.
    Unavailable,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bodies_have_their_golden_form() {
        let (stage, version) = ("prod".to_owned(), "0.1.0".to_owned());
        let health = Health { status: HealthStatus::Ok, stage, version };
        assert_eq!(json!(health), json!({"status": "ok", "stage": "prod", "version": "0.1.0"}));
        let error = HttpError { code: HttpErrorCode::Unavailable, message: "later".to_owned() };
        assert_eq!(json!(error), json!({"code": "Unavailable", "message": "later"}));
    }
}
