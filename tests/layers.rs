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
        scope: "frontend/src/voice",
        forbidden: &["from 'react", "from \"react", "../ui/", "../state/"],
    },
    Rule {
        number: 8,
        scope: "frontend/src/transport",
        forbidden: &["from 'react", "from \"react", "../ui/", "../state/", "'../voice/"],
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
fn the_scan_sees_a_breach_however_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let breaches = |below: &str, text: &str| {
        let file = folder.path().join("src").join(below);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        imports(folder.path(), &file, &["aws_sdk_", "crate::aws"])
    };
    let text = "//! aws_sdk_s3 in a comment is none\nuse aws_sdk_s3::Client;\n";
    assert_eq!(breaches("config/a.rs", text), [2]);
    for text in [
        "use crate::aws::Cloud;",
        "use crate::{aws::Cloud, stack::Stack};",
        "use crate::{\n    stack::Stack,\n    aws::Cloud,\n};",
        "use super::super::aws::Cloud;",
        "use super::super::{aws::Cloud, stack};",
        "fn f() { super::super::aws::identity() }",
    ] {
        assert_eq!(breaches("config/a.rs", text).len(), 1, "{text}");
    }
    assert_eq!(breaches("config/mod.rs", "use super::aws::Cloud;"), [1]);
    for text in ["use super::aws::Cloud;", "use self::aws::Cloud;", "use crate::awsome::Thing;"] {
        assert_eq!(breaches("config/a.rs", text), [0; 0], "{text}");
    }
}

#[test]
fn every_rule_is_about_files_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for rule in RULES {
        assert!(!sources(&root.join(rule.scope)).is_empty(), "{} is empty", rule.scope);
    }
}

fn breaches(rule: &Rule) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    for file in sources(&root.join(rule.scope)) {
        for line in imports(root, &file, rule.forbidden) {
            let shown = file.strip_prefix(root).unwrap_or(&file).display();
            broken.push(format!("layer rule {}: {shown}:{line}", rule.number));
        }
    }
    broken
}

/// Lines of code that mention a forbidden path; comments do not count.
fn imports(root: &Path, file: &Path, forbidden: &[&str]) -> Vec<usize> {
    let text = fs::read_to_string(file).unwrap();
    let above = file.strip_prefix(root.join("src")).map(module).ok();
    let code =
        |line: &str| !line.trim_start().starts_with("//") && !line.trim_start().starts_with('*');
    let hit = |line: &str| forbidden.iter().any(|path| mentions(line, path));
    let statements = statements(&text);
    let lines = statements.iter().filter(|(_, line)| code(line)).filter(|(_, line)| {
        let absolute = above.as_ref().map_or_else(|| line.clone(), |depth| absolute(line, *depth));
        hit(&absolute) || ungrouped(&absolute).iter().any(|path| hit(path))
    });
    lines.map(|(at, _)| *at).collect()
}

/// The lines of a text with their numbers; an import that goes over several lines is one, without
/// what is nested deeper than its first braces.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut statements: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        match statements.last_mut().filter(|_| open) {
            Some((_, statement)) => statement.push_str(line.trim()),
            None => statements.push((at + 1, line.to_owned())),
        }
        let (_, statement) = &statements[statements.len() - 1];
        let words = statement.trim_start();
        let import = words.starts_with("use ") || words.starts_with("pub use ");
        open = import && !words.ends_with(';');
    }
    statements
}

/// How many modules lie above a file's own items: `a/b.rs` is two below the crate, `a/mod.rs` one.
fn module(below: &Path) -> usize {
    let parts = below.components().count();
    let is_root = ["mod.rs", "lib.rs", "main.rs"].iter().any(|name| below.ends_with(name));
    parts - usize::from(is_root)
}

/// The line with a chain of `super` that leads to the crate's root written as `crate`.
fn absolute(line: &str, depth: usize) -> String {
    let chain = "super::".repeat(depth);
    match depth {
        0 => line.to_owned(),
        _ => line.replace(&chain, "crate::"),
    }
}

/// The paths of `use a::{b::c, d}`: `a::b::c` and `a::d`.
fn ungrouped(line: &str) -> Vec<String> {
    let Some((prefix, group)) = line.split_once("::{") else { return Vec::new() };
    let prefix = prefix.rsplit(char::is_whitespace).next().unwrap_or_default();
    let (mut depth, mut parts) = (0_usize, vec![String::new()]);
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => parts.push(String::new()),
            _ => {}
        }
        if !matches!(c, ',') {
            parts.last_mut().expect("one is there").push(c);
        }
    }
    parts.iter().map(|part| format!("{prefix}::{}", part.trim())).collect()
}

/// Whether a path starts in the line: `clap::Args` mentions `clap`, `collapse` does not.
fn mentions(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + path.len()..].chars().next();
        let starts =
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '"' && c != '/');
        // A prefix such as `aws_sdk_` ends within a word, everything else at its end.
        let ends = path.ends_with(['_', '/'])
            || path.starts_with("from")
            || after.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let is_path = !path.chars().all(|c| c.is_ascii_lowercase()) || after == Some(':');
        (starts || path.contains('/') || path.starts_with("from")) && ends && is_path
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
