//! The protocol through AWS's own SDK, over a real socket.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::*;
use crate::local::credentials::Keys;
use crate::stack::{Effect, PolicyDocument, Statement};

struct Stage {
    s3: S3,
    credentials: Credentials,
    access: Access,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Stage {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let credentials = Credentials::new(Keys::generate_user().unwrap());
        let access = Access::new("000000000000", |_| {});
        let s3 = S3::open(folder.path(), credentials.clone(), access.clone()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = s3.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let s3 = served.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let s3 = s3.clone();
                        async move { Ok::<_, std::convert::Infallible>(s3.handle(request).await) }
                    });
                    let connection = hyper::server::conn::http1::Builder::new();
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { s3, credentials, access, address, folder }
    }

    fn client(&self, keys: &Keys) -> Client {
        let credentials = aws_credential_types::Credentials::new(
            &keys.access_key_id,
            &keys.secret_access_key,
            keys.session_token.clone(),
            None,
            "test",
        );
        let http = aws_smithy_http_client::Builder::new().build_http();
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(format!("http://{}", self.address))
            .force_path_style(true)
            .credentials_provider(credentials)
            .http_client(http)
            .build();
        Client::from_conf(config)
    }

    fn operator(&self) -> Client {
        self.client(self.credentials.operator())
    }

    async fn with_bucket() -> (Self, Client) {
        let stage = Self::start().await;
        let client = stage.operator();
        client.create_bucket().bucket("bucket").send().await.unwrap();
        (stage, client)
    }
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    error.code().unwrap_or_default().to_owned()
}

async fn put(client: &Client, key: &str, content: &'static str) {
    let body = ByteStream::from_static(content.as_bytes());
    client.put_object().bucket("bucket").key(key).body(body).send().await.unwrap();
}

