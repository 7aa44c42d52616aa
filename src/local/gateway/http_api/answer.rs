//! What a function returned, as the HTTP answer that API Gateway makes of it (payload format 2.0).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, HeaderName, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::local::answer::{Answer, answer};

/// What concerns only the hop to the client is the gateway's own to say.
const OF_THE_HOP: [HeaderName; 6] =
    [CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// The type of a body whose function names none.
const UNNAMED: &str = "text/plain;charset=UTF-8";

/// An answer as a function spells it out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spelled {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The answer; none where API Gateway calls what the function returned malformed.
pub fn read(returned: &Bytes) -> Option<Answer> {
    let value: Value = serde_json::from_slice(returned).ok()?;
    match value.get("statusCode") {
        Some(_) => spelled_out(serde_json::from_value(value).ok()?),
        None => Some(inferred(value, returned)),
    }
}

/// Without a status, all of it is the body of a success.
fn inferred(value: Value, returned: &Bytes) -> Answer {
    let body = match value {
        Value::String(text) => text.into(),
        _ => returned.clone(),
    };
    answer(StatusCode::OK, "application/json", body)
}

fn spelled_out(spelled: Spelled) -> Option<Answer> {
    let Spelled { status_code, headers, cookies, body, is_base64_encoded } = spelled;
    let status = StatusCode::from_u16(status_code).ok().filter(|one| one.as_u16() >= 200)?;
    let body = body.unwrap_or_default();
    let body =
        if is_base64_encoded { STANDARD.decode(body).ok()?.into() } else { Bytes::from(body) };
    let mut answer = answer(status, UNNAMED, body);
    let given = answer.headers_mut();
    for (name, value) in headers.into_iter().flatten() {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        if !OF_THE_HOP.contains(&name) {
            given.insert(name, header_value(&value)?);
        }
    }
    for cookie in cookies.into_iter().flatten() {
        given.append(SET_COOKIE, HeaderValue::from_str(&cookie).ok()?);
    }
    Some(answer)
}

fn header_value(value: &Value) -> Option<HeaderValue> {
    let text = match value {
        Value::String(text) => text.clone(),
        scalar @ (Value::Bool(_) | Value::Number(_)) => scalar.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;
    use http_body_util::BodyExt;
    use serde_json::json;

    use super::*;

    async fn answered(returned: Value) -> (u16, String, String) {
        let answer = read(&returned.to_string().into()).unwrap();
        let status = answer.status().as_u16();
        let kind = answer.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, kind, String::from_utf8(body.to_vec()).unwrap())
    }

    fn expected(status: u16, kind: &str, body: &str) -> (u16, String, String) {
        (status, kind.to_owned(), body.to_owned())
    }

    #[tokio::test]
    async fn an_answer_is_spelled_out_or_inferred() {
        let spelled = json!({"statusCode": 201, "headers": {"Content-Type": "a/b"}, "body": "x"});
        assert_eq!(answered(spelled).await, expected(201, "a/b", "x"));
        let encoded = json!({"statusCode": 404, "body": "aGk=", "isBase64Encoded": true});
        assert_eq!(answered(encoded).await, expected(404, UNNAMED, "hi"));
        let bare = json!({"status": "ok", "n": [1]});
        let kind = "application/json";
        assert_eq!(answered(bare.clone()).await, expected(200, kind, &bare.to_string()));
        assert_eq!(answered(json!("Hello")).await, expected(200, kind, "Hello"));
        assert_eq!(answered(Value::Null).await, expected(200, kind, "null"));
    }

    #[test]
    fn headers_and_cookies_are_handed_on_and_the_hops_are_not() {
        let returned = json!({
            "statusCode": 200,
            "headers": {"X-A": 1, "x-b": true, "Content-Length": "999", "Connection": "close"},
            "cookies": ["a=1", "b=2; Secure"],
        });
        let answer = read(&returned.to_string().into()).unwrap();
        let headers = answer.headers();
        assert_eq!(
            (&headers["x-a"], &headers["x-b"]),
            (&"1".parse().unwrap(), &"true".parse().unwrap())
        );
        let cookies: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1", "b=2; Secure"]);
        assert!(!headers.contains_key(CONTENT_LENGTH) && !headers.contains_key(CONNECTION));
    }

    #[test]
    fn what_is_malformed_is_no_answer() {
        for returned in [
            "",
            "{",
            r#"{"statusCode":"ok"}"#,
            r#"{"statusCode":100}"#,
            r#"{"statusCode":1000}"#,
            r#"{"statusCode":200,"body":{}}"#,
            r#"{"statusCode":200,"body":"!","isBase64Encoded":true}"#,
            r#"{"statusCode":200,"headers":{"a b":"c"}}"#,
            r#"{"statusCode":200,"headers":{"a":["b"]}}"#,
            r#"{"statusCode":200,"headers":{"a":"b\nc"}}"#,
        ] {
            assert!(read(&Bytes::from_static(returned.as_bytes())).is_none(), "{returned}");
        }
    }
}
