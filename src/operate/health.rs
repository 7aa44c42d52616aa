//! What a stage on AWS is judged by, and the verdict. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::aws::{Alarm, LiveFunction, TableState};
use crate::package::CodeHash;
use crate::stack::{Function, Table};

/// How a stage is.
#[derive(Debug, Clone)]
pub struct Health {
    /// The stack's status.
    pub stack_status: String,
    /// Its functions, in the manifest's order.
    pub functions: Vec<FunctionHealth>,
    /// Its tables.
    pub tables: Vec<TableHealth>,
    /// What went through its APIs.
    pub traffic: Traffic,
    /// Its alarms.
    pub alarms: Vec<Alarm>,
}

/// What all of it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Nothing is wrong.
    Healthy,
    /// It changes right now.
    Changing,
    /// Something wants a look.
    Attention,
    /// Something is broken.
    Broken,
}

/// A function and its last hour.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionHealth {
    /// The logical name.
    pub handler: String,
    /// The version that callers get; none if the function is not there.
    pub version: Option<String>,
    /// The SHA-256 of its zip, as Lambda has it.
    pub code_sha256: Option<String>,
    /// Whether that code is not what the stack deployed.
    pub drifted: bool,
    /// How often it ran.
    pub invocations: f64,
    /// How often it failed.
    pub errors: f64,
    /// How often Lambda refused to run it.
    pub throttles: f64,
    /// The worst 95th percentile of five minutes, ms.
    pub p95_millis: Option<f64>,
}

/// A table and its last hour.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TableHealth {
    /// The logical name.
    pub name: String,
    /// The name in DynamoDB.
    pub physical_name: String,
    /// Such as `ACTIVE`; none if the table is not there.
    pub status: Option<String>,
    /// How many items DynamoDB says it has; counted every six hours.
    pub items: Option<u64>,
    /// How many requests it refused as too many.
    pub throttles: f64,
}

/// The last hour of the APIs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    /// Since when it is counted.
    pub since: String,
    /// Connections that were opened.
    pub connects: f64,
    /// Messages in either direction.
    pub messages: f64,
    /// Messages that clients sent wrongly.
    pub client_errors: f64,
    /// Messages whose function failed.
    pub integration_errors: f64,
    /// Messages that API Gateway could not pass on.
    pub execution_errors: f64,
    /// Requests of the HTTP API.
    pub http_requests: f64,
    /// Those of them that were answered with 500 or more.
    pub http_errors: f64,
}

