//! The state of the stage `local`.

use jiff::{Timestamp, Unit};
use serde::Serialize;
use serde_json::json;

use crate::aws::Tables;
use crate::context::Context;
use crate::deploy::local::Addresses;
use crate::deploy::local::host::{Running, silent};
use crate::error::CliError;
use crate::local::lambda::FunctionStatus;
use crate::local::state::StateError;
use crate::ui::{Output, Ui};

/// How a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum State {
    NotDeployed,
    Stopped,
    Running,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TableCount {
    name: String,
    physical_name: String,
    items: u64,
}

/// Shows it.
pub(super) fn show(context: &Context) -> Result<(), CliError> {
    let found = context.block_on(async {
        let Some(running) = context.reach().await? else { return Ok(None) };
        let tables = count(context, &running).await?;
        Ok(Some((running, tables)))
    })?;
    match found {
        Some((running, tables)) => show_running(&running, &tables, &context.ui),
        None => show_down(context),
    }
}

async fn count(context: &Context, running: &Running) -> Result<Vec<TableCount>, CliError> {
    if running.status.deployment.is_none() {
        return Ok(Vec::new());
    }
    let tables = Tables::new(&context.cloud(running)?);
    let mut counts = Vec::new();
    for table in context.deployed(running)?.tables {
        let items = tables.count(&table.physical).await?;
        counts.push(TableCount { name: table.logical, physical_name: table.physical, items });
    }
    Ok(counts)
}

fn show_down(context: &Context) -> Result<(), CliError> {
    let deployed = match context.state()?.deployment() {
        Err(error @ StateError::Damaged { .. }) => {
            context.ui.warn(&format!("{error}; `chatctl deploy` writes it anew"));
            None
        }
        read => read?,
    };
    let state = if deployed.is_some() { State::Stopped } else { State::NotDeployed };
    let tables_kept = context.state()?.tables().is_file();
    if context.ui.output() != Output::Text {
        let at = deployed.map(|deployed| time(deployed.deployed_at));
        return context.ui.json(&json!({
            "stage": "local", "state": state, "lastDeployment": at, "tablesKept": tables_kept,
        }));
    }
    let said = match deployed {
        Some(deployed) => format!("stopped (last deployed {})", local_time(deployed.deployed_at)),
        None if tables_kept => "not deployed; its tables are kept".to_owned(),
        None => "not deployed".to_owned(),
    };
    context.ui.line(&format!("Stage local: {said}"))?;
    match silent(&context.state()?) {
        Some(pid) => context.ui.warn(&format!(
            "its host (pid {pid}) runs but does not answer this chatctl; `chatctl deploy` replaces it"
        )),
        None => context.ui.note("`chatctl deploy` starts it."),
    }
    Ok(())
}

fn show_running(running: &Running, tables: &[TableCount], ui: &Ui) -> Result<(), CliError> {
    let status = &running.status;
    let addresses = Addresses::local(running.record.port);
    let state = if status.deployment.is_some() { State::Running } else { State::NotDeployed };
    let project = status.deployment.as_ref().map(|deployed| deployed.project.clone());
    if ui.output() != Output::Text {
        let uptime = (Timestamp::now().as_millisecond() - status.started_at) / 1000;
        return ui.json(&json!({
            "stage": addresses.stage,
            "state": state,
            "project": project,
            "siteUrl": addresses.site_url,
            "webSocketUrl": addresses.web_socket_url,
            "awsEndpointUrl": addresses.aws_endpoint_url,
            "host": {
                "pid": status.pid,
                "version": status.version,
                "startedAt": time(status.started_at),
                "uptimeSeconds": uptime,
                "residentBytes": status.resident_bytes,
            },
            "connections": status.connections,
            "signalingConnections": status.signaling_connections,
            "functions": status.functions,
            "tables": tables,
            "requests": status.requests,
            "faults": status.faults,
            "lastDeployment": status.deployment.as_ref().map(|deployed| time(deployed.deployed_at)),
            "codeSha256": status.deployment.as_ref().map(|deployed| deployed.code_sha256.clone()),
        }));
    }
    show_text(running, &addresses, tables, ui)
}

fn show_text(
    running: &Running,
    addresses: &Addresses,
    tables: &[TableCount],
    ui: &Ui,
) -> Result<(), CliError> {
    let status = &running.status;
    let host = format!(
        "pid {}, version {}, up {}, {} MB",
        status.pid,
        status.version,
        uptime(status.started_at),
        status.resident_bytes / (1024 * 1024)
    );
    let deployed = status.deployment.as_ref().map_or_else(
        || "never".to_owned(),
        |d| {
            format!(
                "{} (code {})",
                local_time(d.deployed_at),
                &d.code_sha256[..d.code_sha256.len().min(12)]
            )
        },
    );
    let state = if status.deployment.is_some() {
        "running"
    } else {
        "running, but nothing is deployed on it"
    };
    let rows = [
        ("Stage local", state),
        ("site", &addresses.site_url),
        ("WebSocket", &addresses.web_socket_url),
        ("AWS APIs", &addresses.aws_endpoint_url),
        ("host", &host),
        ("deployed", &deployed),
        ("connections", &status.connections.to_string()),
        ("signaling", &status.signaling_connections.to_string()),
    ];
    rows.iter().try_for_each(|(name, value)| ui.line(&format!("{name:<12} {value}")))?;
    status.warnings.iter().for_each(|warning| ui.warn(warning));
    if status.faults != crate::local::faults::FaultSettings::default() {
        ui.warn("faults are injected; `chatctl faults` shows them");
    }
    if status.deployment.is_some() {
        let header =
            ["FUNCTION", "RUNNING", "BUSY", "INVOCATIONS", "ERRORS", "COLD STARTS", "MAX MEMORY"];
        let rows: Vec<_> = status.functions.iter().map(function_row).collect();
        ui.text(&format!("\n{}", ui.table(&header, &rows)))?;
        let rows: Vec<_> =
            tables.iter().map(|table| vec![table.name.clone(), table.items.to_string()]).collect();
        ui.text(&format!("\n{}", ui.table(&["TABLE", "ITEMS"], &rows)))?;
    }
    Ok(())
}

fn function_row(function: &FunctionStatus) -> Vec<String> {
    let memory = if function.max_memory_mb == 0 {
        "-".to_owned()
    } else {
        format!("{} MB", function.max_memory_mb)
    };
    vec![
        function.handler.clone(),
        function.instances.to_string(),
        function.busy.to_string(),
        function.invocations.to_string(),
        function.errors.to_string(),
        function.cold_starts.to_string(),
        memory,
    ]
}

fn time(ms: i64) -> Option<String> {
    Timestamp::from_millisecond(ms).ok().map(|time| time.to_string())
}

fn local_time(ms: i64) -> String {
    Timestamp::from_millisecond(ms)
        .map_or_else(|_| "at an unknown time".to_owned(), super::local_time)
}

fn uptime(started_at: i64) -> String {
    let span = Timestamp::from_millisecond(started_at)
        .and_then(|started| started.until(Timestamp::now()))
        .and_then(|span| {
            span.round(jiff::SpanRound::new().largest(Unit::Hour).smallest(Unit::Second))
        });
    span.map_or_else(|_| "for an unknown time".to_owned(), |span| format!("{span:#}"))
}
