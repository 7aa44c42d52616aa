//! What is packed for Lambda: real ELFs, made by this machine's own compiler and linker, checked for
//! the system that Lambda runs; and the zip of the project's own functions.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use chatctl::package::elf::{Elf, ElfError, GLIBC, Glibc, check};
use chatctl::package::{cross, zip};
use chatctl::stack::Architecture;

#[allow(dead_code, reason = "what other tests use")]
#[path = "support/project.rs"]
mod project;
use project::Project;

/// This machine's processor, and the other one.
fn processors() -> (Architecture, Architecture) {
    match cross::native().expect("a Linux machine") {
        Architecture::Arm64 => (Architecture::Arm64, Architecture::X86_64),
        Architecture::X86_64 => (Architecture::X86_64, Architecture::Arm64),
    }
}

/// A folder in which the C compiler makes programs that need no library.
struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn cc(&self, arguments: &[&str]) {
        let ran = Command::new("cc").args(arguments).current_dir(self.0.path()).output().unwrap();
        assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    }

    /// A program that calls `future`, of a library and of a symbol version that are made up for it.
    fn program(&self, library: &str, version: &str, reference: &str, more: &[&str]) -> Vec<u8> {
        fs::write(self.path("lib.c"), "int future(void) { return 0; }").unwrap();
        fs::write(self.path("versions"), format!("{version} {{ global: future; }};")).unwrap();
        let main = format!(
            "{reference} int future(void);\nvoid _start(void) {{ if (future) future(); for (;;); }}"
        );
        fs::write(self.path("main.c"), main).unwrap();
        let soname = format!("-Wl,-soname,{library}");
        let made = ["-shared", "-fPIC", "-nostdlib", "-Wl,--version-script,versions", &soname];
        self.cc(&[&made[..], &["lib.c", "-o", library]].concat());
        let made = ["-fPIE", "-pie", "-nostdlib", "main.c", library, "-o", "program"];
        self.cc(&[&made[..], more].concat());
        fs::read(self.path("program")).unwrap()
    }
}

#[test]
fn a_program_that_asks_for_a_newer_glibc_is_refused_and_one_that_could_do_without_is_not() {
    let (here, _) = processors();
    let bench = Bench::new();
    let program = |version, reference| bench.program("libc.so.6", version, reference, &[]);
    let newer = check(&program("GLIBC_2.99", "extern"), here);
    assert_eq!(newer, Err(ElfError::Glibc { found: Glibc(2, 99) }));
    assert!(newer.unwrap_err().to_string().contains("asks for GLIBC 2.99"));
    let fits = check(&program("GLIBC_2.34", "extern"), here);
    assert_eq!(fits, Ok(Elf { glibc: Some(GLIBC) }));
    // Compared as numbers: 2.4 is older than 2.34.
    let older = check(&program("GLIBC_2.4", "extern"), here);
    assert_eq!(older, Ok(Elf { glibc: Some(Glibc(2, 4)) }));
    // The loader starts a program without what it refers to weakly.
    let weak = check(&program("GLIBC_2.99", "__attribute__((weak)) extern"), here);
    assert_eq!(weak, Ok(Elf { glibc: None }));
}

#[test]
fn a_program_for_another_machine_is_refused_with_both_names() {
    let (here, there) = processors();
    let mut program = fs::read(std::env::current_exe().unwrap()).unwrap();
    let error = check(&program, there).unwrap_err();
    assert_eq!(error, ElfError::Machine { found: here.to_string(), wanted: there });
    // `e_machine` of the ELF header; 243 is RISC-V.
    program[18..20].copy_from_slice(&243_u16.to_le_bytes());
    let error = check(&program, here).unwrap_err().to_string();
    assert!(error.contains("243") && error.contains(here.as_str()), "{error}");
}

#[test]
fn what_lambda_does_not_have_is_named() {
    let (here, _) = processors();
    let bench = Bench::new();
    let foreign = bench.program("libfancy.so.1", "FANCY_1", "extern", &[]);
    let named = ElfError::Library { name: "libfancy.so.1".to_owned() };
    assert_eq!(check(&foreign, here), Err(named));
    let musl = "/lib/ld-musl-x86_64.so.1";
    let musl_flag = format!("-Wl,--dynamic-linker={musl}");
    let other = bench.program("libc.so.6", "GLIBC_2.17", "extern", &[&musl_flag]);
    let error = check(&other, here).unwrap_err();
    assert!(matches!(&error, ElfError::Interpreter { found, .. } if found == musl), "{error}");
}

#[test]
fn a_static_program_starts_anywhere_and_what_is_no_program_nowhere() {
    let (here, _) = processors();
    let bench = Bench::new();
    fs::write(bench.path("alone.c"), "void _start(void) { for (;;); }").unwrap();
    bench.cc(&["-static", "-nostdlib", "alone.c", "-o", "alone"]);
    let alone = fs::read(bench.path("alone")).unwrap();
    assert_eq!(check(&alone, here), Ok(Elf { glibc: None }));
    bench.cc(&["-c", "alone.c", "-o", "alone.o"]);
    let object = fs::read(bench.path("alone.o")).unwrap();
    assert_eq!(check(&object, here), Err(ElfError::NotProgram));
    for text in [&b""[..], b"#!/bin/sh\n", b"\x7fELF"] {
        assert!(matches!(check(text, here), Err(ElfError::NotElf(_))));
    }
}

