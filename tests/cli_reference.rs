//! `docs/cli.md` is what the program says of itself. `UPDATE=1 cargo test --test cli_reference`
//! writes it anew.

use std::fmt::Write;
use std::path::Path;

use clap::{Command, CommandFactory};

#[test]
fn the_reference_is_what_the_program_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    let fresh = reference();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &fresh).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(
        written == fresh,
        "docs/cli.md is out of date: UPDATE=1 cargo test --test cli_reference"
    );
}

fn reference() -> String {
    let mut root = chatctl::cli::Cli::command().term_width(100);
    root.build();
    let mut text = String::from(
        "# The command line\n\nWritten by the program itself (`tests/cli_reference.rs`); change `src/commands`.\n\n",
    );
    section(&mut text, &mut root, "chatctl", 2);
    text
}

/// A command's help, then its own commands'. Global options stand once, at the root.
fn section(text: &mut String, command: &mut Command, name: &str, depth: usize) {
    let help = command.clone().render_long_help().to_string();
    let help = if depth > 2 {
        help.split("\nGlobal options:").next().unwrap_or(&help).to_owned()
    } else {
        help
    };
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    writeln!(
        text,
        "{} {name}\n\n```text\n{}\n```\n",
        "#".repeat(depth),
        lines.join("\n").trim_end()
    )
    .unwrap();
    for child in command
        .get_subcommands_mut()
        .filter(|child| !child.is_hide_set() && child.get_name() != "help")
    {
        let name = format!("{name} {}", child.get_name());
        section(text, child, &name, 3);
    }
}
