//! The tables. Their rows outlive mistakes: deletion protection, point-in-time recovery, and
//! policies by which CloudFormation lets go of a table and does not delete it.
//!
//! Rows are encrypted at rest with the key that DynamoDB owns. A customer's or the account's managed
//! key would bill each role's requests for it (12 roles x 5 tables, every 5 minutes: half a million
//! a month, 1.55 USD), which is more than a small stage costs altogether.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Draft, tags};
use crate::cloudformation::template::Resource;
use crate::cloudformation::value::logical_id;
use crate::stack::{Index, Protection, Stack, Table};

pub(super) fn add(draft: &mut Draft<'_>, tables: &[Table]) {
    let stack = draft.stack;
    for table in tables {
        let resource = Resource::new("AWS::DynamoDB::Table", properties(stack, table));
        // A table of a first deployment that failed is empty, and in the way of the next one.
        let deletion = match stack.settings.protection {
            Protection::On => "RetainExceptOnCreate",
            Protection::Off => "Delete",
        };
        draft.add(logical_id(&table.logical), resource.kept(deletion, "Retain"));
    }
}

fn properties(stack: &Stack, table: &Table) -> Value {
    let Table { logical: _, physical, partition, sort, indexes, ttl } = table;
    let protected = stack.settings.protection == Protection::On;
    let mut properties = Map::from_iter([
        ("TableName".to_owned(), json!(physical)),
        ("AttributeDefinitions".to_owned(), attributes(table)),
        ("KeySchema".to_owned(), keys(partition, sort.as_deref())),
        ("BillingMode".to_owned(), json!("PAY_PER_REQUEST")),
        ("DeletionProtectionEnabled".to_owned(), json!(protected)),
        (
            "PointInTimeRecoverySpecification".to_owned(),
            json!({"PointInTimeRecoveryEnabled": true}),
        ),
        ("Tags".to_owned(), tags::list(stack)),
    ]);
    if !indexes.is_empty() {
        let indexes = indexes.iter().map(index).collect();
        properties.insert("GlobalSecondaryIndexes".to_owned(), indexes);
    }
    if let Some(ttl) = ttl {
        let specification = json!({"AttributeName": ttl, "Enabled": true});
        properties.insert("TimeToLiveSpecification".to_owned(), specification);
    }
    Value::Object(properties)
}

/// Only attributes of keys are declared; every one is a string.
fn attributes(table: &Table) -> Value {
    let own = std::iter::once(&table.partition).chain(&table.sort);
    let of_indexes = table.indexes.iter().flat_map(|index| {
        let Index { name: _, partition, sort } = index;
        std::iter::once(partition).chain(sort)
    });
    let names: BTreeSet<&String> = own.chain(of_indexes).collect();
    names.into_iter().map(|name| json!({"AttributeName": name, "AttributeType": "S"})).collect()
}

fn keys(partition: &str, sort: Option<&str>) -> Value {
    let key = |name: &str, kind| json!({"AttributeName": name, "KeyType": kind});
    let sort = sort.map(|sort| key(sort, "RANGE"));
    std::iter::once(key(partition, "HASH")).chain(sort).collect()
}

fn index(index: &Index) -> Value {
    let Index { name, partition, sort } = index;
    json!({
        "IndexName": name,
        "KeySchema": keys(partition, sort.as_deref()),
        "Projection": {"ProjectionType": "ALL"},
    })
}
