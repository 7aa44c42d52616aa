//! `scan`: reads a table, or counts them all and says what is odd in them.

mod anomalies;
mod filter;
mod read;

use std::collections::BTreeSet;

use clap::builder::NonEmptyStringValueParser;
use serde_json::Value;

use crate::aws::{Row, Tables};
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::operate::Stage;
use crate::stack::{Stack, Table};
use crate::ui::{Output, Ui};
use anomalies::Finding;
use read::Read;

/// How many parts of a table are read at the same time.
const SEGMENTS: i32 = 4;

/// Read a table by its logical name, or count all tables and show what is odd in them
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table; all are counted and checked if none is named
    #[arg(value_name = "TABLE")]
    table: Option<String>,
    /// Which rows, in plain words: `userId = Alice`, `begins_with(entry, MEMBER#) and not isAdmin = true`
    #[arg(long, value_name = "CONDITION", requires = "table")]
    filter: Option<String>,
    /// Which attributes, and in which order
    #[arg(long, value_name = "A,B", value_delimiter = ',', requires = "table", value_parser = NonEmptyStringValueParser::new())]
    fields: Vec<String>,
    /// At most so many rows
    #[arg(long, value_name = "N", requires = "table", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// How many parts of the table are read at the same time [default: 4, or 1 with --limit]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=100))]
    segments: Option<i32>,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    let condition = args.filter.as_deref().map(filter::parse).transpose().map_err(|error| {
        CliError::new(Kind::Usage, "filter", format!("--filter: {error}"))
            .hint("such as: --filter 'userId = Alice', 'begins_with(entry, MEMBER#) and size > 3'")
    })?;
    let segments = args.segments.unwrap_or(if args.limit.is_some() { 1 } else { SEGMENTS });
    context.block_on(async {
        let stage = Stage::find(context).await?;
        let tables = Tables::new(&stage.cloud);
        let Some(name) = &args.table else {
            let findings = anomalies::of(&tables, &stage.stack, segments).await?;
            return show_findings(&findings, &context.ui);
        };
        let table = find(&stage.stack, name)?;
        let read = Read {
            table: &table.physical,
            condition: condition.as_ref(),
            fields: &args.fields,
            segments,
            limit: args.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        };
        show(&tables, &read, table, &context.ui).await
    })
}

fn find<'a>(stack: &'a Stack, name: &str) -> Result<&'a Table, CliError> {
    let is_it = |table: &&Table| table.logical.eq_ignore_ascii_case(name) || table.physical == name;
    stack.tables.iter().find(is_it).ok_or_else(|| {
        let known: Vec<_> = stack.tables.iter().map(|table| table.logical.as_str()).collect();
        CliError::new(Kind::Usage, "table-unknown", format!("there is no table `{name}`"))
            .hint(format!("the tables are {}", known.join(", ")))
    })
}

async fn show(tables: &Tables, read: &Read<'_>, table: &Table, ui: &Ui) -> Result<(), CliError> {
    let fields = read.fields;
    if ui.output() == Output::Ndjson {
        // Rows as they come; nothing is held.
        return read.pages(tables, |_, rows| ui.text(&lines(rows, fields, "\n"))).await;
    }
    let rows = read.all(tables).await?;
    if ui.output() == Output::Json {
        return match lines(rows, fields, ",\n  ") {
            empty if empty.is_empty() => ui.line("[]"),
            lines => ui.text(&format!("[\n  {}\n]\n", lines.trim_end_matches(",\n  "))),
        };
    }
    let rows: Vec<Row> = rows.into_iter().map(|row| projected(row, fields)).collect();
    let columns = if fields.is_empty() { columns(table, &rows) } else { fields.to_vec() };
    let header: Vec<&str> = columns.iter().map(String::as_str).collect();
    let cells: Vec<Vec<String>> = rows.iter().map(|row| cells(row, &columns)).collect();
    if ui.output() == Output::Csv {
        return ui.text(&csv(&header, &cells));
    }
    if !rows.is_empty() {
        ui.text(&ui.table(&header, &cells))?;
    }
    ui.note(&format!("{} rows", rows.len()));
    Ok(())
}

