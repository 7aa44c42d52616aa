//! The template of the manifest that ships, whole, and what must hold in any.

use super::*;
use crate::cloudformation::{Difference, How, cost};
use crate::stack::{
    AccessLogs, Architecture, BUILT_IN_MANIFEST, Domain, Endpoints, LogRetention, Manifest, Place,
    Protection, Settings, StackName, TEMPLATE_API_ID, Throttle, Transport, Turn, Voice, lower,
};

const CODE: Code<'_> = Code {
    bucket: "chatctl-code",
    key: "code/0f1e2d.zip",
    sha256: "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
    lambda_sha256: Some("Dx4tPEtaaXiHlqW0w9Lh8A8eLTxLWml4h5altMPS4fA="),
};

fn stack(settings: Settings) -> Stack {
    let name = StackName { project: "chat".to_owned(), stage: "prod".to_owned() };
    let manifest = Manifest::parse(BUILT_IN_MANIFEST).unwrap();
    lower(manifest, name, Place::of_template(), TEMPLATE_API_ID.to_owned(), settings).unwrap()
}

fn template(settings: Settings) -> Template {
    render(&stack(settings), CODE)
}

fn versions(template: &Template) -> Vec<&String> {
    let resources = template.resources.iter();
    resources.filter(|(_, r)| r.kind == "AWS::Lambda::Version").map(|(id, _)| id).collect()
}

#[test]
fn the_template_has_its_golden_form() {
    let text = template(Settings::default()).to_pretty_json();
    insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "[version]"));
}

#[test]
fn the_same_stack_is_the_same_text_and_reads_back() {
    let template = template(Settings::default());
    let text = template.to_json();
    assert_eq!(text, super::render(&stack(Settings::default()), CODE).to_json());
    assert_eq!(Template::parse(&text).unwrap(), template);
}

#[test]
fn new_code_makes_new_versions_and_the_same_code_none() {
    let before = template(Settings::default());
    let same = render(&stack(Settings::default()), Code { key: "elsewhere.zip", ..CODE });
    assert_eq!(versions(&before), versions(&same));
    let after = render(&stack(Settings::default()), Code { sha256: "00", ..CODE });
    let kept = versions(&after).into_iter().filter(|id| versions(&before).contains(id)).count();
    assert_eq!(kept, 0);
}

#[test]
fn one_functions_memory_makes_one_new_version() {
    let before = template(Settings::default());
    let mut stack = stack(Settings::default());
    stack.functions[3].memory_mb = 1024;
    let after = render(&stack, CODE);
    let fresh = versions(&after).into_iter().filter(|id| !versions(&before).contains(id)).count();
    assert_eq!(fresh, 1);
}

#[test]
fn code_that_is_not_known_yet_is_asked_for() {
    let template = render(&stack(Settings::default()), Code::PARAMETERS);
    assert!(template.parameters.contains_key("CodeBucket"));
    let code = &template.resources["PingHandler"].properties["Code"];
    assert_eq!(*code, json!({"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}}));
}

/// Every setting at its other value.
fn everything() -> Settings {
    Settings {
        architecture: Architecture::X86_64,
        log_retention: LogRetention::try_from(90).unwrap(),
        alarms_email: Some("on-call@example.org".to_owned()),
        monthly_budget_usd: Some(20),
        domain: Some(Domain {
            name: "chat.example.org".to_owned(),
            certificate_arn: "arn:aws:acm:us-east-1:123456789012:certificate/\
                              0a1b2c3d-0000-1111-2222-333344445555"
                .to_owned(),
        }),
        protection: Protection::Off,
        access_logs: AccessLogs::On,
        throttle: Throttle { rate: 50, burst: 20 },
        voice: Voice {
            transport: Transport::Kinesis,
            turn: Some(Turn {
                urls: vec!["turn:turn.example.org:3478".to_owned()],
                secret_parameter: "/chat/turn-secret".to_owned(),
            }),
        },
        endpoints: Endpoints {
            connections: Some("https://callbacks.example.org/{api}".to_owned()),
            web_socket: Some("wss://socket.example.org/chat".to_owned()),
            site: None,
        },
    }
}

#[test]
fn every_setting_shows_in_the_template() {
    let (before, after) = (template(Settings::default()), template(everything()));
    let found = crate::cloudformation::diff(&before, &after);
    let mut said = String::new();
    for Difference { logical_id, kind, how } in found {
        // Each function and its version change alike.
        if logical_id.contains("Handler") && !logical_id.starts_with("PingHandler") {
            continue;
        }
        match how {
            How::Added => said += &format!("+ {logical_id} ({kind})\n"),
            How::Removed => said += &format!("- {logical_id} ({kind})\n"),
            How::Changed(parts) => {
                said += &format!("~ {logical_id}\n");
                parts.iter().for_each(|part| said += &format!("    {part}\n"));
            }
        }
    }
    insta::assert_snapshot!(said);
}

#[test]
fn both_ends_of_the_settings_are_within_cloudformations_limits() {
    for settings in [Settings::default(), everything()] {
        assert_eq!(template(settings).check(), Ok(()));
    }
}

#[test]
fn a_stage_of_an_api_is_made_after_all_that_it_deploys() {
    let template = template(everything());
    for (api, stage) in [("WebSocketApi", "WebSocketStage"), ("HttpApi", "HttpStage")] {
        let waits = &template.resources[stage].depends_on;
        let is_route = |one: &Resource| {
            one.kind == "AWS::ApiGatewayV2::Route" && one.properties["ApiId"]["Ref"] == api
        };
        let mut routes = template.resources.iter().filter(|(_, one)| is_route(one)).peekable();
        assert!(routes.peek().is_some(), "{api} has no route");
        for (id, _) in routes {
            assert!(waits.contains(id), "{stage} is made before {id}");
        }
    }
    let account = "GatewayAccount".to_owned();
    assert!(template.resources["WebSocketStage"].depends_on.contains(&account));
}

#[test]
fn a_small_stage_costs_less_than_a_dollar_and_a_large_one_less_than_ten() {
    let template = template(Settings::default());
    let small = cost::monthly(&template, cost::Load::SMALL);
    assert!(small.total() < 1.0, "{small:?}");
    let large = cost::monthly(&template, cost::Load::LARGE);
    assert!((3.0..10.0).contains(&large.total()), "{large:?}");
}
