//! Evaluation, against documents written by hand and against the stack's own.

use std::sync::Mutex;

use super::*;
use crate::stack::{
    BUILT_IN_MANIFEST, LOCAL_API_ID, Manifest, Place, Settings, StackName, Statement, lower,
};

const TABLE: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/T";

fn caller() -> Caller {
    Caller::Function("fn".into())
}

fn statement(effect: Effect, action: &str, resource: &str) -> Statement {
    Statement {
        sid: "S".to_owned(),
        effect,
        action: vec![action.to_owned()],
        resource: vec![resource.to_owned()],
        reason: String::new(),
    }
}

fn access(statement: Vec<Statement>) -> Access {
    let access = Access::new("000000000000", |_| {});
    let document = PolicyDocument { version: "2012-10-17", statement };
    access.set_policies(HashMap::from([("fn".to_owned(), document)]));
    access
}

#[test]
fn what_is_not_allowed_is_denied_in_the_words_of_aws() {
    let denied = access(Vec::new()).check(&caller(), "dynamodb:PutItem", TABLE).unwrap_err();
    assert_eq!(
        denied.message,
        "User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: \
         dynamodb:PutItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/T because no \
         identity-based policy allows the dynamodb:PutItem action"
    );
    assert_eq!(
        denied.missing_statement,
        Some(json!({"Effect": "Allow", "Action": ["dynamodb:PutItem"], "Resource": [TABLE]}))
    );
}

#[test]
fn an_allowed_action_is_allowed_on_its_resource_only() {
    let access = access(vec![statement(Effect::Allow, "dynamodb:Query", TABLE)]);
    assert_eq!(access.check(&caller(), "dynamodb:Query", TABLE), Ok(()));
    assert!(access.check(&caller(), "dynamodb:GetItem", TABLE).is_err());
    assert!(access.check(&caller(), "dynamodb:Query", &format!("{TABLE}/index/I")).is_err());
    let other = Caller::Function("other".into());
    assert!(access.check(&other, "dynamodb:Query", TABLE).is_err());
}

#[test]
fn a_denial_outweighs_what_is_allowed_in_any_order() {
    let allow = statement(Effect::Allow, "dynamodb:*", "*");
    let deny = statement(Effect::Deny, "dynamodb:Delete*", TABLE);
    for statements in [vec![allow.clone(), deny.clone()], vec![deny, allow]] {
        let access = access(statements);
        assert_eq!(access.check(&caller(), "dynamodb:GetItem", TABLE), Ok(()));
        let denied = access.check(&caller(), "dynamodb:DeleteItem", TABLE).unwrap_err();
        assert!(denied.message.ends_with("with an explicit deny in an identity-based policy"));
        assert_eq!(denied.missing_statement, None);
    }
}

#[test]
fn the_operator_needs_no_document() {
    assert_eq!(access(Vec::new()).check(&Caller::Operator, "s3:DeleteBucket", "*"), Ok(()));
}

#[test]
fn the_sink_hears_of_a_refusal_once_and_of_nothing_else() {
    let heard: Arc<Mutex<Vec<Denial>>> = Arc::default();
    let sink = heard.clone();
    let access = Access::new("000000000000", move |denial| sink.lock().unwrap().push(denial));
    let resource = "arn:aws:execute-api:us-east-1:000000000000:local/local/POST/@connections/J1=";
    assert!(access.check(&caller(), "execute-api:ManageConnections", resource).is_err());
    assert_eq!(access.check(&Caller::Operator, "execute-api:ManageConnections", resource), Ok(()));
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 1);
    assert_eq!(&*heard[0].function, "fn");
    let missing = heard[0].denied.missing_statement.as_ref().unwrap();
    assert_eq!(
        missing["Resource"][0],
        "arn:aws:execute-api:us-east-1:000000000000:local/local/POST/@connections/*"
    );
}

#[test]
fn each_grant_of_the_stack_allows_its_call_and_no_other_functions() {
    let name = StackName { project: "chatctl".to_owned(), stage: "local".to_owned() };
    let manifest = Manifest::parse(BUILT_IN_MANIFEST).unwrap();
    let stack =
        lower(manifest, name, Place::local(), LOCAL_API_ID.to_owned(), Settings::local()).unwrap();
    let access = Access::new("000000000000", |_| {});
    let policies: HashMap<_, _> = stack
        .functions
        .iter()
        .map(|function| (function.physical.clone(), stack.policy(function)))
        .collect();
    access.set_policies(policies.clone());
    for (function, document) in &policies {
        let caller = Caller::Function(function.as_str().into());
        for statement in &document.statement {
            let resource = statement.resource[0].replace('*', "JC1dgf9yoAMCK-g=");
            assert_eq!(access.check(&caller, &statement.action[0], &resource), Ok(()));
            assert!(access.check(&caller, "dynamodb:Scan", &resource).is_err());
        }
    }
}
