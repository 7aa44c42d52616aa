//! The API through its handler, and the file on disk.

use std::os::unix::fs::PermissionsExt;

use http_body_util::BodyExt;

use super::*;

async fn ask(ssm: &Ssm, caller: Caller, operation: &str, body: &Value) -> (StatusCode, Value) {
    let request = http::Request::post("/").header("x-amz-target", format!("AmazonSSM.{operation}"));
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let answer = ssm.handle(Call { caller, parts, body: body.to_string().into() }).await;
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

fn open(folder: &Path) -> Ssm {
    let access = Access::new("000000000000", |_| {});
    Ssm::open(&folder.join("secrets/parameters.json"), &Place::local(), access).unwrap()
}

async fn operator(ssm: &Ssm, operation: &str, body: Value) -> (StatusCode, Value) {
    ask(ssm, Caller::Operator, operation, &body).await
}

#[tokio::test]
async fn a_secret_is_made_once_and_survives() {
    let folder = tempfile::tempdir().unwrap();
    let ssm = open(folder.path());
    assert!(ssm.ensure_secret("/p/s/key", 32).unwrap());
    assert!(!ssm.ensure_secret("/p/s/key", 32).unwrap());
    let ask = json!({"Name": "/p/s/key", "WithDecryption": true});
    let (_, first) = operator(&ssm, "GetParameter", ask.clone()).await;
    let value = first["Parameter"]["Value"].as_str().unwrap();
    assert_eq!(STANDARD.decode(value).unwrap().len(), 32);
    assert_eq!(first["Parameter"]["ARN"], "arn:aws:ssm:us-east-1:000000000000:parameter/p/s/key");
    let (_, again) = operator(&open(folder.path()), "GetParameter", ask).await;
    assert_eq!(again, first);
}

#[tokio::test]
async fn the_file_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).ensure_secret("/k", 32).unwrap();
    let mode = |path: &str| {
        let path = folder.path().join(path);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode("secrets"), 0o700);
    assert_eq!(mode("secrets/parameters.json"), 0o600);
}

#[tokio::test]
async fn a_secret_is_not_shown_unless_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let ssm = open(folder.path());
    operator(&ssm, "PutParameter", json!({"Name": "/k", "Value": "v", "Type": "SecureString"}))
        .await;
    let (_, shut) = operator(&ssm, "GetParameter", json!({"Name": "/k"})).await;
    assert_ne!(shut["Parameter"]["Value"], "v");
    let body = json!({"Names": ["/k", "/none"], "WithDecryption": true});
    let (_, open) = operator(&ssm, "GetParameters", body).await;
    assert_eq!(open["Parameters"][0]["Value"], "v");
    assert_eq!(open["InvalidParameters"], json!(["/none"]));
}

#[tokio::test]
async fn versions_count_and_what_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let ssm = open(folder.path());
    let put = json!({"Name": "/k", "Value": "1", "Type": "String"});
    assert_eq!(operator(&ssm, "PutParameter", put.clone()).await.1["Version"], 1);
    let (status, again) = operator(&ssm, "PutParameter", put).await;
    assert_eq!((status.as_u16(), &again["__type"]), (400, &json!("ParameterAlreadyExists")));
    let over = json!({"Name": "/k", "Value": "2", "Overwrite": true});
    assert_eq!(operator(&ssm, "PutParameter", over).await.1["Version"], 2);
    let (_, old) = operator(&ssm, "GetParameter", json!({"Name": "/k:1"})).await;
    assert_eq!(old["__type"], "ParameterVersionNotFound");
    let (_, new) = operator(&ssm, "GetParameter", json!({"Name": "/k:2"})).await;
    assert_eq!(new["Parameter"]["Value"], "2");
    assert_eq!(operator(&ssm, "DeleteParameter", json!({"Name": "/k"})).await.1, json!({}));
    for operation in ["GetParameter", "DeleteParameter"] {
        let (status, gone) = operator(&ssm, operation, json!({"Name": "/k"})).await;
        assert_eq!((status.as_u16(), &gone["__type"]), (400, &json!("ParameterNotFound")));
    }
}

#[tokio::test]
async fn parameters_are_listed_in_pages_and_by_filter() {
    let folder = tempfile::tempdir().unwrap();
    let ssm = open(folder.path());
    for name in ["/a/1", "/a/2", "/a/3", "/b/1"] {
        ssm.ensure_secret(name, 8).unwrap();
    }
    let filter = json!([{"Key": "Name", "Option": "BeginsWith", "Values": ["/a/"]}]);
    let ask = json!({"ParameterFilters": filter, "MaxResults": 2});
    let (_, first) = operator(&ssm, "DescribeParameters", ask.clone()).await;
    assert_eq!(first["Parameters"].as_array().unwrap().len(), 2);
    assert!(first["Parameters"][0].get("Value").is_none());
    let mut next = ask;
    next["NextToken"] = first["NextToken"].clone();
    let (_, last) = operator(&ssm, "DescribeParameters", next).await;
    assert_eq!(last["Parameters"][0]["Name"], "/a/3");
    assert!(last.get("NextToken").is_none());
}

#[tokio::test]
async fn a_function_reads_only_what_it_was_granted() {
    let folder = tempfile::tempdir().unwrap();
    let ssm = open(folder.path());
    ssm.ensure_secret("/k", 8).unwrap();
    let function = Caller::Function("f".into());
    let (status, body) = ask(&ssm, function, "GetParameter", &json!({"Name": "/k"})).await;
    assert_eq!((status.as_u16(), &body["__type"]), (400, &json!("AccessDeniedException")));
    let message = body["message"].as_str().unwrap();
    assert!(message.contains("perform: ssm:GetParameter on resource: arn:aws:ssm:us-east-1:000000000000:parameter/k because"), "{message}");
}