#[test]
fn a_damaged_program_is_an_error_and_never_a_crash() {
    let (here, _) = processors();
    let program = Bench::new().program("libc.so.6", "GLIBC_2.17", "extern", &[]);
    for length in 0..program.len().min(4096) {
        let _ = check(&program[..length], here);
    }
    for at in 0..program.len() {
        let mut damaged = program.clone();
        damaged[at] ^= 0xff;
        let _ = check(&damaged, here);
    }
}

#[test]
fn the_projects_own_functions_start_on_lambda_and_pack_to_the_same_bytes() {
    let (here, there) = processors();
    let bootstrap = fs::read(bootstrap()).unwrap();
    match check(&bootstrap, here) {
        Ok(Elf { glibc }) => assert!(glibc.is_some_and(|glibc| glibc <= GLIBC), "{glibc:?}"),
        // This machine's GLIBC is newer than Lambda's, and the binary needs it: refused, as it must be.
        Err(ElfError::Glibc { found }) => assert!(found > GLIBC),
        Err(other) => panic!("{other}"),
    }
    assert!(matches!(check(&bootstrap, there), Err(ElfError::Machine { .. })));
    let (first, second) = (zip(&bootstrap).unwrap(), zip(&bootstrap).unwrap());
    assert_eq!(first, second);
    assert!(first.bytes.len() < bootstrap.len() / 2, "{}", first.bytes.len());
}

/// The functions' binary, as the stage `local` runs it.
fn bootstrap() -> PathBuf {
    let built = Command::new("cargo")
        .args(["build", "--release", "-p", "chatctl-functions", "--message-format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let told = String::from_utf8(built.stdout).unwrap();
    let executable = told.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let ours = message["target"]["name"] == "bootstrap";
        ours.then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    executable.expect("cargo builds the functions")
}

/// A project whose cargo "compiles" by copying a program.
fn project_of(program: &Path) -> Project {
    let project = Project::new();
    fs::copy(program, project.path("program")).unwrap();
    let script = r#"#!/bin/sh
[ "$1" = --version ] && exec echo cargo 1.95.0
echo "$@" >> "$PWD/builds"
cat "$PWD/program" "$PWD/functions/code" > "$PWD/bootstrap"
echo '{"reason":"compiler-artifact","target":{"name":"bootstrap"},"executable":"'"$PWD"'/bootstrap"}'
"#;
    project.write("bin/cargo", script);
    fs::set_permissions(project.path("bin/cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    project
}

#[test]
fn unchanged_source_is_packed_once_and_the_same_source_again_to_the_same_zip() {
    let (here, _) = processors();
    let bench = Bench::new();
    bench.program("libc.so.6", "GLIBC_2.17", "extern", &[]);
    let project = project_of(&bench.path("program"));
    let builds = || fs::read_to_string(project.path("builds")).unwrap().lines().count();
    let first = project.json(&["build", "--out", "code.zip"]);
    assert_eq!(first["architecture"], here.as_str());
    assert_eq!(first["size"], fs::metadata(project.path("code.zip")).unwrap().len());
    let second = project.json(&["build"]);
    assert_eq!((&second["codeSha256"], builds()), (&first["codeSha256"], 1));
    project.write("functions/code", "other code");
    let changed = project.json(&["build"]);
    assert_ne!(changed["sha256"], first["sha256"]);
    project.write("functions/code", "first code");
    assert_eq!(project.json(&["build", "--verify-reproducible"])["sha256"], first["sha256"]);
    assert_eq!(builds(), 4);
    let asked = fs::read_to_string(project.path("builds")).unwrap();
    assert!(asked.contains(&format!("--target {}", cross::triple(here))), "{asked}");
}

#[test]
fn a_build_that_is_never_the_same_twice_is_found_out() {
    let bench = Bench::new();
    bench.program("libc.so.6", "GLIBC_2.17", "extern", &[]);
    let project = project_of(&bench.path("program"));
    let cargo = fs::read_to_string(project.path("bin/cargo")).unwrap();
    let cargo = cargo.replace("\"$PWD/functions/code\" >", "\"$PWD/builds\" >");
    project.write("bin/cargo", &cargo);
    let (code, stderr) = project.fails(&["build", "--verify-reproducible"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("not-reproducible"), "{stderr}");
}

#[test]
fn what_cannot_be_built_here_names_what_to_install() {
    let (_, there) = processors();
    let project = project_of(Path::new("/bin/true"));
    let (code, stderr) = project.fails(&["build", "--arch", there.as_str()]);
    assert_eq!(code, 1);
    assert!(stderr.contains("pip install cargo-zigbuild"), "{stderr}");
}

#[test]
fn a_binary_that_lambda_could_not_start_never_becomes_a_zip() {
    let bench = Bench::new();
    bench.program("libc.so.6", "GLIBC_2.99", "extern", &[]);
    let project = project_of(&bench.path("program"));
    let (code, stderr) = project.fails(&["build", "--out", "code.zip"]);
    assert_eq!(code, 1);
    for said in ["elf-unfit", "GLIBC 2.99", "2.34", "cargo-zigbuild"] {
        assert!(stderr.contains(said), "{stderr}");
    }
    assert!(!project.path("code.zip").exists());
    assert!(!project.path(".chatctl/packages").exists());
}
