//! Counts the AWS requests that functions make, by service and operation: what a bill counts.
//!
//! An operator's own requests (a scan, a tail of logs) are not counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::request::Parts;

use super::credentials::Caller;
use super::kinesisvideo;
use super::sigv4::Service;

/// The counts since the host started; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Requests(Arc<Mutex<BTreeMap<(&'static str, String), u64>>>);

impl Requests {
    /// Counts what is billed and is no request of its own, such as a message.
    pub fn add(&self, service: Service, operation: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.iter_mut().find(|((of, name), _)| *of == service.name() && name == operation) {
            Some((_, count)) => *count += 1,
            None => drop(counts.insert((service.name(), operation.to_owned()), 1)),
        }
    }

    /// Counts a request whose signature was right.
    pub fn count(&self, caller: &Caller, service: Service, parts: &Parts) {
        if *caller == Caller::Operator {
            return;
        }
        self.add(service, operation(parts));
    }

    /// `dynamodb:GetItem`, `execute-api:POST`, … and how often.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|((service, name), count)| (format!("{service}:{name}"), *count))
            .collect()
    }
}

/// The operation that the JSON protocols name in a header, and Kinesis Video in its path; elsewhere
/// the method.
fn operation(parts: &Parts) -> &str {
    let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let named = target.and_then(|target| target.rsplit('.').next());
    named
        .or_else(|| kinesisvideo::operation(parts.uri.path()))
        .unwrap_or_else(|| parts.method.as_str())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(target: Option<&str>) -> Parts {
        let mut request = Request::post("/");
        if let Some(target) = target {
            request = request.header("x-amz-target", target);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn operations_are_counted_apart() {
        let requests = Requests::default();
        let function = Caller::Function("sends".into());
        let get = parts(Some("DynamoDB_20120810.GetItem"));
        requests.count(&function, Service::DynamoDb, &get);
        requests.count(&function, Service::DynamoDb, &get);
        requests.count(&Caller::Operator, Service::DynamoDb, &get);
        requests.count(&function, Service::ExecuteApi, &parts(None));
        let counted: Vec<(String, u64)> = requests.counts().into_iter().collect();
        let expected = [("dynamodb:GetItem".to_owned(), 2), ("execute-api:POST".to_owned(), 1)];
        assert_eq!(counted, expected);
    }
}
