//! DynamoDB: tables counted, scanned and deleted; items as plain JSON.

mod removal;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value, json};

use super::{AwsError, Cloud, failure};

/// The tables.
#[derive(Debug, Clone)]
pub struct Tables(Client);

/// An item as plain JSON: sets are arrays, binary is base64.
pub type Row = Map<String, Value>;

/// A condition with its placeholders, in DynamoDB's form.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Condition {
    /// The filter expression.
    pub expression: String,
    /// `#n0` to attribute name.
    pub names: HashMap<String, String>,
    /// `:v0` to value: a string, number, boolean or null.
    pub values: HashMap<String, Value>,
}

/// What to scan.
#[derive(Debug, Clone)]
pub struct ScanRequest<'a> {
    /// The physical name.
    pub table: &'a str,
    /// This segment and how many there are.
    pub segment: (i32, i32),
    /// Which items; all if none.
    pub condition: Option<&'a Condition>,
    /// Which attributes, as dotted paths; all if none is named.
    pub fields: &'a [String],
    /// How many items to look at in one page.
    pub page_size: Option<i32>,
}

/// A page of a scan.
#[derive(Debug, Clone, Default)]
pub struct ScanPage {
    /// The items.
    pub rows: Vec<Row>,
    /// Where the next page starts; none after the last.
    pub next: Option<Cursor>,
}

/// A table as the service describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableState {
    /// Such as `ACTIVE`.
    pub status: String,
    /// How many items it had when they were counted last, which the service does every six hours.
    pub items: u64,
    /// The attributes of its key, the partition key's first.
    pub key: Vec<String>,
}

/// Where a scan goes on; opaque.
#[derive(Debug, Clone)]
pub struct Cursor(HashMap<String, AttributeValue>);

impl Tables {
    /// The tables of a cloud.
    pub fn new(cloud: &Cloud) -> Self {
        Self(Client::new(&cloud.sdk))
    }

    /// A page of a segment.
    ///
    /// # Errors
    /// The table is missing, the condition wrong, or the service away.
    pub async fn scan(
        &self,
        request: &ScanRequest<'_>,
        from: Option<Cursor>,
    ) -> Result<ScanPage, AwsError> {
        let (segment, segments) = request.segment;
        let mut scan = self.0.scan().table_name(request.table).set_limit(request.page_size);
        if segments > 1 {
            scan = scan.segment(segment).total_segments(segments);
        }
        let mut all_names = HashMap::new();
        if let Some(Condition { expression, names, values }) = request.condition {
            all_names.clone_from(names);
            let values: HashMap<_, _> =
                values.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
            scan = scan.filter_expression(expression);
            scan = scan.set_expression_attribute_values((!values.is_empty()).then_some(values));
        }
        let projection =
            (!request.fields.is_empty()).then(|| project(request.fields, &mut all_names));
        scan = scan.set_projection_expression(projection);
        scan = scan.set_expression_attribute_names((!all_names.is_empty()).then_some(all_names));
        let page = scan.set_exclusive_start_key(from.map(|cursor| cursor.0)).send().await;
        let page = page.map_err(failure("dynamodb:Scan"))?;
        let rows = page.items().iter().map(row).collect();
        Ok(ScanPage {
            rows,
            next: page.last_evaluated_key.filter(|key| !key.is_empty()).map(Cursor),
        })
    }

    /// How many items a table has, counted.
    ///
    /// # Errors
    /// The table is missing or the service away.
    pub async fn count(&self, table: &str) -> Result<u64, AwsError> {
        let (mut count, mut next) = (0, None);
        loop {
            let scan =
                self.0.scan().table_name(table).select(Select::Count).set_exclusive_start_key(next);
            let page = scan.send().await.map_err(failure("dynamodb:Scan"))?;
            count += u64::try_from(page.count()).unwrap_or(0);
            next = page.last_evaluated_key.filter(|key| !key.is_empty());
            if next.is_none() {
                return Ok(count);
            }
        }
    }

