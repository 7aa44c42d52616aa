//! What a request needs to be allowed: IAM actions and the tables or indexes they act on.
//!
//! A transaction has no permission of its own: each of its parts needs that of the single call.

use dynoxide::actions::batch_get_item::BatchGetItemRequest;
use dynoxide::actions::batch_write_item::BatchWriteItemRequest;
use dynoxide::actions::transact_get_items::TransactGetItemsRequest;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;

/// An IAM action, and the resource's part of the ARN, such as `table/T`.
pub type Demand = (&'static str, String);

/// An action on a table.
pub fn table(action: &'static str, name: &str) -> Vec<Demand> {
    vec![(action, format!("table/{name}"))]
}

/// An action on a table, or on an index of it alone.
pub fn index(action: &'static str, table_name: &str, index: Option<&str>) -> Vec<Demand> {
    match index {
        None => table(action, table_name),
        Some(index) => vec![(action, format!("table/{table_name}/index/{index}"))],
    }
}

/// The tables of a batch of reads.
pub fn batch_get(request: &BatchGetItemRequest) -> Vec<Demand> {
    let tables = request.request_items.keys();
    tables.flat_map(|name| table("dynamodb:BatchGetItem", name)).collect()
}

/// The tables of a batch of writes.
pub fn batch_write(request: &BatchWriteItemRequest) -> Vec<Demand> {
    let tables = request.request_items.keys();
    tables.flat_map(|name| table("dynamodb:BatchWriteItem", name)).collect()
}

/// The parts of a transaction of reads.
pub fn transact_get(request: &TransactGetItemsRequest) -> Vec<Demand> {
    let gets = request.transact_items.iter();
    gets.flat_map(|item| table("dynamodb:GetItem", &item.get.table_name)).collect()
}

/// The parts of a transaction of writes.
pub fn transact_write(request: &TransactWriteItemsRequest) -> Vec<Demand> {
    let items = request.transact_items.iter();
    items
        .flat_map(|item| {
            [
                ("dynamodb:PutItem", item.put.as_ref().map(|put| &put.table_name)),
                ("dynamodb:UpdateItem", item.update.as_ref().map(|update| &update.table_name)),
                ("dynamodb:DeleteItem", item.delete.as_ref().map(|delete| &delete.table_name)),
                (
                    "dynamodb:ConditionCheckItem",
                    item.condition_check.as_ref().map(|check| &check.table_name),
                ),
            ]
        })
        .filter_map(|(action, name)| Some((action, format!("table/{}", name?))))
        .collect()
}

/// PartiQL names its table in the statement, which is not read here: a function needs the action on
/// every table, which no grant gives.
pub fn statements<'a>(statements: impl IntoIterator<Item = &'a str>) -> Vec<Demand> {
    let action = |statement: &str| {
        let verb = statement.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "INSERT" => "dynamodb:PartiQLInsert",
            "UPDATE" => "dynamodb:PartiQLUpdate",
            "DELETE" => "dynamodb:PartiQLDelete",
            _ => "dynamodb:PartiQLSelect",
        }
    };
    statements.into_iter().map(|one| (action(one), "table/*".to_owned())).collect()
}
