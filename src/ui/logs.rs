//! Lines of logs: local time, a short coloured function name, level, message, fields; or objects.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Color, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::{Output, Ui};
use crate::error::CliError;
use crate::tail::Line;

/// The schema of the lines as JSON.
const SCHEMA: &str = "chatctl.logs/1";

/// Members of a JSON line that stand elsewhere, or say nothing new.
const ELSEWHERE: [&str; 9] =
    ["function", "timestamp", "time", "level", "message", "fields", "target", "span", "spans"];

/// Writes lines of functions' logs, many at a time.
#[derive(Debug)]
pub struct LogWriter<'a> {
    ui: &'a Ui,
    zone: TimeZone,
    text: String,
    count: usize,
}

impl<'a> LogWriter<'a> {
    /// A writer to stdout.
    pub fn new(ui: &'a Ui) -> Self {
        Self { ui, zone: TimeZone::system(), text: String::new(), count: 0 }
    }

    /// How many lines were written.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Writes lines, all of them at once.
    ///
    /// # Errors
    /// As [`Ui::line`].
    pub fn lines(&mut self, lines: &[Line]) -> Result<(), CliError> {
        self.text.clear();
        for line in lines {
            self.line(line);
            self.count += 1;
        }
        self.ui.text(&self.text)
    }

    /// Writes what stands after the last line.
    ///
    /// # Errors
    /// As [`Ui::line`].
    pub fn end(&self) -> Result<(), CliError> {
        match (self.ui.output(), self.count) {
            (Output::Json, 0) => self.ui.text("[]\n"),
            (Output::Json, _) => self.ui.text("\n]\n"),
            _ => Ok(()),
        }
    }

    fn line(&mut self, line: &Line) {
        let (schema, seq) = match self.ui.output() {
            Output::Text | Output::Csv => {
                self.ui.log_text(line, &self.zone, &mut self.text);
                self.text.push('\n');
                return;
            }
            Output::Ndjson => (Some(SCHEMA), Some(self.ui.next_seq())),
            Output::Json => (None, None),
        };
        if self.ui.output() == Output::Json {
            self.text.push_str(if self.count == 0 { "[\n  " } else { ",\n  " });
        }
        write_object(&mut self.text, &Object::of(line, schema, seq), &line.event.message);
        if self.ui.output() == Output::Ndjson {
            self.text.push('\n');
        }
    }
}

/// A line as JSON, all but its message.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    ts: String,
    function: &'a str,
    stream: &'a str,
    event_id: &'a str,
}

impl<'a> Object<'a> {
    fn of(line: &'a Line, schema: Option<&'static str>, seq: Option<u64>) -> Self {
        let Line { function, event } = line;
        let ts = Timestamp::from_millisecond(event.timestamp_ms).unwrap_or_default();
        // Always milliseconds, so that the texts sort as the times do.
        let ts = format!("{ts:.3}");
        Self { schema, seq, ts, function, stream: &event.stream, event_id: &event.id }
    }
}

/// A message that is a JSON object itself stays so, as it was written: reading it into values and
/// writing those would cost most of the time that a long log takes.
fn write_object(out: &mut String, object: &Object<'_>, message: &str) {
    // Strings and numbers: there is nothing that could not be written.
    let head = serde_json::to_string(object).unwrap_or_default();
    out.push_str(head.strip_suffix('}').unwrap_or_default());
    out.push_str(",\"message\":");
    let message = message.trim_end();
    let is_object = message.starts_with('{')
        && !message.contains('\n')
        && serde_json::from_str::<IgnoredAny>(message).is_ok();
    match is_object {
        true => out.push_str(message),
        false => out.push_str(&Value::from(message).to_string()),
    }
    out.push('}');
}

impl Ui {
    fn log_text(&self, line: &Line, zone: &TimeZone, out: &mut String) {
        let time = Timestamp::from_millisecond(line.event.timestamp_ms).unwrap_or_default();
        let time = time.to_zoned(zone.clone()).strftime("%H:%M:%S%.3f").to_string();
        let short = line.function.strip_suffix("Handler").unwrap_or(&line.function);
        let name = self.paint(&format!("{short:<14}"), colour(&line.function));
        let _ = write!(out, "{} {name} ", self.paint(&time, Style::new().dimmed()));
        let text = line.event.message.trim_end();
        match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(object) => out.push_str(&self.structured(&object)),
            Err(_) => out.push_str(text),
        }
    }

    fn structured(&self, object: &Map<String, Value>) -> String {
        let inner = object.get("fields").and_then(Value::as_object);
        let message = object.get("message").or_else(|| inner?.get("message")).map(plain);
        let level = object.get("level").map(plain).unwrap_or_default();
        let mut parts = vec![self.paint(&format!("{level:<5}"), severity(&level))];
        parts.extend(message);
        let all = object.iter().chain(inner.into_iter().flatten());
        for (name, value) in all.filter(|(name, _)| !ELSEWHERE.contains(&name.as_str())) {
            parts.push(self.paint(&format!("{name}={}", plain(value)), Style::new().dimmed()));
        }
        parts.join(" ")
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The same colour for the same function in every run.
fn colour(function: &str) -> Style {
    const COLOURS: [AnsiColor; 6] = [
        AnsiColor::Cyan,
        AnsiColor::Green,
        AnsiColor::Magenta,
        AnsiColor::Blue,
        AnsiColor::BrightCyan,
        AnsiColor::BrightMagenta,
    ];
    let sum: usize = function.bytes().map(usize::from).sum();
    Style::new().fg_color(Some(Color::Ansi(COLOURS[sum % COLOURS.len()])))
}

fn severity(level: &str) -> Style {
    match level {
        "ERROR" => AnsiColor::Red.on_default().bold(),
        "WARN" => AnsiColor::Yellow.on_default(),
        _ => Style::new().dimmed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::LogEvent;

    fn written(message: &str) -> Value {
        let event = LogEvent {
            id: "7".into(),
            timestamp_ms: 1,
            stream: "s".into(),
            message: message.into(),
        };
        let line = Line { function: "F".into(), event };
        let mut out = String::new();
        write_object(&mut out, &Object::of(&line, Some(SCHEMA), Some(3)), message);
        assert!(!out.contains('\n'), "one line stays one line: {out}");
        serde_json::from_str(&out).unwrap()
    }

    #[test]
    fn a_message_that_is_an_object_stays_one_and_any_other_is_a_text() {
        let object = written("{\"a\": [1, \"x\"]}\n");
        assert_eq!(object["message"], serde_json::json!({"a": [1, "x"]}));
        assert_eq!((&object["eventId"], &object["seq"]), (&Value::from("7"), &Value::from(3)));
        for text in ["plain", "{broken", "{\"a\":\n1}", "", "\"", "{} {}"] {
            assert_eq!(written(text)["message"], Value::from(text), "{text}");
        }
    }
}
