//! Tables for people: fitted to the terminal, without lines that a copy would take along.

use comfy_table::{ContentArrangement, Table, presets};

use super::Ui;

impl Ui {
    /// A table of rows below a header.
    pub fn table(&self, header: &[&str], rows: &[Vec<String>]) -> String {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_header(header);
        if self.is_terminal() {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        for row in rows {
            table.add_row(row);
        }
        // Each cell has a space before it, the first one too.
        let plain = |line: String| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned();
        table.lines().map(plain).collect::<Vec<_>>().join("\n") + "\n"
    }
}
