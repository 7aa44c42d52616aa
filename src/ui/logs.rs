//! Lines of logs: local time, a short coloured function name, level, message, fields.

use anstyle::{AnsiColor, Color, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::{Output, Ui};
use crate::error::CliError;
use crate::tail::Line;

/// The schema of the lines as JSON.
const SCHEMA: &str = "chatctl.logs/1";

/// Members of a JSON line that stand elsewhere, or say nothing new.
const ELSEWHERE: [&str; 9] =
    ["function", "timestamp", "time", "level", "message", "fields", "target", "span", "spans"];

impl Ui {
    /// Writes a line of a function's log.
    ///
    /// # Errors
    /// As [`Ui::line`].
    pub fn log(&self, line: &Line) -> Result<(), CliError> {
        match self.output() {
            Output::Ndjson | Output::Json => self.event(SCHEMA, &log_json(line)),
            Output::Text | Output::Csv => self.line(&self.log_text(line)),
        }
    }

    fn log_text(&self, line: &Line) -> String {
        let time = Timestamp::from_millisecond(line.event.timestamp_ms).unwrap_or_default();
        let time = time.to_zoned(TimeZone::system()).strftime("%H:%M:%S%.3f").to_string();
        let short = line.function.strip_suffix("Handler").unwrap_or(&line.function);
        let name = self.paint(&format!("{short:<14}"), colour(&line.function));
        let text = line.event.message.trim_end();
        let said = match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(object) => self.structured(&object),
            Err(_) => text.to_owned(),
        };
        format!("{} {name} {said}", self.paint(&time, Style::new().dimmed()))
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

/// A line as JSON; a message that is JSON itself stays so.
pub(crate) fn log_json(line: &Line) -> Value {
    let event = &line.event;
    let message = serde_json::from_str::<Map<String, Value>>(&event.message)
        .map_or_else(|_| json!(event.message.trim_end()), Value::Object);
    let time = Timestamp::from_millisecond(event.timestamp_ms).unwrap_or_default();
    json!({
        "ts": time.to_string(),
        "function": line.function.as_ref(),
        "stream": event.stream,
        "eventId": event.id,
        "message": message,
    })
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
