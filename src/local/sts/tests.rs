//! The service through its handler: who may take a role, for how long, and what is left of it.

use std::collections::HashMap;

use serde_json::json;

use super::*;
use crate::local::credentials::Keys;
use crate::local::iam::AssumableRole;
use crate::stack::{Effect, PolicyDocument, Principal, Statement, TrustDocument, TrustStatement};

const ACCOUNT: &str = "000000000000";
const ROLE: &str = "arn:aws:iam::000000000000:role/chat-local-VoiceAccess";
const CHANNELS: &str = "arn:aws:kinesisvideo:us-east-1:000000000000:channel/chat-local_*/*";
const MINE: &str = "arn:aws:kinesisvideo:us-east-1:000000000000:channel/chat-local_a/1";
const OTHERS: &str = "arn:aws:kinesisvideo:us-east-1:000000000000:channel/chat-local_b/2";

struct Account {
    sts: Sts,
    access: Access,
    credentials: Credentials,
}

fn document(action: &str, resource: &str) -> PolicyDocument {
    let statement = Statement {
        sid: "S".to_owned(),
        effect: Effect::Allow,
        action: vec![action.to_owned()],
        resource: vec![resource.to_owned()],
        reason: String::new(),
    };
    PolicyDocument { version: "2012-10-17", statement: vec![statement] }
}

/// `lends` may assume the role by both documents; `granted` only by its own, `trusted` only by the
/// role's.
fn account() -> Account {
    let access = Access::new(ACCOUNT, |_| {});
    let grant = document("sts:AssumeRole", ROLE);
    let policies = ["lends", "granted"].map(|name| (name.to_owned(), grant.clone()));
    access.set_policies(HashMap::from(policies));
    let roles = ["lends", "trusted"].map(|name| format!("arn:aws:iam::{ACCOUNT}:role/{name}"));
    let trust = TrustStatement {
        sid: "T".to_owned(),
        effect: Effect::Allow,
        principal: Principal::Roles { account: ACCOUNT.to_owned(), roles: roles.to_vec() },
        reason: String::new(),
    };
    let role = AssumableRole {
        trust: TrustDocument { version: "2012-10-17", statement: vec![trust] },
        policy: document("kinesisvideo:*", CHANNELS),
    };
    access.set_roles(HashMap::from([("chat-local-VoiceAccess".to_owned(), role)]));
    let credentials = Credentials::new(Keys::generate_user().unwrap());
    let sts = Sts::new(ACCOUNT, credentials.clone(), access.clone());
    Account { sts, access, credentials }
}

impl Account {
    async fn ask(&self, body: String, caller: Caller) -> (StatusCode, String) {
        let (parts, ()) = http::Request::post("/").body(()).unwrap().into_parts();
        let answer = self.sts.handle(Call { caller, parts, body: body.into() }).await;
        let status = answer.status();
        let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn assume(&self, by: &str, extra: &str) -> (StatusCode, String) {
        let form = format!("Action=AssumeRole&RoleArn={ROLE}&RoleSessionName=voice-1&{extra}");
        self.ask(form, Caller::Function(by.into())).await
    }

    /// The caller that the keys in an answer make.
    fn caller(&self, answer: &str) -> Caller {
        self.credentials.find(element(answer, "AccessKeyId")).unwrap().1
    }
}

fn element<'a>(answer: &'a str, name: &str) -> &'a str {
    let (_, rest) = answer.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{answer}"));
    rest.split_once("</").unwrap().0
}

fn function(name: &str) -> Caller {
    Caller::Function(name.into())
}

#[tokio::test]
async fn a_caller_learns_who_it_is() {
    let account = account();
    let form = "Action=GetCallerIdentity&Version=2011-06-15";
    let (status, body) = account.ask(form.to_owned(), Caller::Operator).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(element(&body, "Arn"), "arn:aws:iam::000000000000:user/operator");
    let (_, body) = account.ask(form.to_owned(), function("f")).await;
    assert_eq!(element(&body, "Arn"), "arn:aws:sts::000000000000:assumed-role/f/f");
    let (_, lent) = account.assume("lends", "").await;
    let (_, body) = account.ask(form.to_owned(), account.caller(&lent)).await;
    let arn = "arn:aws:sts::000000000000:assumed-role/chat-local-VoiceAccess/voice-1";
    assert_eq!(element(&body, "Arn"), arn);
    assert_eq!(element(&lent, "Arn"), arn);
}

#[tokio::test]
async fn another_action_is_refused_without_breaking_the_xml() {
    let (status, body) = account().ask("Action=%3CDrop%3E".to_owned(), Caller::Operator).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains("<Code>InvalidAction</Code>"), "{body}");
    assert!(body.contains("operation &lt;Drop&gt; for"), "{body}");
}