    /// A table as the service describes it; none if there is no such table.
    ///
    /// # Errors
    /// The service refused or is away.
    pub async fn state(&self, table: &str) -> Result<Option<TableState>, AwsError> {
        let asked = self.0.describe_table().table_name(table).send().await;
        let answer = match asked.map_err(failure("dynamodb:DescribeTable")) {
            Ok(answer) => answer,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(answer.table().map(|table| TableState {
            status: table.table_status().map(|s| s.as_str().to_owned()).unwrap_or_default(),
            items: table.item_count().and_then(|count| count.try_into().ok()).unwrap_or(0),
            key: table.key_schema().iter().map(|one| one.attribute_name().to_owned()).collect(),
        }))
    }

    /// The items under a partition key, which is a text.
    ///
    /// # Errors
    /// The table is missing or the service away.
    pub async fn query(
        &self,
        table: &str,
        partition: &str,
        value: &str,
    ) -> Result<Vec<Row>, AwsError> {
        let (mut rows, mut next) = (Vec::new(), None);
        loop {
            let query = self.0.query().table_name(table).key_condition_expression("#p = :v");
            let query = query.expression_attribute_names("#p", partition);
            let query =
                query.expression_attribute_values(":v", AttributeValue::S(value.to_owned()));
            let page = query.set_exclusive_start_key(next).send().await;
            let page = page.map_err(failure("dynamodb:Query"))?;
            rows.extend(page.items().iter().map(row));
            next = page.last_evaluated_key.filter(|key| !key.is_empty());
            if next.is_none() {
                return Ok(rows);
            }
        }
    }

    /// Deletes the item of a key; one that is not there is deleted already.
    ///
    /// # Errors
    /// The table is missing or the service away.
    pub async fn delete_row(&self, table: &str, key: &Row) -> Result<(), AwsError> {
        let key = key.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
        let deleted = self.0.delete_item().table_name(table).set_key(Some(key)).send().await;
        deleted.map(drop).map_err(failure("dynamodb:DeleteItem"))
    }

    /// Deletes a table with all its items; one that is not there is deleted already.
    ///
    /// # Errors
    /// The service refused or is away.
    pub async fn delete(&self, table: &str) -> Result<(), AwsError> {
        match self
            .0
            .delete_table()
            .table_name(table)
            .send()
            .await
            .map_err(failure("dynamodb:DeleteTable"))
        {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }
}

/// A projection expression of dotted paths; names may be DynamoDB's reserved words.
fn project(fields: &[String], names: &mut HashMap<String, String>) -> String {
    let mut place = |part: &str| {
        let placeholder = format!("#p{}", names.len());
        names.insert(placeholder.clone(), part.to_owned());
        placeholder
    };
    let mut path = |field: &String| field.split('.').map(&mut place).collect::<Vec<_>>().join(".");
    fields.iter().map(&mut path).collect::<Vec<_>>().join(", ")
}

fn row(item: &HashMap<String, AttributeValue>) -> Row {
    // Sorted, so that the same item always reads the same.
    let mut names: Vec<&String> = item.keys().collect();
    names.sort_unstable();
    names.into_iter().map(|name| (name.clone(), plain(&item[name]))).collect()
}

fn plain(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!(text),
        AttributeValue::N(text) => number(text),
        AttributeValue::Bool(flag) => json!(flag),
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::B(blob) => json!(STANDARD.encode(blob)),
        AttributeValue::L(list) => list.iter().map(plain).collect(),
        AttributeValue::M(map) => Value::Object(row(map)),
        AttributeValue::Ss(texts) => json!(texts),
        AttributeValue::Ns(texts) => texts.iter().map(|text| number(text)).collect(),
        AttributeValue::Bs(blobs) => {
            blobs.iter().map(|blob| json!(STANDARD.encode(blob))).collect()
        }
        // A kind that a later SDK knows and this program does not.
        other => json!(format!("{other:?}")),
    }
}

/// DynamoDB's numbers have 38 digits; one that JSON's would round stays a text.
fn number(text: &str) -> Value {
    match text.parse::<Number>() {
        Ok(number) if number.to_string() == text => Value::Number(number),
        _ => json!(text),
    }
}

fn attribute(value: &Value) -> AttributeValue {
    match value {
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::Bool(flag) => AttributeValue::Bool(*flag),
        Value::Null => AttributeValue::Null(true),
        Value::String(text) => AttributeValue::S(text.clone()),
        other => AttributeValue::S(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_a_projection_beside_the_names_of_a_condition() {
        let mut names = HashMap::from([("#n0".to_owned(), "userId".to_owned())]);
        let fields = ["name".to_owned(), "a.b".to_owned()];
        assert_eq!(project(&fields, &mut names), "#p1, #p2.#p3");
        let placed = ["#p1", "#p2", "#p3"].map(|place| names[place].as_str());
        assert_eq!(placed, ["name", "a", "b"]);
    }

    #[test]
    fn items_become_plain_json_without_losing_digits() {
        let item = HashMap::from([
            ("b".to_owned(), AttributeValue::N("1732172400123".into())),
            ("a".to_owned(), AttributeValue::S("text".into())),
            ("c".to_owned(), AttributeValue::N("12345678901234567890123456789012345678".into())),
            ("d".to_owned(), AttributeValue::Ss(vec!["x".into(), "y".into()])),
        ]);
        let text = serde_json::to_string(&row(&item)).unwrap();
        assert_eq!(
            text,
            r#"{"a":"text","b":1732172400123,"c":"12345678901234567890123456789012345678","d":["x","y"]}"#
        );
    }
}
