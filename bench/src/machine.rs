//! The machine and the versions that figures belong to.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Lines that describe where and with what was measured.
pub fn describe(chatctl: &Path, rival: &Path) -> Vec<(String, String)> {
    let line = |label: &str, value: String| (label.to_owned(), value);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    vec![
        line("Date", said("date", &["-u", "+%Y-%m-%d %H:%M UTC"])),
        line("Processor", format!("{cores} cores, {}", field("/proc/cpuinfo", "model name"))),
        line("Memory", field("/proc/meminfo", "MemTotal")),
        line("Kernel", said("uname", &["-sr"])),
        line("chatctl", said(&chatctl.to_string_lossy(), &["version"])),
        line("Compiler", said("rustc", &["--version"])),
        line("Node.js", said("node", &["--version"])),
        line("serverless-offline", version(rival, "serverless-offline")),
        line("osls (as serverless)", version(rival, "serverless")),
    ]
}

/// The first line of what a command says.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    let first = text.and_then(|text| text.lines().next().map(str::to_owned));
    first.unwrap_or_else(|| "unknown".to_owned())
}

/// The value of a key in one of the kernel's files.
fn field(file: &str, key: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(key));
    let value = line.and_then(|line| line.split_once(':'));
    value.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
}

/// The installed version of a package.
fn version(folder: &Path, package: &str) -> String {
    let path = folder.join("node_modules").join(package).join("package.json");
    let text = fs::read_to_string(path).unwrap_or_default();
    let parsed: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    parsed["version"].as_str().unwrap_or("not installed").to_owned()
}
