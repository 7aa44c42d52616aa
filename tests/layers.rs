//! The layers hold: who may import whom, read off the `use` lines and paths of the sources.
//!
//! A failure names the rule's number, as `docs/architecture.md` lists them. Files of unit tests
//! (`tests.rs`) are not read: an SDK is the witness there that a service speaks AWS's protocol.

use std::fs;
use std::path::{Path, PathBuf};

/// A rule: files below `scope` do not mention any of `forbidden`.
struct Rule {
    number: u8,
    scope: &'static str,
    forbidden: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        number: 1,
        scope: "src/config",
        forbidden: &[
            "aws_sdk_",
            "clap",
            "crate::cloudformation",
            "crate::ui",
            "crate::commands",
            "crate::aws",
        ],
    },
    Rule {
        number: 1,
        scope: "src/stack",
        forbidden: &[
            "aws_sdk_",
            "clap",
            "crate::cloudformation",
            "crate::ui",
            "crate::commands",
            "crate::aws",
            "tokio",
        ],
    },
    Rule {
        number: 2,
        scope: "src/cloudformation",
        forbidden: &[
            "aws_sdk_",
            "clap",
            "crate::aws",
            "crate::commands",
            "crate::config",
            "crate::deploy",
            "crate::local",
            "crate::package",
            "crate::ui",
            "tokio",
        ],
    },
    Rule {
        number: 4,
        scope: "src/deploy",
        forbidden: &["clap", "crate::ui", "crate::commands", "aws_sdk_"],
    },
    Rule {
        number: 5,
        scope: "src/local",
        forbidden: &[
            "crate::cloudformation",
            "crate::deploy",
            "crate::aws",
            "crate::commands",
            "crate::ui",
            "clap",
            "aws_sdk_",
        ],
    },
    Rule { number: 7, scope: "functions/domain", forbidden: &["aws_", "lambda_runtime"] },
    Rule {
        number: 7,
        scope: "functions/protocol",
        forbidden: &["aws_", "lambda_runtime", "tokio"],
    },
    Rule { number: 7, scope: "src", forbidden: &["chatctl_domain", "chatctl_functions"] },
    Rule {
        number: 8,
        scope: "frontend/src/state",
        forbidden: &["from 'react", "from \"react", "../ui/"],
    },
    Rule {
        number: 8,
        scope: "frontend/src/transport",
        forbidden: &["from 'react", "from \"react", "../ui/", "../state/"],
    },
];

#[test]
fn every_layer_keeps_to_its_imports() {
    let broken: Vec<String> = RULES.iter().flat_map(breaches).collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn only_aws_sees_an_sdk() {
    let sdk = Rule { number: 3, scope: "src", forbidden: &["aws_sdk_"] };
    let broken: Vec<String> =
        breaches(&sdk).into_iter().filter(|line| !line.contains("src/aws/")).collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn nothing_imports_commands_and_commands_do_not_import_one_another() {
    let rule =
        Rule { number: 6, scope: "src", forbidden: &["crate::commands", "chatctl::commands"] };
    let allowed = ["src/cli.rs", "src/main.rs"];
    let broken: Vec<String> = breaches(&rule)
        .into_iter()
        .filter(|line| !allowed.iter().any(|file| line.contains(file)))
        .collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn the_scan_sees_a_breach() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.rs");
    fs::write(&file, "//! aws_sdk_s3 in a comment is none\nuse aws_sdk_s3::Client;\n").unwrap();
    let lines = imports(&file, &["aws_sdk_"]);
    assert_eq!(lines, [2]);
}

fn breaches(rule: &Rule) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    for file in sources(&root.join(rule.scope)) {
        for line in imports(&file, rule.forbidden) {
            let shown = file.strip_prefix(root).unwrap_or(&file).display();
            broken.push(format!("layer rule {}: {shown}:{line}", rule.number));
        }
    }
    broken
}

/// Lines of code that mention a forbidden path; comments do not count.
fn imports(file: &Path, forbidden: &[&str]) -> Vec<usize> {
    let text = fs::read_to_string(file).unwrap();
    let code =
        |line: &str| !line.trim_start().starts_with("//") && !line.trim_start().starts_with('*');
    let hit = |line: &str| forbidden.iter().any(|path| mentions(line, path));
    text.lines()
        .enumerate()
        .filter(|(_, line)| code(line) && hit(line))
        .map(|(at, _)| at + 1)
        .collect()
}

/// Whether a path starts in the line: `clap::Args` mentions `clap`, `collapse` does not.
fn mentions(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + path.len()..].chars().next();
        let starts =
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '"' && c != '/');
        let is_path = !path.chars().all(|c| c.is_ascii_lowercase()) || after == Some(':');
        (starts || path.contains('/') || path.starts_with("from")) && is_path
    })
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if !path.ends_with("tests.rs")
            && path
                .extension()
                .is_some_and(|kind| ["rs", "ts", "tsx"].iter().any(|known| kind == *known))
        {
            files.push(path);
        }
    }
    files
}
