//! The template of the manifest that ships, whole, and what must hold in any.

use super::*;
use crate::stack::{
    BUILT_IN_MANIFEST, Manifest, Place, Settings, StackName, TEMPLATE_API_ID, lower,
};

const CODE: Code<'_> = Code {
    bucket: "chatctl-code",
    key: "code/0f1e2d.zip",
    sha256: "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
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
