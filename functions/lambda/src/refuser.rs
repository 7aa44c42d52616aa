//! Handing a refusal to the function that delivers it, asynchronously.

use std::time::Duration;

use chatctl_domain::{Fault, RefusalNotice, Refuser};
use http::{Method, StatusCode};

use crate::host::Host;
use crate::http::{Kind, Outgoing};
use crate::settings::required;

/// The call's time.
const TIMEOUT: Duration = Duration::from_secs(3);

impl Refuser for Host {
    async fn refuse(&self, notice: &RefusalNotice) -> Result<(), Fault> {
        let function = required("FUNCTION_REFUSEHANDLER")?;
        let body = serde_json::to_vec(notice).map_err(|error| Fault(error.to_string()))?;
        let outgoing = Outgoing {
            method: Method::POST,
            path: &format!("/2015-03-31/functions/{function}/invocations"),
            kind: Kind::Event,
            body: body.into(),
            timeout: TIMEOUT,
        };
        let answer = self.service("lambda")?.send(outgoing).await?;
        match answer.status {
            StatusCode::ACCEPTED => Ok(()),
            status => Err(Fault(format!("Invoke {function}: {}", status.as_u16()))),
        }
    }
}
