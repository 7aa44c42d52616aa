//! STS: says who the caller is, in the query protocol. Nothing is assumed or federated here.

use http::StatusCode;
use percent_encoding::percent_decode_str;

use super::answer::{Answer, Call, answer};
use super::credentials::Caller;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The security token service of an account.
#[derive(Clone)]
pub struct Sts {
    account: std::sync::Arc<str>,
}

impl Sts {
    /// The service of this account.
    pub fn new(account: &str) -> Self {
        Self { account: account.into() }
    }

    /// Answers a call; whoever signs may ask who they are.
    pub async fn handle(&self, call: Call) -> Answer {
        let form = std::str::from_utf8(&call.body).unwrap_or_default();
        let query = call.parts.uri.query().unwrap_or_default();
        match action(form).or_else(|| action(query)).as_deref() {
            Some("GetCallerIdentity") => xml(StatusCode::OK, &self.identity(&call.caller)),
            Some(action) => refusal(
                "InvalidAction",
                &format!("Could not find operation {action} for version 2011-06-15"),
            ),
            None => refusal("MissingAction", "Could not find operation in the request"),
        }
    }

    fn identity(&self, caller: &Caller) -> String {
        let user = match caller {
            Caller::Operator => "AIDAOPERATOROFTHESTAGE".to_owned(),
            Caller::Function(name) => format!("AROAFUNCTIONOFTHESTAGE:{name}"),
        };
        format!(
            "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\"><GetCallerIdentityResult>\
             <Arn>{}</Arn><UserId>{user}</UserId><Account>{}</Account>\
             </GetCallerIdentityResult><ResponseMetadata><RequestId>{}</RequestId>\
             </ResponseMetadata></GetCallerIdentityResponse>",
            caller.arn(&self.account),
            self.account,
            ulid::Ulid::new()
        )
    }
}

/// The `Action` of a form.
fn action(form: &str) -> Option<String> {
    let mut pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == "Action")?;
    Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
}

fn refusal(code: &str, message: &str) -> Answer {
    let message = super::sigv4::escape(message);
    let body = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
        ulid::Ulid::new()
    );
    xml(StatusCode::BAD_REQUEST, &body)
}

fn xml(status: StatusCode, body: &str) -> Answer {
    answer(status, "text/xml", body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(body: &'static str, caller: Caller) -> (StatusCode, String) {
        let (parts, ()) = http::Request::post("/").body(()).unwrap().into_parts();
        let answer =
            Sts::new("000000000000").handle(Call { caller, parts, body: body.into() }).await;
        let status = answer.status();
        let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_caller_learns_who_it_is() {
        let form = "Action=GetCallerIdentity&Version=2011-06-15";
        let (status, body) = ask(form, Caller::Operator).await;
        assert_eq!(status, StatusCode::OK);
        assert!(body.contains("<Arn>arn:aws:iam::000000000000:user/operator</Arn>"), "{body}");
        let (_, body) = ask(form, Caller::Function("f".into())).await;
        assert!(body.contains("<Arn>arn:aws:sts::000000000000:assumed-role/f/f</Arn>"), "{body}");
    }

    #[tokio::test]
    async fn another_action_is_refused_without_breaking_the_xml() {
        let (status, body) = ask("Action=%3CDrop%3E", Caller::Operator).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(body.contains("<Code>InvalidAction</Code>"), "{body}");
        assert!(body.contains("operation &lt;Drop&gt; for"), "{body}");
    }
}
