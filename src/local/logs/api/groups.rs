//! Operations on groups.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Caller, Fault, Group, LogsApi, Outcome, group_name, limit, now_ms, query, token};

/// The numbers of days that AWS takes.
const RETENTIONS: &[u32] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];
const PAGE: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DescribeGroups {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedGroup {
    log_group_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    log_group_name: String,
    retention_in_days: u32,
}

impl LogsApi {
    pub(super) async fn describe_groups(
        &self,
        caller: &Caller,
        request: DescribeGroups,
    ) -> Outcome {
        self.allow(caller, "DescribeLogGroups", "*")?;
        let DescribeGroups { log_group_name_prefix, log_group_name_pattern, next_token, .. } =
            request;
        if log_group_name_prefix.is_some() && log_group_name_pattern.is_some() {
            return Err(Fault::invalid(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
            ));
        }
        let limit = limit(request.limit, PAGE)?;
        let purpose = token::purpose(&(&log_group_name_prefix, &log_group_name_pattern));
        let after = match &next_token {
            Some(token) => token::open(token, &purpose, now_ms())?,
            None => String::new(),
        };
        let prefix = log_group_name_prefix.unwrap_or_default();
        let pattern = log_group_name_pattern.unwrap_or_default().to_lowercase();
        let mut groups = self.store.read(move |store| query::groups(store, &after)).await?;
        groups.retain(|group| {
            group.name.starts_with(&prefix) && group.name.to_lowercase().contains(&pattern)
        });
        let next = (groups.len() > limit)
            .then(|| token::seal(&groups[limit - 1].name, &purpose, now_ms()));
        let shown: Vec<Value> = groups.iter().take(limit).map(|g| self.group_json(g)).collect();
        let mut answer = json!({"logGroups": shown});
        if let Some(next) = next {
            answer["nextToken"] = next.into();
        }
        Ok(answer)
    }

    fn group_json(&self, group: &Group) -> Value {
        let arn = self.group_arn(&group.name);
        let mut shown = json!({
            "logGroupName": group.name,
            "creationTime": group.created_ms,
            "metricFilterCount": 0,
            "arn": format!("{arn}:*"),
            "logGroupArn": arn,
            "storedBytes": group.bytes,
            "logGroupClass": "STANDARD",
        });
        if let Some(days) = group.retention_days {
            shown["retentionInDays"] = days.into();
        }
        shown
    }

    pub(super) async fn create_group(&self, caller: &Caller, request: NamedGroup) -> Outcome {
        let name = group_name(&request.log_group_name)?.to_owned();
        self.allow(caller, "CreateLogGroup", &name)?;
        if self.store.write(move |writer| writer.add_group(&name)).await? {
            return Ok(Value::Null);
        }
        Err(Fault::named(
            "ResourceAlreadyExistsException",
            "The specified log group already exists",
        ))
    }

    pub(super) async fn delete_group(&self, caller: &Caller, request: NamedGroup) -> Outcome {
        let name = group_name(&request.log_group_name)?.to_owned();
        self.allow(caller, "DeleteLogGroup", &name)?;
        let deleted = self.store.write(move |writer| writer.delete_group(&name)).await?;
        if deleted { Ok(Value::Null) } else { Err(Fault::no_group()) }
    }

    pub(super) async fn put_retention(&self, caller: &Caller, request: Retention) -> Outcome {
        if !RETENTIONS.contains(&request.retention_in_days) {
            return Err(Fault::invalid(format!(
                "1 validation error detected: Value '{}' at 'retentionInDays' failed to satisfy \
                 constraint: Member must be one of {RETENTIONS:?}",
                request.retention_in_days
            )));
        }
        let days = Some(request.retention_in_days);
        self.set_retention(caller, "PutRetentionPolicy", &request.log_group_name, days).await
    }

    pub(super) async fn delete_retention(&self, caller: &Caller, request: NamedGroup) -> Outcome {
        self.set_retention(caller, "DeleteRetentionPolicy", &request.log_group_name, None).await
    }

    async fn set_retention(
        &self,
        caller: &Caller,
        operation: &str,
        name: &str,
        days: Option<u32>,
    ) -> Outcome {
        let name = group_name(name)?.to_owned();
        self.allow(caller, operation, &name)?;
        let set = self.store.write(move |writer| writer.set_retention(&name, days)).await?;
        if set { Ok(Value::Null) } else { Err(Fault::no_group()) }
    }
}
