//! Errors on stderr: what happened, why, what to do next; with a caret where a file is wrong.

use std::io::Write;

use anstyle::AnsiColor;
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report,
};
use serde_json::json;

use super::{Output, Ui};
use crate::error::{CliError, Kind, Snippet};

impl Ui {
    /// Shows an error, in the form that the output has.
    pub fn report(&self, error: &CliError) {
        self.rest();
        if matches!(error.kind, Kind::ClosedPipe | Kind::Differences) {
            return;
        }
        let text = match self.output() {
            Output::Json | Output::Ndjson => as_json(error),
            Output::Text | Output::Csv => self.as_text(error),
        };
        // Nobody can be told that stderr is gone.
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    fn as_text(&self, error: &CliError) -> String {
        let head = match error.kind {
            Kind::Interrupted => String::new(),
            _ => self
                .paint_err(&format!("error[{}]: ", error.code), AnsiColor::Red.on_default().bold()),
        };
        let mut lines = vec![format!("{head}{}", error.message)];
        if let Some(snippet) = &error.snippet {
            lines.push(self.caret(snippet));
        }
        lines.extend(error.details.iter().map(|detail| format!("  {detail}")));
        let mark = self.paint_err("help:", AnsiColor::Cyan.on_default().bold());
        lines.extend(error.hints.iter().map(|hint| format!("{mark} {hint}")));
        lines.join("\n")
    }

    fn caret(&self, snippet: &Snippet) -> String {
        let theme = match (self.err_colour, self.plain) {
            (true, _) => GraphicalTheme::unicode(),
            (false, false) => GraphicalTheme::unicode_nocolor(),
            (false, true) => GraphicalTheme::none(),
        };
        let (start, length) = span(snippet);
        let place = format!("{}:{}:{}", snippet.path.display(), snippet.line, snippet.column);
        let diagnostic =
            MietteDiagnostic::new(place).with_label(LabeledSpan::at(start..start + length, "here"));
        let source = NamedSource::new(snippet.path.display().to_string(), snippet.text.clone());
        let report = Report::from(diagnostic).with_source_code(source);
        let mut text = String::new();
        let drawn = GraphicalReportHandler::new_themed(theme)
            .with_links(false)
            .with_context_lines(1)
            .render_report(&mut text, report.as_ref());
        match drawn {
            Ok(()) => text.trim_end().to_owned(),
            Err(_) => {
                format!("  at {}:{}:{}", snippet.path.display(), snippet.line, snippet.column)
            }
        }
    }
}

/// The bytes from the place to the end of the word there.
fn span(snippet: &Snippet) -> (usize, usize) {
    let before: usize =
        snippet.text.split_inclusive('\n').take(snippet.line.saturating_sub(1)).map(str::len).sum();
    let line = snippet.text[before..].lines().next().unwrap_or_default();
    let column =
        line.char_indices().nth(snippet.column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
    let word = line[column..].find([' ', ':', ',', '#', '\r']).unwrap_or(line.len() - column);
    (before + column, word.max(usize::from(column < line.len())))
}

fn as_json(error: &CliError) -> String {
    let place = error.snippet.as_ref().map(|snippet| {
        json!({"file": snippet.path.display().to_string(), "line": snippet.line, "column": snippet.column})
    });
    let error = json!({
        "code": error.code,
        "message": error.message,
        "details": error.details,
        "hints": error.hints,
        "place": place,
        "exitCode": error.kind.exit_code(),
    });
    json!({"error": error}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, line: usize, column: usize) -> String {
        let snippet = Snippet { path: "f".into(), text: text.into(), line, column };
        let (start, length) = span(&snippet);
        text[start..start + length].to_owned()
    }

    #[test]
    fn the_caret_covers_the_word_at_the_place() {
        let text = "project: chat\nstages:\n  local:\n    prot: 1\n";
        assert_eq!(at(text, 4, 5), "prot");
        assert_eq!(at(text, 1, 10), "chat");
        assert_eq!(at("größe: zwölf x", 1, 8), "zwölf");
        assert_eq!(at(text, 99, 3), "");
        assert_eq!(at("", 1, 1), "");
    }
}