async fn content(client: &Client, key: &str) -> String {
    let got = client.get_object().bucket("bucket").key(key).send().await.unwrap();
    String::from_utf8(got.body.collect().await.unwrap().to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_keeps_what_was_said_about_it_also_after_opening_again() {
    let (stage, client) = Stage::with_bucket().await;
    let put = client.put_object().bucket("bucket").key("a/b c/ü(1).html");
    let put = put.content_type("text/html").cache_control("no-cache").metadata("who", "me");
    let put = put.body(ByteStream::from_static(b"<p>")).send().await.unwrap();
    let head = client.head_object().bucket("bucket").key("a/b c/ü(1).html");
    let head = head.send().await.unwrap();
    assert_eq!(head.content_type(), Some("text/html"));
    assert_eq!(head.cache_control(), Some("no-cache"));
    assert_eq!(head.metadata().unwrap()["who"], "me");
    assert_eq!((head.content_length(), head.e_tag()), (Some(3), put.e_tag()));
    let again =
        S3::open(stage.folder.path(), stage.credentials.clone(), stage.access.clone()).unwrap();
    let object = again.read_object("bucket", "a/b c/ü(1).html").unwrap().unwrap();
    assert_eq!(object, stage.s3.read_object("bucket", "a/b c/ü(1).html").unwrap().unwrap());
    assert_eq!(object.content, "<p>");
    assert_eq!(object.cache_control.as_deref(), Some("no-cache"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_has_its_name() {
    let (_stage, client) = Stage::with_bucket().await;
    let error = client.get_object().bucket("bucket").key("none").send().await.unwrap_err();
    assert_eq!(code(&error), "NoSuchKey");
    let error = client.get_object().bucket("none").key("none").send().await.unwrap_err();
    assert_eq!(code(&error), "NoSuchBucket");
    let error = client.put_object().bucket("none").key("k").send().await.unwrap_err();
    assert_eq!(code(&error), "NoSuchBucket");
    let error = client.delete_bucket().bucket("none").send().await.unwrap_err();
    assert_eq!(code(&error), "NoSuchBucket");
    let error = client.list_objects_v2().bucket("none").send().await.unwrap_err();
    assert_eq!(code(&error), "NoSuchBucket");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_with_objects_is_not_removed() {
    let (_stage, client) = Stage::with_bucket().await;
    put(&client, "k", "v").await;
    let error = client.delete_bucket().bucket("bucket").send().await.unwrap_err();
    assert_eq!(code(&error), "BucketNotEmpty");
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 409);
    client.delete_object().bucket("bucket").key("k").send().await.unwrap();
    client.delete_bucket().bucket("bucket").send().await.unwrap();
    let error = client.put_object().bucket("bucket").key("k").send().await.unwrap_err();
    assert_eq!(code(&error), "NoSuchBucket");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_may_lie_under_another_and_be_long() {
    let (_stage, client) = Stage::with_bucket().await;
    let long = format!("{}/x", "k".repeat(1_000));
    for key in ["a", "a/b", "a/", "../a", long.as_str()] {
        put(&client, key, "v").await;
        assert_eq!(content(&client, key).await, "v");
    }
    let error = client.put_object().bucket("bucket").key("k".repeat(1_025)).send().await;
    assert_eq!(code(&error.unwrap_err()), "KeyTooLongError");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listings_come_in_pages() {
    let (_stage, client) = Stage::with_bucket().await;
    for n in 0..7 {
        put(&client, &format!("p/{n} ü"), "v").await;
    }
    put(&client, "q/r/s", "v").await;
    let pages = client.list_objects_v2().bucket("bucket").prefix("p/").max_keys(3);
    let mut pages = pages.into_paginator().send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.key_count().unwrap() <= 3);
        keys.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
    }
    assert_eq!(keys, (0..7).map(|n| format!("p/{n} ü")).collect::<Vec<_>>());
    let folded = client.list_objects_v2().bucket("bucket").delimiter("/").send().await.unwrap();
    let prefixes: Vec<_> = folded.common_prefixes().iter().filter_map(|p| p.prefix()).collect();
    assert_eq!(prefixes, ["p/", "q/"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_in_parts_becomes_one_object() {
    let (_stage, client) = Stage::with_bucket().await;
    let begun = client.create_multipart_upload().bucket("bucket").key("big");
    let id = begun.content_type("video/webm").send().await.unwrap().upload_id.unwrap();
    let mut parts = Vec::new();
    for (number, size) in [(1, 5 << 20), (2, 10)] {
        let part = client.upload_part().bucket("bucket").key("big").upload_id(&id);
        let part =
            part.part_number(number).body(vec![b'0' + u8::try_from(number).unwrap(); size].into());
        let etag = part.send().await.unwrap().e_tag.unwrap();
        parts.push(CompletedPart::builder().part_number(number).e_tag(etag).build());
    }
    let complete = |parts: Vec<CompletedPart>| {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = client.complete_multipart_upload().bucket("bucket").key("big");
        complete.upload_id(&id).multipart_upload(parts).send()
    };
    let reversed = parts.iter().rev().cloned().collect();
    assert_eq!(code(&complete(reversed).await.unwrap_err()), "InvalidPartOrder");
    let etag = complete(parts.clone()).await.unwrap().e_tag.unwrap();
    assert!(etag.ends_with("-2\""), "{etag}");
    let head = client.head_object().bucket("bucket").key("big").send().await.unwrap();
    assert_eq!(head.content_length(), Some((5 << 20) + 10));
    assert_eq!(head.content_type(), Some("video/webm"));
    assert_eq!(code(&complete(parts).await.unwrap_err()), "NoSuchUpload");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_and_foreign_parts_are_refused_and_uploads_can_be_dropped() {
    let (_stage, client) = Stage::with_bucket().await;
    let begun = client.create_multipart_upload().bucket("bucket").key("k").send().await.unwrap();
    let id = begun.upload_id.unwrap();
    let mut parts = Vec::new();
    for number in [1, 2] {
        let part = client.upload_part().bucket("bucket").key("k").upload_id(&id);
        let part = part.part_number(number).body(ByteStream::from_static(b"small"));
        let etag = part.send().await.unwrap().e_tag.unwrap();
        parts.push(CompletedPart::builder().part_number(number).e_tag(etag).build());
    }
    let complete = |parts: Vec<CompletedPart>| {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = client.complete_multipart_upload().bucket("bucket").key("k");
        complete.upload_id(&id).multipart_upload(parts).send()
    };
    assert_eq!(code(&complete(parts).await.unwrap_err()), "EntityTooSmall");
    let foreign = CompletedPart::builder().part_number(1).e_tag("\"x\"").build();
    assert_eq!(code(&complete(vec![foreign]).await.unwrap_err()), "InvalidPart");
    let listed = client.list_multipart_uploads().bucket("bucket").send().await.unwrap();
    assert_eq!(listed.uploads()[0].upload_id(), Some(id.as_str()));
    let listed = client.list_parts().bucket("bucket").key("k").upload_id(&id).send().await.unwrap();
    assert_eq!(listed.parts().len(), 2);
    let abort = client.abort_multipart_upload().bucket("bucket").key("k").upload_id(&id);
    abort.send().await.unwrap();
    let listed = client.list_multipart_uploads().bucket("bucket").send().await.unwrap();
    assert!(listed.uploads().is_empty());
}

/// Sends a presigned request by hand.
async fn send(stage: &Stage, method: &str, url: &str, body: &str) -> (u16, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let path = url.split_once(&stage.address.to_string()).unwrap().1;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        stage.address,
        body.len()
    );
    let mut socket = tokio::net::TcpStream::connect(stage.address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    (answer[9..12].parse().unwrap(), answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presigned_requests_are_good_for_what_was_signed() {
    let (stage, client) = Stage::with_bucket().await;
    let minute = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let put = client.put_object().bucket("bucket").key("k v").presigned(minute.clone());
    let put = put.await.unwrap();
    assert_eq!(send(&stage, "PUT", put.uri(), "hello").await.0, 200);
    let get = client.get_object().bucket("bucket").key("k v").presigned(minute).await.unwrap();
    assert_eq!(send(&stage, "GET", get.uri(), "").await, (200, "hello".to_owned()));
    let other = get.uri().replace("k%20v", "other");
    let (status, body) = send(&stage, "GET", &other, "").await;
    assert_eq!(status, 403);
    assert!(body.contains("<Code>SignatureDoesNotMatch</Code>"), "{body}");
    assert_eq!(send(&stage, "DELETE", get.uri(), "").await.0, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_keys_are_told_apart_and_nobody_comes_in_without() {
    let (stage, _client) = Stage::with_bucket().await;
    let mut keys = stage.credentials.operator().clone();
    keys.secret_access_key.push('x');
    let error = stage.client(&keys).list_buckets().send().await.unwrap_err();
    assert_eq!(code(&error), "SignatureDoesNotMatch");
    keys.access_key_id.push('X');
    let error = stage.client(&keys).list_buckets().send().await.unwrap_err();
    assert_eq!(code(&error), "InvalidAccessKeyId");
    let mut keys = stage.credentials.mint_function("f").unwrap();
    keys.session_token = None;
    let error = stage.client(&keys).list_buckets().send().await.unwrap_err();
    assert_eq!(code(&error), "InvalidToken");
    let url = format!("http://{}/bucket/k", stage.address);
    assert_eq!(send(&stage, "GET", &url, "").await.0, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_may_do_only_what_its_document_says() {
    let (stage, client) = Stage::with_bucket().await;
    put(&client, "mine/1", "v").await;
    put(&client, "yours/1", "v").await;
    let statement = |action: &str| Statement {
        sid: "S".to_owned(),
        effect: Effect::Allow,
        action: vec![action.to_owned()],
        resource: vec!["arn:aws:s3:::bucket/mine/*".to_owned()],
        reason: String::new(),
    };
    let statement = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"].map(statement).to_vec();
    let document = PolicyDocument { version: "2012-10-17", statement };
    stage.access.set_policies(HashMap::from([("f".to_owned(), document)]));
    let function = stage.client(&stage.credentials.mint_function("f").unwrap());
    assert_eq!(content(&function, "mine/1").await, "v");
    let error = function.get_object().bucket("bucket").key("yours/1").send().await.unwrap_err();
    assert_eq!(code(&error), "AccessDenied");
    let copy = function.copy_object().bucket("bucket").key("mine/2").copy_source("bucket/yours/1");
    assert_eq!(code(&copy.send().await.unwrap_err()), "AccessDenied");
    let copy = function.copy_object().bucket("bucket").key("mine/2").copy_source("bucket/mine/1");
    copy.send().await.unwrap();
    let ids =
        ["mine/1", "yours/1"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(ids.to_vec())).build().unwrap();
    let delete = function.delete_objects().bucket("bucket").delete(delete).send().await;
    assert_eq!(code(&delete.unwrap_err()), "AccessDenied");
    assert_eq!(content(&client, "yours/1").await, "v");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ranges_and_conditions_hold() {
    let (_stage, client) = Stage::with_bucket().await;
    put(&client, "k", "0123456789").await;
    let get = || client.get_object().bucket("bucket").key("k");
    let part = get().range("bytes=2-4").send().await.unwrap();
    assert_eq!(part.content_range(), Some("bytes 2-4/10"));
    assert_eq!(part.body.collect().await.unwrap().to_vec(), b"234");
    let error = get().range("bytes=20-").send().await.unwrap_err();
    assert_eq!(code(&error), "InvalidRange");
    let etag = get().send().await.unwrap().e_tag.unwrap();
    let error = get().if_none_match(&etag).send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 304);
    let error = get().if_match("\"x\"").send().await.unwrap_err();
    assert_eq!(code(&error), "PreconditionFailed");
    let put = client.put_object().bucket("bucket").key("k").if_none_match("*").send().await;
    assert_eq!(code(&put.unwrap_err()), "PreconditionFailed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_not_what_was_claimed_is_refused() {
    let (_stage, client) = Stage::with_bucket().await;
    let put = client.put_object().bucket("bucket").key("k").checksum_crc32("AAAAAA==");
    let put = put.body(ByteStream::from_static(b"x")).send().await;
    assert_eq!(code(&put.unwrap_err()), "BadDigest");
    let put = client.put_object().bucket("bucket").key("k").content_md5("1B2M2Y8AsgTpgAmY7PhCfg==");
    let put = put.body(ByteStream::from_static(b"x")).send().await;
    assert_eq!(code(&put.unwrap_err()), "BadDigest");
}
