//! The state of a stage on AWS.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::local_time;
use crate::aws::Alarm;
use crate::context::{AwsTarget, Context};
use crate::error::CliError;
use crate::operate::{Addresses, Deployed, FunctionHealth, Health, TableHealth, Traffic, Verdict};
use crate::ui::{Output, Ui};

/// Shows it.
pub(super) fn show(target: &AwsTarget, context: &Context) -> Result<(), CliError> {
    let found = context.block_on(async {
        match Deployed::find(target).await {
            Ok(deployed) => {
                let health = deployed.health(target).await?;
                Ok(Some((deployed, health)))
            }
            Err(error) if error.code == "not-deployed" => Ok(None),
            Err(error) => Err(error),
        }
    })?;
    let ui = &context.ui;
    let Some((deployed, health)) = found else { return show_nothing(target, ui) };
    // A stack that is only being made tells no addresses yet.
    let addresses = deployed.addresses(target).ok();
    match ui.output() {
        Output::Text => show_text(&deployed, &health, addresses.as_ref(), ui),
        _ => ui.json(&object(target, &deployed, &health, addresses.as_ref())),
    }
}

fn show_nothing(target: &AwsTarget, ui: &Ui) -> Result<(), CliError> {
    let stage = &target.stage;
    if ui.output() != Output::Text {
        return ui.json(&json!({"stage": stage, "state": "notDeployed", "lastDeployment": null}));
    }
    ui.line(&format!("Stage {stage}: not deployed"))?;
    ui.note(&format!("`chatctl deploy -s {stage}` deploys it."));
    Ok(())
}

fn object(
    target: &AwsTarget,
    deployed: &Deployed,
    health: &Health,
    addresses: Option<&Addresses>,
) -> Value {
    let Deployed { description, stack } = deployed;
    let Health { stack_status: _, functions, tables, traffic, alarms } = health;
    let (verdict, reasons) = health.verdict();
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let alarms: Vec<_> = alarms
        .iter()
        .map(|Alarm { name, state, reason, since }| {
            json!({"name": name, "state": state, "reason": reason, "since": time(*since)})
        })
        .collect();
    json!({
        "stage": target.stage,
        "state": "deployed",
        "health": verdict,
        "reasons": reasons,
        "project": stack.name.project,
        "account": stack.place.account,
        "region": stack.place.region,
        "siteUrl": addresses.map(|all| &all.site_url),
        "webSocketUrl": addresses.map(|all| &all.web_socket_url),
        "awsEndpointUrl": addresses.and_then(|all| all.aws_endpoint_url.as_ref()),
        "stack": {
            "name": stack.name.physical("").trim_end_matches('-'),
            "id": description.id,
            "status": description.status,
            "reason": description.reason,
            "protected": description.protected,
        },
        "version": description.tags.get("chatctl:version"),
        "lastDeployment": time(description.updated_at),
        "codeSha256": description.outputs.get("CodeHash"),
        "functions": functions,
        "tables": tables,
        "traffic": traffic,
        "alarms": alarms,
    })
}

fn show_text(
    deployed: &Deployed,
    health: &Health,
    addresses: Option<&Addresses>,
    ui: &Ui,
) -> Result<(), CliError> {
    let Deployed { description, stack } = deployed;
    let (verdict, reasons) = health.verdict();
    let said = match verdict {
        Verdict::Healthy => ui.good("healthy"),
        Verdict::Changing => "changing".to_owned(),
        Verdict::Attention => ui.bad("wants a look"),
        Verdict::Broken => ui.bad("broken"),
    };
    ui.line(&format!("{:<12} {said}", format!("Stage {}", stack.name.stage)))?;
    reasons.iter().try_for_each(|reason| ui.line(&format!("{:<12} {reason}", "")))?;
    let place = format!("account {}, {}", stack.place.account, stack.place.region);
    let name = stack.name.physical("");
    let status = format!("{} {}", name.trim_end_matches('-'), description.status);
    let version = description.tags.get("chatctl:version").map_or("?", String::as_str);
    let code = description.outputs.get("CodeHash").map_or("", String::as_str);
    let when = description.updated_at.map_or_else(|| "at an unknown time".to_owned(), local_time);
    let when = format!("{when} (version {version}, code {})", code.get(..12).unwrap_or(code));
    let Traffic { connects, messages, http_requests, .. } = &health.traffic;
    let hour = format!("{connects} connects, {messages} messages, {http_requests} HTTP requests");
    let mut rows =
        vec![("place", place), ("stack", status), ("deployed", when), ("last hour", hour)];
    if let Some(all) = addresses {
        rows.push(("site", all.site_url.clone()));
        rows.push(("WebSocket", all.web_socket_url.clone()));
    }
    rows.iter().try_for_each(|(name, value)| ui.line(&format!("{name:<12} {value}")))?;
    show_alarms(&health.alarms, ui)?;
    let header = ["FUNCTION", "VERSION", "CODE", "INVOCATIONS", "ERRORS", "THROTTLES", "P95"];
    let rows: Vec<_> = health.functions.iter().map(function_row).collect();
    ui.text(&format!("\n{}", ui.table(&header, &rows)))?;
    let rows: Vec<_> = health.tables.iter().map(table_row).collect();
    ui.text(&format!("\n{}", ui.table(&["TABLE", "STATUS", "ITEMS", "THROTTLES"], &rows)))
}

/// Those that ring, each with its reason; the others are counted.
fn show_alarms(alarms: &[Alarm], ui: &Ui) -> Result<(), CliError> {
    let ringing: Vec<_> = alarms.iter().filter(|alarm| alarm.state == "ALARM").collect();
    ui.line(&format!("{:<12} {} of {} ring", "alarms", ringing.len(), alarms.len()))?;
    for Alarm { name, reason, since, .. } in ringing {
        let since = since.map(|since| format!(" since {}", local_time(since))).unwrap_or_default();
        ui.line(&format!("{:<12} {} {reason}", "", ui.bad(&format!("{name}{since}:"))))?;
    }
    Ok(())
}

fn function_row(function: &FunctionHealth) -> Vec<String> {
    let FunctionHealth {
        handler,
        version,
        code_sha256: _,
        drifted,
        invocations,
        errors,
        throttles,
        p95_millis,
    } = function;
    let code = match (version, drifted) {
        (None, _) => "missing",
        (Some(_), true) => "other",
        (Some(_), false) => "as deployed",
    };
    vec![
        handler.clone(),
        version.clone().unwrap_or_else(|| "-".to_owned()),
        code.to_owned(),
        invocations.to_string(),
        errors.to_string(),
        throttles.to_string(),
        p95_millis.map_or_else(|| "-".to_owned(), |millis| format!("{millis:.0} ms")),
    ]
}

fn table_row(table: &TableHealth) -> Vec<String> {
    let TableHealth { name, physical_name: _, status, items, throttles } = table;
    vec![
        name.clone(),
        status.clone().unwrap_or_else(|| "missing".to_owned()),
        items.map_or_else(|| "-".to_owned(), |items| items.to_string()),
        throttles.to_string(),
    ]
}
