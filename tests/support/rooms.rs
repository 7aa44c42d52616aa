//! Rows in the table of rooms of a project's stage, put there as any client of DynamoDB would.

use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;

use super::project::Project;

/// Puts so many rooms, `r0` and on, each with its number as its size.
pub fn put(project: &Project, count: usize) {
    let outputs = project.json(&["outputs"]);
    let text = |key: &str| outputs[key].as_str().unwrap().to_owned();
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(text("region")))
        .endpoint_url(text("awsEndpointUrl"))
        .credentials_provider(Credentials::new(
            text("accessKeyId"),
            text("secretAccessKey"),
            None,
            None,
            "test",
        ))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for number in 0..count {
            let put = client.put_item().table_name("test-local-ChatRooms");
            let put = put.item("roomId", AttributeValue::S(format!("r{number}")));
            let put = put.item("entry", AttributeValue::S("ROOM".into()));
            put.item("size", AttributeValue::N(number.to_string())).send().await.unwrap();
        }
    });
}
