//! A process that is killed loses nothing that it answered.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use dynoxide::Database;
use serde_json::json;

use super::*;
use crate::stack::Table;

const FILE: &str = "CHATCTL_TEST_DATABASE";

fn table() -> Table {
    Table {
        logical: "T".to_owned(),
        physical: "Kept".to_owned(),
        partition: "id".to_owned(),
        sort: None,
        indexes: Vec::new(),
        ttl: None,
    }
}

fn open(path: &Path) -> DynamoDb {
    let cloud = DynamoDb::open(path, &Place::local(), Access::new("000000000000", |_| {})).unwrap();
    cloud.apply(&[table()]).unwrap();
    cloud
}

async fn ask(cloud: &DynamoDb, operation: &str, body: serde_json::Value) -> StatusCode {
    let request = http::Request::post("/");
    let request = request.header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let call = Call { caller: Caller::Operator, parts, body: body.to_string().into() };
    cloud.handle(call).await.status()
}

#[tokio::test]
#[ignore = "runs as the process that `what_was_answered_survives_a_kill` kills"]
async fn write_until_killed() {
    let cloud = open(Path::new(&std::env::var_os(FILE).unwrap()));
    let mut out = std::io::stdout();
    for n in 0_u64.. {
        let put = json!({"TableName": "Kept", "Item": {"id": {"S": n.to_string()}}});
        assert_eq!(ask(&cloud, "PutItem", put).await, StatusCode::OK);
        writeln!(out, "answered {n}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tables.db");
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "local::dynamodb::durability::write_until_killed"])
        .args(["--ignored", "--nocapture"])
        .env(FILE, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(writer.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut answered = lines.filter_map(|line| line.split_once("answered ")?.1.parse::<u64>().ok());
    let seen = answered.find(|n| *n >= 200).unwrap();
    writer.kill().unwrap();
    writer.wait().unwrap();
    let last = answered.last().unwrap_or(seen);
    let kept = Database::new(&path.to_string_lossy()).unwrap();
    let scan = serde_json::from_value(json!({"TableName": "Kept", "Select": "COUNT"})).unwrap();
    let count = kept.scan(scan).unwrap().count as u64;
    assert!(count > last, "{last} was answered, but only {count} items are there");
}
