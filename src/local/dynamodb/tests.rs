//! The API through its handler, on a database file.

use std::collections::HashMap;

use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::*;
use crate::stack::{
    BUILT_IN_MANIFEST, LOCAL_API_ID, Manifest, PolicyDocument, Settings, Stack, StackName,
    Statement, lower,
};

struct Stage {
    cloud: DynamoDb,
    access: Access,
    stack: Stack,
    folder: tempfile::TempDir,
}

fn stack() -> Stack {
    let name = StackName { project: "chatctl".to_owned(), stage: "local".to_owned() };
    let manifest = Manifest::parse(BUILT_IN_MANIFEST).unwrap();
    lower(manifest, name, Place::local(), LOCAL_API_ID.to_owned(), Settings::local()).unwrap()
}

fn stage() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let access = Access::new("000000000000", |_| {});
    let path = folder.path().join("tables.db");
    let cloud = DynamoDb::open(&path, &Place::local(), access.clone()).unwrap();
    let stack = stack();
    cloud.apply(&stack.tables).unwrap();
    Stage { cloud, access, stack, folder }
}

const ROOMS: &str = "chatctl-local-ChatRooms";

impl Stage {
    async fn ask(&self, caller: Caller, operation: &str, body: Value) -> (u16, Value) {
        let request = http::Request::post("/")
            .header("host", "127.0.0.1:1")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let answer = self.cloud.handle(Call { caller, parts, body: body.to_string().into() }).await;
        let status = answer.status().as_u16();
        let checksum = answer.headers()["x-amz-crc32"].to_str().unwrap().to_owned();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(checksum, crc32fast::hash(&body).to_string());
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn operator(&self, operation: &str, body: Value) -> (u16, Value) {
        self.ask(Caller::Operator, operation, body).await
    }

    fn grant(&self, action: &str, resource: &str) -> Caller {
        let statement = Statement {
            sid: "S".to_owned(),
            effect: crate::stack::Effect::Allow,
            action: vec![action.to_owned()],
            resource: vec![self.cloud.arns.of(resource)],
            reason: String::new(),
        };
        let document = PolicyDocument { version: "2012-10-17", statement: vec![statement] };
        self.access.set_policies(HashMap::from([("f".to_owned(), document)]));
        Caller::Function("f".into())
    }
}

fn item(room: &str, entry: &str) -> Value {
    json!({"roomId": {"S": room}, "entry": {"S": entry}})
}

#[tokio::test]
async fn the_stacks_tables_are_made_once_with_indexes_and_expiry() {
    let stage = stage();
    assert_eq!(stage.cloud.apply(&stage.stack.tables).unwrap(), Vec::<String>::new());
    let (_, body) = stage.operator("DescribeTable", json!({"TableName": ROOMS})).await;
    let table = &body["Table"];
    let arn = format!("arn:aws:dynamodb:us-east-1:000000000000:table/{ROOMS}");
    assert_eq!(table["TableArn"], arn.as_str());
    assert_eq!(table["GlobalSecondaryIndexes"][0]["IndexArn"], format!("{arn}/index/byPerson"));
    let (_, ttl) = stage.operator("DescribeTimeToLive", json!({"TableName": ROOMS})).await;
    let expected = json!({"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"});
    assert_eq!(ttl["TimeToLiveDescription"], expected);
}

#[tokio::test]
async fn a_tables_indexes_and_expiry_follow_the_stack_and_its_keys_do_not() {
    let stage = stage();
    let mut table = stage.stack.table("ChatRooms").unwrap().clone();
    table.indexes[0].name = "byWhom".to_owned();
    table.ttl = Some("goneAt".to_owned());
    let changed = stage.cloud.apply(std::slice::from_ref(&table)).unwrap();
    assert_eq!(changed, [ROOMS]);
    let (_, body) = stage.operator("DescribeTable", json!({"TableName": ROOMS})).await;
    let indexes = body["Table"]["GlobalSecondaryIndexes"].as_array().unwrap();
    assert_eq!(indexes.iter().map(|i| &i["IndexName"]).collect::<Vec<_>>(), ["byWhom"]);
    let (_, ttl) = stage.operator("DescribeTimeToLive", json!({"TableName": ROOMS})).await;
    assert_eq!(ttl["TimeToLiveDescription"]["AttributeName"], "goneAt");
    table.sort = None;
    let refused = stage.cloud.apply(std::slice::from_ref(&table)).unwrap_err();
    assert!(matches!(refused, ApplyError::KeysChanged { .. }), "{refused}");
}

#[tokio::test]
async fn what_was_answered_is_there_after_opening_again() {
    let stage = stage();
    let put = json!({"TableName": ROOMS, "Item": item("r", "ROOM")});
    assert_eq!(stage.operator("PutItem", put).await.0, 200);
    let Stage { cloud, access, stack, folder } = stage;
    drop(cloud);
    let path = folder.path().join("tables.db");
    let cloud = DynamoDb::open(&path, &Place::local(), access.clone()).unwrap();
    let stage = Stage { cloud, access, stack, folder };
    let get = json!({"TableName": ROOMS, "Key": item("r", "ROOM")});
    assert_eq!(stage.operator("GetItem", get).await.1["Item"], item("r", "ROOM"));
}

#[tokio::test]
async fn a_table_may_be_named_by_its_arn() {
    let stage = stage();
    let arn = stage.cloud.arns.of(&format!("table/{ROOMS}"));
    let put = json!({"TableName": arn, "Item": item("r", "ROOM")});
    assert_eq!(stage.operator("PutItem", put).await, (200, json!({})));
    let batch = json!({"RequestItems": {arn: {"Keys": [item("r", "ROOM")]}}});
    let (_, got) = stage.operator("BatchGetItem", batch).await;
    assert_eq!(got["Responses"][ROOMS][0], item("r", "ROOM"));
}

#[tokio::test]
async fn failed_conditions_are_named_and_explained() {
    let stage = stage();
    let put = json!({"TableName": ROOMS, "Item": item("r", "ROOM"),
        "ConditionExpression": "attribute_not_exists(roomId)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD"});
    assert_eq!(stage.operator("PutItem", put.clone()).await.0, 200);
    let (status, body) = stage.operator("PutItem", put.clone()).await;
    assert_eq!(status, 400);
    assert_eq!(body["__type"], "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException");
    assert_eq!(body["Item"], item("r", "ROOM"));
    let transaction = json!({"TransactItems": [
        {"Put": {"TableName": ROOMS, "Item": item("r", "MEMBER#1")}},
        {"Put": put},
    ]});
    let (status, body) = stage.operator("TransactWriteItems", transaction).await;
    assert_eq!(status, 400);
    assert_eq!(body["CancellationReasons"][0]["Code"], "None");
    assert_eq!(body["CancellationReasons"][1]["Code"], "ConditionalCheckFailed");
    let get = json!({"TableName": ROOMS, "Key": item("r", "MEMBER#1")});
    assert_eq!(stage.operator("GetItem", get).await.1, json!({}));
}

#[tokio::test]
async fn limits_are_those_of_aws() {
    let stage = stage();
    let mut big = item("r", "BIG");
    big["text"] = json!({"S": "x".repeat(400 * 1024)});
    let (_, body) = stage.operator("PutItem", json!({"TableName": ROOMS, "Item": big})).await;
    assert_eq!(body["message"], "Item size has exceeded the maximum allowed size");
    let put = |n: usize| json!({"Put": {"TableName": ROOMS, "Item": item("r", &n.to_string())}});
    let many: Vec<_> = (0..101).map(put).collect();
    let (status, body) = stage.operator("TransactWriteItems", json!({"TransactItems": many})).await;
    assert_eq!(status, 400);
    assert_eq!(body["__type"], "com.amazon.coral.validate#ValidationException");
    let twice = json!({"TransactItems": [put(1), put(1)]});
    assert_eq!(stage.operator("TransactWriteItems", twice).await.0, 400);
    let writes: Vec<_> = (0..26).map(|n| json!({"PutRequest": put(n)["Put"]})).collect();
    let batch = json!({"RequestItems": {ROOMS: writes}});
    assert_eq!(stage.operator("BatchWriteItem", batch).await.0, 400);
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let stage = stage();
    let (status, body) = stage.operator("PutItem", json!({"TableName": 5})).await;
    assert_eq!(
        (status, &body["__type"]),
        (400, &json!("com.amazon.coral.service#SerializationException"))
    );
    let (status, body) = stage.operator("GetItem", json!({})).await;
    assert_eq!(
        (status, &body["__type"]),
        (400, &json!("com.amazon.coral.validate#ValidationException"))
    );
    let (status, body) = stage.operator("Nonsense", json!({})).await;
    assert_eq!(
        (status, &body["__type"]),
        (400, &json!("com.amazon.coral.service#UnknownOperationException"))
    );
    let missing = json!({"TableName": "none", "Key": item("r", "ROOM")});
    let (status, body) = stage.operator("GetItem", missing).await;
    assert_eq!(status, 400);
    assert_eq!(body["__type"], "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException");
}

#[tokio::test]
async fn an_index_needs_its_own_permission() {
    let stage = stage();
    let query = json!({"TableName": ROOMS, "IndexName": "byPerson",
        "KeyConditionExpression": "personId = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}});
    let function = stage.grant("dynamodb:Query", &format!("table/{ROOMS}"));
    let (status, body) = stage.ask(function, "Query", query.clone()).await;
    assert_eq!(
        (status, &body["__type"]),
        (400, &json!("com.amazon.coral.service#AccessDeniedException"))
    );
    let function = stage.grant("dynamodb:Query", &format!("table/{ROOMS}/index/byPerson"));
    assert_eq!(stage.ask(function, "Query", query).await.0, 200);
}

#[tokio::test]
async fn a_transaction_needs_the_permissions_of_its_parts() {
    let stage = stage();
    let check = json!({"ConditionCheck": {"TableName": ROOMS, "Key": item("r", "ROOM"),
        "ConditionExpression": "attribute_not_exists(roomId)"}});
    let put = json!({"Put": {"TableName": ROOMS, "Item": item("r", "MEMBER#1")}});
    let function = stage.grant("dynamodb:PutItem", &format!("table/{ROOMS}"));
    let alone = json!({"TransactItems": [put]});
    assert_eq!(stage.ask(function.clone(), "TransactWriteItems", alone).await.0, 200);
    let both = json!({"TransactItems": [put, check]});
    let (status, body) = stage.ask(function, "TransactWriteItems", both).await;
    assert_eq!(status, 400);
    let message = body["Message"].as_str().unwrap();
    assert!(message.contains("perform: dynamodb:ConditionCheckItem on resource"), "{message}");
}

#[tokio::test]
async fn a_function_may_not_go_around_its_grants() {
    let stage = stage();
    for (operation, body) in [
        ("Scan", json!({"TableName": ROOMS})),
        ("BatchGetItem", json!({"RequestItems": {ROOMS: {"Keys": [item("r", "ROOM")]}}})),
        ("ExecuteStatement", json!({"Statement": format!("SELECT * FROM \"{ROOMS}\"")})),
        ("ListTables", json!({})),
        ("DeleteTable", json!({"TableName": ROOMS})),
        ("DescribeContinuousBackups", json!({"TableName": ROOMS})),
        ("DescribeLimits", json!({})),
    ] {
        let function = stage.grant("dynamodb:GetItem", &format!("table/{ROOMS}"));
        let (status, answer) = stage.ask(function, operation, body.clone()).await;
        let denied = json!("com.amazon.coral.service#AccessDeniedException");
        assert_eq!((status, &answer["__type"]), (400, &denied), "{operation}");
    }
}

#[tokio::test]
async fn expired_items_are_swept() {
    let stage = stage();
    let mut old = item("r", "OLD");
    let now = std::time::SystemTime::now();
    let seconds = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    old["expiresAt"] = json!({"N": (seconds - 60).to_string()});
    let mut young = item("r", "YOUNG");
    young["expiresAt"] = json!({"N": (seconds + 60).to_string()});
    for item in [old, young] {
        stage.operator("PutItem", json!({"TableName": ROOMS, "Item": item})).await;
    }
    assert_eq!(stage.cloud.sweep_ttl().unwrap(), 1);
    let (_, left) = stage.operator("Scan", json!({"TableName": ROOMS})).await;
    assert_eq!(left["Items"][0]["entry"]["S"], "YOUNG");
}