#[tokio::test]
async fn a_role_is_lent_only_where_both_documents_say_so() {
    let account = account();
    assert_eq!(account.assume("lends", "").await.0, StatusCode::OK);
    for other in ["granted", "trusted", "nobody"] {
        let (status, body) = account.assume(other, "").await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{other}");
        assert_eq!(element(&body, "Code"), "AccessDenied");
    }
    let form = format!("Action=AssumeRole&RoleArn={ROLE}&RoleSessionName=voice-1");
    let (status, _) = account.ask(form.clone(), Caller::Operator).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "trust is for functions alone");
    let (status, _) = account.ask(form.replace("VoiceAccess", "None"), function("lends")).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a role that is not there");
}

#[tokio::test]
async fn a_session_may_do_what_both_documents_allow() {
    let account = account();
    let narrow = json!({"Statement": {"Effect": "Allow", "Resource": [MINE, "arn:aws:s3:::*"],
        "Action": ["kinesisvideo:ConnectAsViewer", "s3:GetObject"]}});
    let policy = percent_encoding::utf8_percent_encode(
        &narrow.to_string(),
        percent_encoding::NON_ALPHANUMERIC,
    )
    .to_string();
    let (_, answer) = account.assume("lends", &format!("Policy={policy}")).await;
    let caller = account.caller(&answer);
    let may = |action: &str, on: &str| account.access.check(&caller, action, on).is_ok();
    assert!(may("kinesisvideo:ConnectAsViewer", MINE));
    assert!(!may("kinesisvideo:ConnectAsViewer", OTHERS), "another room's channel");
    assert!(!may("kinesisvideo:ConnectAsMaster", MINE), "another role in the channel");
    assert!(!may("s3:GetObject", "arn:aws:s3:::bucket/key"), "beyond the role's own document");
    let refused =
        account.access.check(&caller, "kinesisvideo:ConnectAsMaster", MINE).unwrap_err().message;
    assert!(refused.contains("because no session policy allows"), "{refused}");
    let (_, whole) = account.assume("lends", "").await;
    let caller = account.caller(&whole);
    assert!(account.access.check(&caller, "kinesisvideo:ConnectAsMaster", OTHERS).is_ok());
}

#[tokio::test]
async fn a_session_that_asks_for_the_lack_of_a_tag_ends_with_the_tag() {
    let account = account();
    let policy = json!({"Statement": {"Effect": "Allow", "Resource": MINE,
        "Action": "kinesisvideo:ConnectAsViewer",
        "Condition": {"Null": {"aws:ResourceTag/left:ann": "true"}}}});
    let text = policy.to_string();
    let text = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
    let (_, answer) = account.assume("lends", &format!("Policy={text}")).await;
    let caller = account.caller(&answer);
    let may = |tag: &str| {
        let tags = std::iter::once((tag.to_owned(), String::new())).collect();
        let access = &account.access;
        access.check_tagged(&caller, "kinesisvideo:ConnectAsViewer", MINE, &tags).is_ok()
    };
    assert!(may("left:bob"));
    assert!(!may("left:ann"));
}

#[tokio::test]
async fn credentials_end_when_they_say_so() {
    let account = account();
    let (_, answer) = account.assume("lends", "DurationSeconds=900").await;
    let caller = account.caller(&answer);
    let ends: Timestamp = element(&answer, "Expiration").parse().unwrap();
    let seconds = ends.as_second() - Timestamp::now().as_second();
    assert!((898..=900).contains(&seconds), "{seconds}");
    assert!(!caller.is_expired(ends.as_second() - 1));
    assert!(caller.is_expired(ends.as_second()));
}

#[tokio::test]
async fn what_sts_refuses_is_refused() {
    let account = account();
    let long = format!("Policy={}", "x".repeat(2049));
    let wrong = [
        ("DurationSeconds=899", "ValidationError"),
        ("DurationSeconds=3601", "ValidationError"),
        ("DurationSeconds=43201", "ValidationError"),
        ("DurationSeconds=long", "ValidationError"),
        ("PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FX", "ValidationError"),
        ("Policy=%7B", "MalformedPolicyDocument"),
        (&long, "ValidationError"),
    ];
    for (extra, code) in wrong {
        let (status, body) = account.assume("lends", extra).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{extra}");
        assert_eq!(element(&body, "Code"), code, "{extra}");
    }
    for form in ["", "&RoleSessionName=a", "&RoleSessionName=a%20b"] {
        let form = format!("Action=AssumeRole&RoleArn={ROLE}{form}");
        let (_, body) = account.ask(form, function("lends")).await;
        assert_eq!(element(&body, "Code"), "ValidationError");
    }
}
