//! Why an operation on a stack failed: the first failure among many, and what to do about it. Pure.
//!
//! CloudFormation reports the failure that mattered, then one for each resource that it stopped
//! because of it, then a slow rollback. The first is pinned; the others are counted.

use serde::Serialize;

use crate::aws::{Finding, StackEvent};

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// The resource's name in the template.
    pub logical: String,
    /// The resource's type.
    pub kind: String,
    /// What was done to it: `CREATE_FAILED`, `UPDATE_FAILED`, …
    pub status: String,
    /// Why it failed, in AWS's words.
    pub reason: String,
    /// What to do next, where the words are known.
    pub advice: Option<String>,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { logical, kind, status, reason, .. } = self;
        write!(f, "{logical} ({kind}) {status}: {reason}")
    }
}

/// Whether an event is a failure of its own: not the stack's, and not one that another brought about.
pub fn is_failure(event: &StackEvent) -> bool {
    let cancelled = |reason: &str| {
        let reason = reason.to_ascii_lowercase();
        reason.starts_with("resource creation cancelled")
            || reason.starts_with("resource update cancelled")
            || reason.starts_with("resource deletion cancelled")
    };
    event.status.ends_with("_FAILED")
        && !event.is_stack()
        && !event.reason.as_deref().is_some_and(cancelled)
}

impl Cause {
    /// The cause that an event tells.
    pub fn of(event: &StackEvent) -> Self {
        let reason = event.reason.clone().unwrap_or_else(|| "no reason was given".to_owned());
        Self {
            advice: advice(&event.kind, &reason),
            logical: event.logical.clone(),
            kind: event.kind.clone(),
            status: event.status.clone(),
            reason,
        }
    }
}

impl Cause {
    /// The cause that early validation found.
    pub fn found(finding: &Finding) -> Self {
        let Finding { logical, kind, reason } = finding;
        Self {
            advice: advice(kind, reason),
            logical: logical.clone(),
            kind: kind.clone(),
            status: "VALIDATION_FAILED".to_owned(),
            reason: reason.clone(),
        }
    }
}

/// What to do about AWS's words, where they are known.
pub fn advice(kind: &str, reason: &str) -> Option<String> {
    let has = |words: &str| reason.to_ascii_lowercase().contains(&words.to_ascii_lowercase());
    let text = if has("not authorized to perform") || has("AccessDenied") {
        match action(reason) {
            Some(action) => format!("let whoever deploys do `{action}`, then deploy again"),
            None => "let whoever deploys do what is named there, then deploy again".to_owned(),
        }
    } else if kind == "AWS::S3::Bucket" && (has("already exists") || has("not available")) {
        "bucket names are unique in all of AWS: choose another `project` in chatctl.yaml, or remove \
         that bucket if it is yours"
            .to_owned()
    } else if has("already exists") || has("AlreadyExists") {
        "something of that name was left from before, or is another stack's; of a protected stage, \
         `chatctl teardown --keep-data` removes all that is its own but its tables, and `chatctl \
         deploy` takes those over"
            .to_owned()
    } else if has("account must be verified") {
        "a new AWS account must be verified for CloudFront: ask AWS Support, then deploy again"
            .to_owned()
    } else if has("CloudWatch Logs role ARN must be set") {
        "API Gateway needs a role for its access logs, once an account and region: set it in the \
         API Gateway console (Settings), then deploy again"
            .to_owned()
    } else if has("UnreservedConcurrentExecution") || has("ConcurrentExecution") {
        "the account's Lambda concurrency is too low: ask for more in Service Quotas (Lambda, \
         Concurrent executions)"
            .to_owned()
    } else if has("LimitExceeded") || has("quota") || has("limit exceeded") {
        "a quota of the account is used up: raise it in Service Quotas, or remove what is not \
         needed, then deploy again"
            .to_owned()
    } else if has("Rate exceeded") || has("Throttling") {
        "AWS was asked too often: deploy again in a minute".to_owned()
    } else if has("custom-named resource requires replacing") {
        "a table's key cannot change under the table's name: describe a new table under another name in \
         templates/stack.yaml, let the functions use it, and remove the old one when its rows are moved"
            .to_owned()
    } else if has("GetObject. S3 Error Code: NoSuchKey") {
        "the code is no longer in the artifact bucket: deploy again, which uploads it".to_owned()
    } else {
        return None;
    };
    Some(text)
}

/// The IAM action that a denial names: `… is not authorized to perform: lambda:CreateFunction on …`.
fn action(reason: &str) -> Option<&str> {
    let after = reason.split("not authorized to perform:").nth(1)?.trim_start();
    let word = after.split(|c: char| c.is_whitespace() || c == ',').next()?;
    word.contains(':').then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(logical: &str, kind: &str, status: &str, reason: &str) -> StackEvent {
        StackEvent {
            id: format!("{logical}-{status}"),
            logical: logical.into(),
            physical: String::new(),
            kind: kind.into(),
            status: status.into(),
            reason: (!reason.is_empty()).then(|| reason.into()),
            token: None,
            operation: None,
            at: None,
        }
    }

    fn first(events: &[StackEvent]) -> Option<Cause> {
        events.iter().find(|event| is_failure(event)).map(Cause::of)
    }

    #[test]
    fn the_first_failure_is_the_cause_and_its_cascade_is_not() {
        let events = [
            event("Table", "AWS::DynamoDB::Table", "CREATE_IN_PROGRESS", ""),
            event("A", "AWS::Lambda::Function", "CREATE_FAILED", "Resource creation cancelled"),
            event(
                "SiteBucket",
                "AWS::S3::Bucket",
                "CREATE_FAILED",
                "chat-prod-site already exists (Service: S3, Status Code: 409)",
            ),
            event("Late", "AWS::IAM::Role", "CREATE_FAILED", "something later"),
        ];
        let cause = first(&events).unwrap();
        assert_eq!(cause.logical, "SiteBucket");
        assert!(cause.advice.unwrap().contains("unique in all of AWS"));
        assert_eq!(first(&events[..2]), None);
    }

    #[test]
    fn a_denial_names_the_missing_action() {
        let reason = "User: arn:aws:sts::1:assumed-role/ci/x is not authorized to perform: \
                      iam:CreateRole on resource: arn:aws:iam::1:role/y because no identity-based \
                      policy allows the iam:CreateRole action";
        assert!(advice("AWS::IAM::Role", reason).unwrap().contains("`iam:CreateRole`"));
        assert_eq!(advice("AWS::IAM::Role", "something unheard of"), None);
    }
}
