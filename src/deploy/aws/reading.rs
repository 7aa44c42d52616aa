//! A change set and a template's price in the plan's words. Pure.

use crate::cloudformation::change_set::{
    Action as Done, ChangeSet, Fate, Replacement, ResourceChange,
};
use crate::cloudformation::{Difference, How, Template, cost};
use crate::deploy::plan::{Action, Change, Kind, MonthlyUsd};

/// The changes of a change set, against the template that is deployed.
pub(super) fn changes(set: &ChangeSet, before: &Template) -> Vec<Change> {
    let at_stake = set.at_stake(before);
    set.changes
        .iter()
        .map(|one| {
            let fate = at_stake.iter().find(|stake| stake.logical_id == one.logical_id);
            change(one, fate.map(|stake| stake.fate))
        })
        .collect()
}

fn change(one: &ResourceChange, fate: Option<Fate>) -> Change {
    let action = match (one.action, one.replacement) {
        (Done::Add | Done::Import, _) => Action::Add,
        (Done::Remove, _) => Action::Remove,
        (Done::Modify, Replacement::Always) => Action::Replace,
        (Done::Modify | Done::Dynamic, _) => Action::Change,
    };
    let properties: Vec<&str> = one.properties.iter().map(|p| p.name.as_str()).collect();
    let mut detail = Vec::new();
    if one.action == Done::Import {
        detail.push("it is there already and is taken over".to_owned());
    }
    if !properties.is_empty() {
        detail.push(properties.join(", "));
    }
    detail.extend(fate.map(|fate| fate.to_string()));
    Change {
        action,
        kind: kind(&one.kind),
        name: one.logical_id.clone(),
        detail: detail.join("; "),
        loses_data: fate.is_some(),
    }
}

/// The changes from one template to another, where nobody asks CloudFormation.
pub(super) fn differences(all: &[Difference]) -> Vec<Change> {
    all.iter()
        .map(|one| {
            let (action, detail) = match &one.how {
                How::Added => (Action::Add, String::new()),
                How::Removed => (Action::Remove, String::new()),
                How::Changed(parts) => {
                    let paths: Vec<&str> = parts.iter().map(|part| part.path.as_str()).collect();
                    (Action::Change, paths.join(", "))
                }
            };
            let (kind, name) = (kind(&one.kind), one.logical_id.clone());
            Change { action, kind, name, detail, loses_data: false }
        })
        .collect()
}

/// What a template costs beside the one before it, where a stage is used little.
pub(super) fn monthly_usd(before: Option<&Template>, after: &Template) -> MonthlyUsd {
    const LOAD: cost::Load = cost::Load::SMALL;
    let cents =
        |template: &Template| (cost::monthly(template, LOAD).total() * 100.0).round() / 100.0;
    MonthlyUsd { before: before.map(cents), after: cents(after), at: LOAD.to_string() }
}

/// The word for a CloudFormation type.
fn kind(kind: &str) -> Kind {
    Kind::Other(match kind {
        "AWS::DynamoDB::Table" => return Kind::Table,
        "AWS::Lambda::Function" => return Kind::Function,
        "AWS::S3::Bucket" => return Kind::Bucket,
        "AWS::ApiGatewayV2::Api" => "API",
        "AWS::ApiGatewayV2::Integration" => "integration",
        "AWS::ApiGatewayV2::Route" => "route",
        "AWS::ApiGatewayV2::Stage" => "API stage",
        "AWS::Budgets::Budget" => "budget",
        "AWS::CloudFront::Distribution" => "distribution",
        "AWS::CloudFront::Function" => "edge function",
        "AWS::CloudFront::OriginAccessControl" => "origin access",
        "AWS::CloudFront::ResponseHeadersPolicy" => "headers policy",
        "AWS::CloudWatch::Alarm" => "alarm",
        "AWS::CloudWatch::Dashboard" => "dashboard",
        "AWS::IAM::Role" => "role",
        "AWS::Lambda::Alias" => "alias",
        "AWS::Lambda::Permission" => "permission",
        "AWS::Lambda::Version" => "version",
        "AWS::Logs::LogGroup" => "log group",
        "AWS::S3::BucketPolicy" => "bucket policy",
        "AWS::SNS::Topic" => "topic",
        _ => "resource",
    })
}