/// Each row as JSON, and what stands after it.
fn lines(rows: Vec<Row>, fields: &[String], after: &str) -> String {
    let mut text = String::new();
    for row in rows {
        text.push_str(&Value::Object(projected(row, fields)).to_string());
        text.push_str(after);
    }
    text
}

/// The attributes of these paths, each under its path.
fn projected(row: Row, fields: &[String]) -> Row {
    if fields.is_empty() {
        return row;
    }
    let value = |path: &String| {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let inner = rest.split('.').filter(|part| !part.is_empty());
        inner.fold(row.get(first), |value, part| value?.get(part)).cloned()
    };
    fields.iter().filter_map(|field| Some((field.clone(), value(field)?))).collect()
}

/// The key first, then every other attribute that a row has.
fn columns(table: &Table, rows: &[Row]) -> Vec<String> {
    let mut columns = vec![table.partition.clone()];
    columns.extend(table.sort.clone());
    let all: BTreeSet<&String> = rows.iter().flat_map(Row::keys).collect();
    let others: Vec<String> =
        all.into_iter().filter(|name| !columns.contains(name)).cloned().collect();
    columns.extend(others);
    columns
}

fn cells(row: &Row, columns: &[String]) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    columns.iter().map(|column| row.get(column).map(text).unwrap_or_default()).collect()
}

/// Comma-separated values as RFC 4180 has them.
fn csv(header: &[&str], rows: &[Vec<String>]) -> String {
    let quoted = |cell: &str| {
        if cell.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    };
    let line = |cells: Vec<String>| cells.join(",") + "\r\n";
    let head = line(header.iter().map(|cell| quoted(cell)).collect());
    let body = rows.iter().map(|row| line(row.iter().map(|cell| quoted(cell)).collect()));
    std::iter::once(head).chain(body).collect()
}

fn show_findings(findings: &[Finding], ui: &Ui) -> Result<(), CliError> {
    match ui.output() {
        Output::Json => return ui.json(&findings),
        Output::Ndjson => return findings.iter().try_for_each(|finding| ui.json(finding)),
        Output::Text | Output::Csv => {}
    }
    let header = ["TABLE", "ROWS", "EXPIRED", "ODD"];
    let row = |finding: &Finding| {
        let Finding { table, rows, expired, odd } = finding;
        let odd: Vec<String> = odd.iter().map(|(what, count)| format!("{count} {what}")).collect();
        let odd = if odd.is_empty() { "-".to_owned() } else { odd.join("; ") };
        vec![table.clone(), rows.to_string(), expired.to_string(), odd]
    };
    let rows: Vec<_> = findings.iter().map(row).collect();
    if ui.output() == Output::Csv {
        ui.text(&csv(&header, &rows))
    } else {
        ui.text(&ui.table(&header, &rows))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn csv_quotes_what_must_be_quoted() {
        let rows = [
            vec!["a,b".to_owned(), "say \"hi\"".to_owned()],
            vec!["plain".to_owned(), "two\nlines".to_owned()],
        ];
        let expected = "x,y\r\n\"a,b\",\"say \"\"hi\"\"\"\r\nplain,\"two\nlines\"\r\n";
        assert_eq!(csv(&["x", "y"], &rows), expected);
    }

    #[test]
    fn fields_choose_and_order() {
        let Value::Object(row) = json!({"a": 1, "b": 2, "c": 3}) else { panic!("an object") };
        let fields = ["c".to_owned(), "a".to_owned(), "none".to_owned()];
        let projected = projected(row, &fields);
        assert_eq!(cells(&projected, &fields), ["3", "1", ""]);
        let Value::Object(row) = json!({"a": {"b": {"c": 1}}, "n": 2}) else { panic!("an object") };
        let fields = ["a.b.c".to_owned(), "n".to_owned(), "n.x".to_owned()];
        assert_eq!(cells(&super::projected(row, &fields), &fields), ["1", "2", ""]);
    }
}
