//! The functions' binary for Lambda: built for the stage's processor against Lambda's GLIBC, and
//! free of this machine's paths, so that the same source gives the same binary everywhere.
//!
//! This machine's own processor is built for by cargo alone; another one, or a system whose GLIBC is
//! newer than Lambda's, by cargo-zigbuild, which brings a linker and every GLIBC.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::elf::{self, ElfError, GLIBC};
use super::functions::{cargo, run};
use super::{BuildError, OnProgress, toolchain};
use crate::stack::Architecture;

/// How to install cargo-zigbuild and the zig that it runs.
pub const INSTALL_ZIGBUILD: &str = "install it, with zig: pip install cargo-zigbuild (or: cargo install cargo-zigbuild, and zig from https://ziglang.org/download)";

/// The processor of this machine, if functions can run on it.
pub fn native() -> Option<Architecture> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some(Architecture::X86_64),
        ("linux", "aarch64") => Some(Architecture::Arm64),
        _ => None,
    }
}

/// Rust's name of a processor that runs Lambda's Linux.
pub fn triple(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "x86_64-unknown-linux-gnu",
        Architecture::Arm64 => "aarch64-unknown-linux-gnu",
    }
}

/// How to install Rust's standard library for a processor.
pub fn install_target(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "install it: rustup target add x86_64-unknown-linux-gnu",
        Architecture::Arm64 => "install it: rustup target add aarch64-unknown-linux-gnu",
    }
}

/// Who links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Linker {
    /// This machine's own.
    System,
    /// zig's, against a GLIBC of our choice.
    Zig,
}

/// Builds the functions for Lambda and returns the path of a binary that starts there.
///
/// `target_dir` is where cargo works, if not where it always does.
///
/// # Errors
/// A tool is missing (then with the command that installs it), the build failed, or what was built
/// could not start on Lambda.
pub async fn build(
    root: &Path,
    architecture: Architecture,
    target_dir: Option<&Path>,
    colour: bool,
    progress: OnProgress<'_>,
) -> Result<PathBuf, BuildError> {
    toolchain::check_rust()?;
    check_target(architecture)?;
    let linker = if native() == Some(architecture) { Linker::System } else { Linker::Zig };
    let task = Task { root, architecture, target_dir, colour };
    match task.build(linker, progress).await {
        // This machine's GLIBC is newer than Lambda's; zig brings an older one.
        Err(BuildError::Elf { error: ElfError::Glibc { .. }, .. })
            if linker == Linker::System && zigbuild().is_ok() =>
        {
            task.build(Linker::Zig, progress).await
        }
        built => built,
    }
}

struct Task<'a> {
    root: &'a Path,
    architecture: Architecture,
    target_dir: Option<&'a Path>,
    colour: bool,
}

impl Task<'_> {
    async fn build(&self, linker: Linker, progress: OnProgress<'_>) -> Result<PathBuf, BuildError> {
        let triple = triple(self.architecture);
        let (subcommand, target) = match linker {
            Linker::System => ("build", triple.to_owned()),
            Linker::Zig => {
                zigbuild()?;
                ("zigbuild", format!("{triple}.{GLIBC}"))
            }
        };
        let mut command = cargo(self.root, subcommand, self.colour);
        command.args(["--target", &target]);
        if let Some(folder) = self.target_dir {
            command.arg("--target-dir").arg(folder);
        }
        without_paths(&mut command, self.root, self.target_dir, triple);
        let shown = format!("cargo {subcommand} --release -p chatctl-functions --target {target}");
        let binary = run(&mut command, shown, progress).await?;
        let bytes = std::fs::read(&binary)
            .map_err(|source| BuildError::Io { what: binary.display().to_string(), source })?;
        elf::check(&bytes, self.architecture)
            .map(|_| binary)
            .map_err(|error| BuildError::Elf { hint: mend(&error, self.architecture), error })
    }
}

/// What makes a binary of a refused one.
fn mend(error: &ElfError, architecture: Architecture) -> String {
    match error {
        ElfError::Glibc { .. } => format!(
            "this system's GLIBC is newer than Lambda's; with cargo-zigbuild the build takes {GLIBC}: {INSTALL_ZIGBUILD}"
        ),
        ElfError::Library { .. } => {
            "link it statically: most crates have a feature such as `vendored` or `bundled`"
                .to_owned()
        }
        _ => format!(
            "look for what sets another target: CARGO_BUILD_TARGET, RUSTFLAGS, .cargo/config.toml; {} is wanted",
            triple(architecture)
        ),
    }
}

/// Replaces this machine's folders in the binary (they stand in messages of panics) by fixed ones.
fn without_paths(command: &mut Command, root: &Path, target_dir: Option<&Path>, triple: &str) {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let home = variable("CARGO_HOME").or_else(|| variable("HOME").map(|home| home.join(".cargo")));
    let target = target_dir.map(Path::to_owned).or_else(|| variable("CARGO_TARGET_DIR"));
    // rustc takes the last one that fits, so the root comes before what may lie below it.
    let folders = [(Some(root.to_owned()), "/chatctl"), (home, "/cargo"), (target, "/target")];
    let flags: Vec<String> = folders
        .into_iter()
        .filter_map(|(folder, name)| Some((folder?, name)))
        .map(|(folder, name)| format!("--remap-path-prefix={}={name}", folder.display()))
        .collect();
    // Cargo takes the flags of one source only, the environment first.
    if let Some(own) = std::env::var_os("CARGO_ENCODED_RUSTFLAGS") {
        let own = own.to_string_lossy().into_owned();
        command.env("CARGO_ENCODED_RUSTFLAGS", [vec![own], flags].concat().join("\u{1f}"));
    } else if let Some(own) = std::env::var_os("RUSTFLAGS") {
        let own = own.to_string_lossy().split_whitespace().map(str::to_owned).collect();
        command.env("CARGO_ENCODED_RUSTFLAGS", [own, flags].concat().join("\u{1f}"));
    } else {
        let quoted: Vec<String> = flags.iter().map(|flag| format!("{flag:?}")).collect();
        command.args(["--config", &format!("target.{triple}.rustflags=[{}]", quoted.join(","))]);
    }
}

/// Checks cargo-zigbuild.
///
/// # Errors
/// It is not installed.
pub fn zigbuild() -> Result<String, BuildError> {
    toolchain::version("cargo-zigbuild")
        .ok_or(BuildError::Missing { tool: "cargo-zigbuild", install: INSTALL_ZIGBUILD })
}

/// Checks Rust's standard library for a processor.
///
/// # Errors
/// It is not installed.
pub fn check_target(architecture: Architecture) -> Result<(), BuildError> {
    let asked = ["--print", "target-libdir", "--target", triple(architecture)];
    let output = std::process::Command::new("rustc").args(asked).output();
    let told = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    match PathBuf::from(told.unwrap_or_default()) {
        // A rustc that does not say is left to fail by itself.
        folder if folder.is_absolute() && !folder.is_dir() => Err(BuildError::Missing {
            tool: "Rust's standard library for the functions' processor",
            install: install_target(architecture),
        }),
        _ => Ok(()),
    }
}