/// Figures by metric and thing, and by metric of the APIs.
#[derive(Debug, Default)]
pub(super) struct Counted(
    pub(super) BTreeMap<(&'static str, String), f64>,
    pub(super) BTreeMap<&'static str, f64>,
);

impl FunctionHealth {
    pub(super) fn of(
        function: &Function,
        live: Option<LiveFunction>,
        deployed: &str,
        counted: &Counted,
    ) -> Self {
        let count = |metric| counted.get(metric, &function.physical);
        let LiveFunction { version, code_sha256 } = match live {
            Some(live) => live,
            None => return Self::missing(function),
        };
        Self {
            handler: function.logical.clone(),
            version: Some(version),
            drifted: !deployed.is_empty() && !is_same_code(&code_sha256, deployed),
            code_sha256: Some(code_sha256),
            invocations: count("Invocations").unwrap_or(0.0),
            errors: count("Errors").unwrap_or(0.0),
            throttles: count("Throttles").unwrap_or(0.0),
            p95_millis: count("Duration"),
        }
    }

    fn missing(function: &Function) -> Self {
        Self {
            handler: function.logical.clone(),
            version: None,
            code_sha256: None,
            drifted: true,
            invocations: 0.0,
            errors: 0.0,
            throttles: 0.0,
            p95_millis: None,
        }
    }
}

/// Lambda writes the hash in base64, the stack in hexadecimal digits.
fn is_same_code(live: &str, deployed: &str) -> bool {
    CodeHash::from_hex(deployed).is_some_and(|deployed| deployed.base64() == live)
}

impl TableHealth {
    pub(super) fn of(table: &Table, state: Option<TableState>, counted: &Counted) -> Self {
        let count = |metric| counted.get(metric, &table.physical).unwrap_or(0.0);
        Self {
            name: table.logical.clone(),
            physical_name: table.physical.clone(),
            items: state.as_ref().map(|state| state.items),
            status: state.map(|state| state.status),
            throttles: count("ReadThrottleEvents") + count("WriteThrottleEvents"),
        }
    }
}

impl Traffic {
    /// The metrics of the WebSocket API.
    pub(super) const METRICS: [&'static str; 5] =
        ["ConnectCount", "MessageCount", "ClientError", "IntegrationError", "ExecutionError"];

    /// The metrics of the HTTP API.
    pub(super) const HTTP_METRICS: [&'static str; 2] = ["Count", "5xx"];

    pub(super) fn of(since: Timestamp, counted: &Counted) -> Self {
        let count = |metric| counted.of_api(metric).unwrap_or(0.0);
        let [http_requests, http_errors] = Self::HTTP_METRICS.map(count);
        let [connects, messages, client_errors, integration_errors, execution_errors] =
            Self::METRICS.map(count);
        let since = since.round(jiff::Unit::Second).unwrap_or(since).to_string();
        Self {
            since,
            connects,
            messages,
            client_errors,
            integration_errors,
            execution_errors,
            http_requests,
            http_errors,
        }
    }
}

impl Health {
    /// What all of it comes to, and why.
    pub fn verdict(&self) -> (Verdict, Vec<String>) {
        let mut found = vec![self.of_stack()];
        let ringing = self.alarms.iter().filter(|alarm| alarm.state == "ALARM");
        found.push(counted(Verdict::Attention, ringing.count(), "alarm rings", "alarms ring"));
        let functions = |is: fn(&&FunctionHealth) -> bool| self.functions.iter().filter(is).count();
        let missing = functions(|f| f.version.is_none());
        found.push(counted(
            Verdict::Broken,
            missing,
            "function is missing",
            "functions are missing",
        ));
        let drifted = functions(|f| f.drifted && f.version.is_some());
        let (one, many) = (
            "function runs other code than was deployed",
            "functions run other code than was deployed",
        );
        found.push(counted(Verdict::Attention, drifted, one, many));
        let failing = functions(|f| f.errors > 0.0);
        found.push(counted(Verdict::Attention, failing, "function failed", "functions failed"));
        let throttled = functions(|f| f.throttles > 0.0);
        found.push(counted(
            Verdict::Attention,
            throttled,
            "function was throttled",
            "functions were throttled",
        ));
        let tables = |is: fn(&&TableHealth) -> bool| self.tables.iter().filter(is).count();
        let gone = tables(|t| t.status.is_none());
        found.push(counted(Verdict::Broken, gone, "table is missing", "tables are missing"));
        let throttled = tables(|t| t.throttles > 0.0);
        found.push(counted(
            Verdict::Attention,
            throttled,
            "table was throttled",
            "tables were throttled",
        ));
        let Traffic { integration_errors, execution_errors, http_errors, .. } = self.traffic;
        for (errors, api) in
            [(integration_errors + execution_errors, "WebSocket"), (http_errors, "HTTP")]
        {
            let said = format!("{errors} requests failed in the {api} API");
            found.extend((errors > 0.0).then_some((Verdict::Attention, said)));
        }
        found.retain(|(verdict, _)| *verdict != Verdict::Healthy);
        let worst = found.iter().map(|(verdict, _)| *verdict).max().unwrap_or(Verdict::Healthy);
        (worst, found.into_iter().map(|(_, why)| why).collect())
    }

    fn of_stack(&self) -> (Verdict, String) {
        let status = &self.stack_status;
        let said = format!("the stack is {status}");
        let is_broken = status.contains("FAILED") || status == "ROLLBACK_COMPLETE";
        match (is_broken, status.ends_with("_IN_PROGRESS")) {
            (true, _) => (Verdict::Broken, said),
            (false, true) => (Verdict::Changing, said),
            (false, false) if status == "UPDATE_ROLLBACK_COMPLETE" => {
                (Verdict::Attention, "the last deployment was rolled back".to_owned())
            }
            (false, false) => (Verdict::Healthy, said),
        }
    }
}

fn counted(verdict: Verdict, count: usize, one: &str, many: &str) -> (Verdict, String) {
    match count {
        0 => (Verdict::Healthy, String::new()),
        1 => (verdict, format!("1 {one}")),
        count => (verdict, format!("{count} {many}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(status: &str) -> Health {
        let function = FunctionHealth {
            handler: "PingHandler".into(),
            version: Some("3".into()),
            code_sha256: None,
            drifted: false,
            invocations: 10.0,
            errors: 0.0,
            throttles: 0.0,
            p95_millis: Some(4.0),
        };
        let traffic = Traffic::of(Timestamp::UNIX_EPOCH, &Counted::default());
        let functions = vec![function];
        Health {
            stack_status: status.into(),
            functions,
            tables: Vec::new(),
            traffic,
            alarms: Vec::new(),
        }
    }

    #[test]
    fn the_worst_decides_and_everything_is_said() {
        assert_eq!(health("CREATE_COMPLETE").verdict(), (Verdict::Healthy, Vec::new()));
        let mut ill = health("UPDATE_IN_PROGRESS");
        assert_eq!(ill.verdict().0, Verdict::Changing);
        ill.functions[0].errors = 2.0;
        ill.functions[0].drifted = true;
        ill.traffic.http_errors = 3.0;
        let (verdict, reasons) = ill.verdict();
        assert_eq!(verdict, Verdict::Attention);
        assert_eq!(
            reasons,
            [
                "the stack is UPDATE_IN_PROGRESS",
                "1 function runs other code than was deployed",
                "1 function failed",
                "3 requests failed in the HTTP API"
            ]
        );
        assert_eq!(health("UPDATE_ROLLBACK_FAILED").verdict().0, Verdict::Broken);
        assert_eq!(health("UPDATE_ROLLBACK_COMPLETE").verdict().0, Verdict::Attention);
    }

    #[test]
    fn hashes_are_compared_whatever_they_are_written_in() {
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let base64 = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        assert!(is_same_code(base64, hex));
        assert!(!is_same_code(base64, "ba78"));
    }
}
